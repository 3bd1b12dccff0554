// Where the two runs of a sample part: a sentence, and marks on the slider and the axis of time.

import { make } from "./dom.js";

// What is said above both runs, behind what stands `before` it, with a button that goes where they part; null where
// there is one run.
export function partingNote(run, clock, title, before = null) {
  const { beside } = run.payload;
  if (!beside) return null;
  const said = make("span", {});
  const go = make(
    "button",
    { type: "button", class: "rv-fit", on: { click: () => clock.go(partsAt(run, clock.sample)) } },
    "go there",
  );
  const node = make(
    "div",
    { class: "rv-note rv-parting-note" },
    before,
    make("b", {}, title ?? `Beside this run: ${beside.said}. `),
    said,
    " ",
    go,
    beside.notes.length ? make("span", {}, ` ${beside.notes.join(" ")}`) : null,
  );
  const update = ({ sample }) => {
    said.textContent = beside.partings[sample].text;
    go.hidden = partsAt(run, sample) === null;
  };
  return { node, update };
}

// The timestep at which the runs of a sample part, -1 before the first one, null for never.
export function partsAt(run, sample) {
  return run.payload.beside?.partings[sample].t ?? null;
}

// A mark at that timestep; `left(t)` is its place as a style sheet writes it. An editor may have two runs later.
export function partingMark(run, left) {
  if (!run.payload.beside && !run.live) return null;
  const node = make("span", { class: "rv-parting", title: "here the runs part", "aria-hidden": "true" });
  const update = ({ sample }) => {
    const t = partsAt(run, sample);
    node.hidden = t === null;
    if (t !== null) node.style.left = left(t);
  };
  return { node, update };
}
