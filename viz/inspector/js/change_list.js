// The changes that count, each with a button that goes there and one that takes it back.

import { make } from "./dom.js";

// `acts`: `go(edit)` and `drop(place)`.
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

function item(edit, place, acts) {
  return make(
    "li",
    {},
    make(
      "button",
      { type: "button", class: "rv-hit", title: "go there", on: { click: () => acts.go(edit) } },
      edit.text,
    ),
    make(
      "button",
      {
        type: "button",
        class: "rv-fit rv-take-back",
        "aria-label": `take back ${edit.text}`,
        on: { click: () => acts.drop(place) },
      },
      "take back",
    ),
  );
}
