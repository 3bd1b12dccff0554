// The page that an editor saved has both runs: a switch shows the one as it was or as changed, as the live page does.

import { partingNote } from "./parting.js";
import { runSwitch } from "./stage.js";
import { ordered } from "./two_runs.js";

// Null for another page. `refresh(payload, numbers)` is called with what the page shows from now on.
export function savedEdit(run, clock, refresh) {
  const { payload, numbers } = run;
  if (!payload.beside?.edited) return null;
  const shown = (changed) => ordered(payload, { beside: payload.beside }, changed);
  const both = runSwitch((changed) => {
    both.update(changed);
    refresh(shown(changed), numbers);
  });
  run.take(shown(true), numbers);
  both.update(true);
  const { said } = payload.beside;
  return partingNote(run, clock, `${said[0].toUpperCase()}${said.slice(1)}. `, both.node);
}
