// The inspector: steps through a run that was computed beforehand. `render({model, el})` is all that is
// public; the model hands over "payload" (the run) and "sheet" (the style), and for the live editor what
// edits need.

import { Clock } from "./clock.js";
import { controls } from "./controls.js";
import { diagramPanel } from "./diagram.js";
import { make } from "./dom.js";
import { editPanel } from "./editor.js";
import { findPanel } from "./find.js";
import { guessesPanel } from "./guesses.js";
import { hover, picks } from "./hover.js";
import { keys, keysHelp } from "./keys.js";
import { numbersTable } from "./numbers_table.js";
import { endsPanel, gatesPanel, maskPanel, readoutPanel, statesPanel } from "./panels.js";
import { partingNote } from "./parting.js";
import { Run } from "./run.js";
import { runPanel } from "./run_panel.js";
import { savedEdit } from "./saved_edit.js";
import { hideStill } from "./still.js";
import { tabs } from "./tabs.js";
import { attentionPanel, giveWords } from "./words.js";
import { workedNumbers } from "./worked_numbers.js";

function build(root, payload, model) {
  const run = new Run(payload);
  run.live = Boolean(model);
  const notes = payload.notes.length
    ? make("p", { class: "rv-note rv-cut" }, make("b", {}, "Cut for size: "), payload.notes.join("; "), ".")
    : null;
  let parts = [];
  const clock = new Clock(run, payload.first, (now) => parts.forEach((part) => part.update(now)));
  clock.alive = () => root.isConnected;
  const help = keysHelp(run.live);
  const bar = controls(run, clock, help);
  const show = (...shown) => refresh(...shown);
  const editor = model ? editPanel(run, clock, model, show) : null;
  const saved = model ? null : savedEdit(run, clock, show);
  giveWords(run);
  let whole = runPanel(run, clock);
  let step = diagramPanel(run, (place) => whole.choose(place));
  const find = findPanel(run, clock);
  const side = tabs(panels(run, editor, find));
  const apart = editor?.above ?? saved ?? partingNote(run, clock);
  const gather = () => {
    parts = [bar, editor, step, side, whole, editor ? null : apart].filter(Boolean);
  };
  gather();
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
  // Another run of the same layer is shown from now on: what shows numbers is made anew and stays where it was.
  const refresh = (shown, numbers) => {
    run.take(shown, numbers);
    giveWords(run);
    const scrolls = scrolled(body);
    const before = [step, whole];
    whole = runPanel(run, clock, whole.kept());
    step = diagramPanel(run, (place) => whole.choose(place));
    before.forEach((part, i) => {
      part.node.replaceWith([step, whole][i].node);
    });
    find.refresh();
    side.refill(panels(run, editor, find));
    gather();
    clock.changed(clock);
    scrolls();
    if (root.isConnected && document.activeElement === document.body && root.rvFocused) root.focus();
  };
  if (editor || saved) keepsFocus(root);
  const tip = hover(root, clock);
  keys(root, clock, help, editor?.acts);
  picks(root, clock);
  root.replaceChildren(...[bar.node, help.node, notes, apart?.node, body, tip].filter(Boolean));
  clock.changed(clock);
  if (editor) {
    editor.cells.listen(root, clock);
    editor.acts.open = () => side.show(0);
    editor.begin();
  }
  return clock;
}

// Where the parts of the page are scrolled to; what is returned scrolls the same places of what stands there now.
function scrolled(body) {
  const parts = () => [...body.querySelectorAll(".rv-scroll, .rv-diagram-holder")];
  const places = parts().map((node) => [node.scrollTop, node.scrollLeft]);
  return () =>
    parts().forEach((node, i) => {
      [node.scrollTop, node.scrollLeft] = places[i] ?? [0, 0];
    });
}

// Whether the keyboard was in the inspector last: the element that it was on may be made anew.
function keepsFocus(root) {
  root.addEventListener("focusin", () => {
    root.rvFocused = true;
  });
  root.addEventListener("focusout", ({ relatedTarget }) => {
    root.rvFocused = !relatedTarget;
  });
}

// A wide or low diagram lies above the run, a high one beside it.
function placeOf({ width, height }) {
  return width > 760 ? "rv-wide" : height <= 260 ? "rv-low" : "rv-high";
}

// What stands beside the diagram, one at a time.
function panels(run, editor, find) {
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
    editor && { name: "Change", node: editor.node, update() {} }, // kept up to date whatever is shown
    { name: "Values", ...stacked(values) },
    gates && { name: "Gates", ...gates },
    { name: "Equations", node: worked.panel, update: worked.update },
    { name: "Find", ...find },
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
  const clock = build(root, payload, model.get("edit") ? model : null);
  const holder = make("div", { class: "rv-root" }, style, root);
  el.replaceChildren(holder);
  if (el.closest?.(".rv-page")) root.focus?.({ preventScroll: true }); // a page of its own: keys work at once
  hidesStill(el, payload.stillTail);
  // The still picture of an editor is made anew after each change.
  if (model.get("edit")) model.on("change:still", () => hidesStill(el, model.get("still")));
  return () => clock?.play(false);
}

// Now, and once what came with this is drawn.
function hidesStill(el, tail) {
  hideStill(el, tail);
  requestAnimationFrame(() => hideStill(el, tail));
}

export default { render };
