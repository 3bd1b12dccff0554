// A cell of a heat map, a strip or a picture that holds what a timestep reads: dragged up and down as the point of
// the line is, or typed after a double click.

import { make } from "./dom.js";
import { rounded } from "./drag_line.js";
import { under } from "./hover.js";

// In pixels: from here on a press drags, and so far it goes for the whole range of the line.
const [FAR, RANGE] = [6, 120];

export function changeable({ role, fixed }) {
  return ["state", "input", "readout"].includes(role) && !fixed;
}

// `{value, t, unit}` of what a timestep reads of the number in a cell, null where none does. Over the run a state
// stands where the timestep before hands it on.
export function readIn(run, { series, t, unit }, overRun) {
  const after = overRun ? run.after.indexOf(series) : -1;
  if (after >= 0) return t + 1 < run.steps ? { value: after, t: t + 1, unit } : null;
  const value = run.series.indexOf(series);
  return value >= 0 && changeable(run.values[value]) ? { value, t, unit } : null;
}

// `acts`: `free()`, whether a change may begin; `choose(value)`, a cell of this value was pressed; `hold(place)`, its
// number is the one in view from now on; `now()`, `range()` and `write(number)` of that one; `drag(number)`, and
// `drop(number)`, null where it was given up; `type()`, it is to be typed.
export function dragCells(run, acts) {
  let held = null;
  const tip = make("div", { class: "rv-tip", "aria-hidden": "true", hidden: "" });
  const end = (value) => {
    const { moved, root } = held ?? {};
    held = null;
    tip.hidden = true;
    root?.classList.toggle("rv-grabs", false);
    if (moved) acts.drop(value);
    return Boolean(moved);
  };
  const begin = () => {
    const { place, root, pointer } = held;
    acts.hold(place);
    Object.assign(held, { moved: true, range: acts.range(), from: acts.now() });
    root.setPointerCapture?.(pointer); // what lies under it is made anew while it is dragged
    root.classList.toggle("rv-grabs", true);
    globalThis.getSelection?.()?.removeAllRanges();
  };
  const move = ({ clientX, clientY }) => {
    const [low, high] = held.range;
    const number = held.from + ((held.y - clientY) / RANGE) * (high - low);
    const value = run.values[held.place.value].whole ? Math.round(number) : rounded(number, held.range);
    const frame = held.root.getBoundingClientRect();
    tip.hidden = false;
    tip.textContent = acts.write(value);
    tip.style.left = `${clientX - frame.left + 14}px`;
    tip.style.top = `${clientY - frame.top - 10}px`;
    if (value === held.value) return;
    held.value = value;
    acts.drag(value);
  };
  const listen = (root, clock) => {
    const found = (event) => {
      const cell = under(root, event, clock);
      return cell && readIn(run, cell, Boolean(event.target.closest(".rv-run")));
    };
    root.append(tip);
    root.addEventListener("pointerdown", (event) => {
      const place = event.button || !acts.free() ? null : found(event);
      if (!place) return;
      held = { place, root, x: event.clientX, y: event.clientY, pointer: event.pointerId, moved: false };
      acts.choose(place.value);
    });
    root.addEventListener("pointermove", (event) => {
      if (!held) return;
      const [dx, dy] = [event.clientX - held.x, event.clientY - held.y].map(Math.abs);
      if (!held.moved && Math.max(dx, dy) < FAR) return;
      if (!held.moved && dx >= dy)
        end(); // across: it chooses timesteps
      else if (held.moved || acts.free()) {
        if (!held.moved) begin();
        move(event);
      }
    });
    root.addEventListener("pointerup", () => held && end(held.value ?? null));
    root.addEventListener("pointercancel", () => held && end(null));
    root.addEventListener("dblclick", (event) => {
      const place = acts.free() ? found(event) : null;
      if (!place) return;
      acts.hold(place);
      acts.type();
    });
  };
  return { listen, cancel: () => end(null) };
}
