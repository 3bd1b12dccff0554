// The keys that step through time and units, and the panel that names them.

import { make } from "./dom.js";

const HELP = [
  ["← →", "one timestep back, one on"],
  ["Home End", "first timestep, last timestep"],
  ["↑ ↓", "the unit before, the next unit"],
  ["Space", "play, pause"],
  ["?", "show or hide this list"],
  ["click", "on a coloured cell: its timestep and its unit; on a box: its values over the run"],
];

// In the editor alone.
const CHANGES = [
  ["Alt+↑ Alt+↓", "the number in view up, down"],
  ["F2", "type the number in view"],
  ["drag", "a cell of a state, an input or a readout up or down: its number; a double click: type it"],
  ["Ctrl+Z", "take the last change back"],
  ["Escape", "while dragging: leave it as it was"],
];

// What a key does by itself where the focus is: typing, choosing, pressing. Page up and down scroll.
const TYPES = "select, input:not([type=range]), textarea";
const PRESSES = "button, summary, a, [role=button]";

function taken({ target, key }) {
  if (target.matches(TYPES)) return true;
  if (key === " ") return target.matches(PRESSES);
  return target.matches("[role=tab]") && ["ArrowLeft", "ArrowRight", "Home", "End"].includes(key);
}

// The keys of the editor; whether the key was one of them.
function changes(event, { undo, nudge, cancel, type }) {
  const { key, target } = event;
  if (key === "Escape") return Boolean(cancel());
  const undoes = (event.ctrlKey || event.metaKey) && !event.shiftKey && key.toLowerCase() === "z";
  const nudges = event.altKey && { ArrowUp: 1, ArrowDown: -1 }[key];
  if (key === "F2") type();
  else if (undoes && !target.matches("input:not([type=range]), textarea")) undo();
  else if (nudges && !target.matches("select")) nudge(nudges);
  else return false;
  return true;
}

// `edit` are the acts of an editor.
export function keys(root, clock, help, edit = null) {
  root.addEventListener("keydown", (event) => {
    if (edit && changes(event, edit)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const last = clock.run.steps - 1;
    const acts = {
      ArrowLeft: () => clock.go(clock.t - 1),
      ArrowRight: () => clock.go(clock.t + 1),
      Home: () => clock.go(0),
      End: () => clock.go(last),
      ArrowUp: () => clock.chooseUnit(clock.unit - 1),
      ArrowDown: () => clock.chooseUnit(clock.unit + 1),
      " ": () => clock.play(!clock.playing),
      "?": () => help.toggle(),
      Escape: () => help.toggle(false),
    };
    const act = Object.hasOwn(acts, event.key) && acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || taken(event)) return;
    if (event.key === "Escape" && help.node.hidden) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}

// The list of keys, and the button that shows it.
export function keysHelp(live = false) {
  const rows = [...HELP, ...(live ? CHANGES : [])].flatMap(([key, does]) => [
    make("dt", {}, key),
    make("dd", {}, does),
  ]);
  const node = make(
    "div",
    { class: "rv-help", role: "group", "aria-label": "Keys", hidden: "" },
    make("dl", {}, rows),
  );
  const name = "Keys";
  const button = make(
    "button",
    { type: "button", class: "rv-button rv-ask", "aria-label": name, title: `${name} (?)` },
    "?",
  );
  const toggle = (on = node.hidden) => {
    node.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
  };
  button.addEventListener("click", () => toggle());
  toggle(false);
  return { node, button, toggle };
}
