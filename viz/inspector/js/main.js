// The inspector: steps through a run that was computed beforehand. `render({model, el})` is all that is
// public; the model hands over "payload" (the run) and "sheet" (the style), and for the live editor what
// edits need.

import { Clock } from "./clock.js";
import { controls } from "./controls.js";
import { diagramPanel } from "./diagram.js";
import { make } from "./dom.js";
import { editPanel } from "./editor.js";
import { findPanel } from "./find.js";
import { hover, picks } from "./hover.js";
import { keys, keysHelp } from "./keys.js";
import { numbersTable } from "./numbers_table.js";
import { endsPanel, gatesPanel, maskPanel, readoutPanel, statesPanel } from "./panels.js";
import { partingNote } from "./parting.js";
import { Run } from "./run.js";
import { runPanel } from "./run_panel.js";
import { hideStill } from "./still.js";
import { tabs } from "./tabs.js";
import { attentionPanel, giveWords, guessesPanel } from "./words.js";
import { workedNumbers } from "./worked_numbers.js";

function build(root, payload, live) {
  const run = new Run(payload);
  run.first = run.values.some((value) => value.role === "state") ? -1 : 0;
  run.columns = run.steps - run.first;
  giveWords(run);
  const notes = payload.notes.length
    ? make("p", { class: "rv-note rv-cut" }, make("b", {}, "Cut for size: "), payload.notes.join("; "), ".")
    : null;
  let parts = [];
  const clock = new Clock(run, payload.first, (now) => parts.forEach((part) => part.update(now)));
  clock.alive = () => root.isConnected;
  const whole = runPanel(run, clock);
  const help = keysHelp();
  const bar = controls(run, clock, help);
  const step = diagramPanel(run, whole.choose);
  const side = tabs(panels(run, clock, live ? live(run, clock) : null));
  const apart = partingNote(run, clock);
  parts = [bar, step, side, whole, apart].filter(Boolean);
  const body = make(
    "div",
    {
      class: `rv-body ${placeOf(payload.views[0])}`,
      style: `--rv-room:${step.room}`,
    },
    step.node,
    side.node,
    whole.node,
  );
  const tip = hover(root, clock);
  keys(root, clock, help);
  picks(root, clock);
  root.replaceChildren(...[bar.node, help.node, notes, apart?.node, body, tip].filter(Boolean));
  clock.changed(clock);
  return clock;
}

// A wide or low diagram lies above the run, a high one beside it.
function placeOf({ width, height }) {
  return width > 760 ? "rv-wide" : height <= 260 ? "rv-low" : "rv-high";
}

// What stands beside the diagram, one at a time.
function panels(run, clock, editor) {
  const values = [
    guessesPanel(run),
    attentionPanel(run),
    readoutPanel(run),
    maskPanel(run),
    statesPanel(run),
    endsPanel(run),
  ].filter(Boolean);
  const gates = gatesPanel(run);
  const worked = workedNumbers(run);
  return [
    editor && { name: "Change", ...editor },
    { name: "Values", ...stacked(values) },
    gates && { name: "Gates", ...gates },
    { name: "Equations", node: worked.panel, update: worked.update },
    { name: "Find", ...findPanel(run, clock) },
    { name: "Table", ...numbersTable(run) },
  ].filter(Boolean);
}

function stacked(parts) {
  const nodes = parts.map((part) => part.node);
  return {
    node: make("div", { class: "rv-stacked-panels" }, nodes),
    update: (now) => parts.forEach((part) => part.update(now)),
  };
}

function render({ model, el }) {
  const payload = model.get("payload");
  const root = make("div", {
    class: "rv-inspector",
    tabindex: -1,
    role: "group",
    "aria-label": `Inspector of ${payload.title}`,
  });
  const style = make("style", {}, model.get("sheet"));
  const live = model.get("edit") ? (run, clock) => editPanel(run, clock, model) : null;
  const clock = build(root, payload, live);
  const holder = make("div", { class: "rv-root" }, style, root);
  el.replaceChildren(holder);
  if (el.closest?.(".rv-page")) root.focus?.({ preventScroll: true }); // a page of its own: keys work at once
  hideStill(el, payload.stillTail);
  requestAnimationFrame(() => hideStill(el, payload.stillTail));
  return () => clock?.play(false);
}

export default { render };
