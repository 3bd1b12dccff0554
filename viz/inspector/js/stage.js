// The row above both runs of the editor: which of them is shown, how they go on, where they part, and whether the
// kernel computes.

import { make, select } from "./dom.js";
import { partsAt } from "./parting.js";

const MODES = [
  ["inputs kept", "read what they read before"],
  ["free running", "read the model's own outputs"],
];

const START =
  "Nothing is changed yet: drag a cell of the run up or down, or the point of the line under “Change”, " +
  "or type a number there.";
const COMPUTES = "Computing both runs …";
const WAITS =
  "No answer yet: the kernel is busy with another cell, or there is none. Changing a number needs the running " +
  "kernel of this notebook: run this cell again if it was stopped.";

// Two buttons, one of which is pressed: `show(changed)` is called with the run that was chosen.
export function runSwitch(show) {
  const switches = ["as it was", "changed"].map((name, changed) =>
    make("button", { type: "button", class: "rv-switch", on: { click: () => show(Boolean(changed)) } }, name),
  );
  const node = make("span", { class: "rv-switches", role: "group", "aria-label": "Show the run" }, switches);
  const update = (changed) =>
    switches.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(Boolean(i) === changed));
    });
  return { node, update };
}

// `acts`: `show(changed)` and `mode(name)` are called with what was chosen.
export function stage(run, clock, acts) {
  const both = runSwitch(acts.show);
  const modes = select(
    "later timesteps",
    MODES.map(([, text], i) => [i, text]),
    (i) => acts.mode(MODES[i][0]),
  );
  const ring = make("span", { class: "rv-ring", "aria-hidden": "true", hidden: "" });
  const said = make("span", { class: "rv-said", role: "status" });
  const go = make(
    "button",
    { type: "button", class: "rv-fit", on: { click: () => clock.go(partsAt(run, clock.sample)) } },
    "go there",
  );
  const node = make(
    "div",
    { class: "rv-note rv-parting-note rv-stage" },
    both.node,
    modes.label,
    ring,
    said,
    go,
  );
  const update = ({ sample }, { edits, changed, mode, missing = {}, error, busy, late }) => {
    const any = edits.length > 0;
    both.node.hidden = modes.label.hidden = !any;
    both.update(changed);
    modes.node.value = MODES.findIndex(([name]) => name === mode);
    ring.hidden = !busy;
    const parting = any && run.payload.beside?.partings[sample].text;
    const reason = missing[mode] && `${missing[mode]} Shown is the run whose inputs are kept.`;
    const text = (late && WAITS) || (busy && COMPUTES) || error || reason || parting || START;
    if (said.textContent !== text) said.textContent = text;
    said.classList.toggle("rv-error", Boolean(!busy && error));
    go.hidden = busy || Boolean(error) || partsAt(run, sample) === null;
  };
  return { node, update };
}
