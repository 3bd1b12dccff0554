// The changes that count, each with a button that goes there and one that takes it back.

import { make } from "./dom.js";
import { shownUnit } from "./units.js";

// `acts`: `go(edit)` and `drop(place)`; without `drop`, as in a page without a kernel, none is taken back.
export function changeList(acts) {
  const node = make("ol", { class: "rv-changes", "aria-label": "Changes" });
  let drawn = "";
  const update = (edits) => {
    node.hidden = !edits.length;
    const text = JSON.stringify(edits);
    if (text === drawn) return;
    drawn = text;
    node.replaceChildren(...edits.map((edit, place) => item(edit, place, acts)));
  };
  return { node, update };
}

// Where a change is: the number of its value, and what the clock shows there; null where it was cut for size.
export function placeOf(run, edit) {
  const value = run.values.findIndex(({ role, key }) => role === edit.role && key === edit.name);
  const sample = run.payload.samples.indexOf(edit.sample);
  if (value < 0 || sample < 0 || edit.t >= run.steps) return null;
  return { value, at: { t: edit.t, sample, unit: shownUnit(run.values[value], edit.unit) } };
}

function item(edit, place, acts) {
  const go = make(
    "button",
    { type: "button", class: "rv-hit", title: "go there", on: { click: () => acts.go(edit) } },
    edit.text,
  );
  if (!acts.drop) return make("li", {}, go);
  const back = make(
    "button",
    {
      type: "button",
      class: "rv-fit rv-take-back",
      "aria-label": `take back ${edit.text}`,
      on: { click: () => acts.drop(place) },
    },
    "take back",
  );
  return make("li", {}, go, back);
}
