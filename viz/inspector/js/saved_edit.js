// The page that an editor saved has both runs: a switch shows the one as it was or as changed, as the live page does,
// and below it stand the changes that were made.

import { changeList, placeOf } from "./change_list.js";
import { partingNote } from "./parting.js";
import { runSwitch } from "./stage.js";
import { ordered } from "./two_runs.js";

// Null for another page. `refresh(payload, numbers)` is called with what the page shows from now on.
export function savedEdit(run, clock, refresh) {
  const { payload, numbers } = run;
  if (!payload.beside?.edited) return null;
  const { said, edits = [] } = payload.beside;
  const shown = (changed) => ordered(payload, { beside: payload.beside }, changed);
  const both = runSwitch((changed) => {
    both.update(changed);
    refresh(shown(changed), numbers);
  });
  run.take(shown(true), numbers);
  both.update(true);
  const note = partingNote(run, clock, `${said[0].toUpperCase()}${said.slice(1)}. `, both.node);
  const list = changeList({
    go: (edit) => {
      const place = placeOf(run, edit);
      if (place) clock.set(place.at);
    },
  });
  // Of several samples each change says of which it is.
  const of = ({ sample }) => (run.samples > 1 ? ` (sample ${sample})` : "");
  list.update(edits.map((edit) => ({ ...edit, text: `${edit.text}${of(edit)}` })));
  note.node.append(list.node);
  return note;
}
