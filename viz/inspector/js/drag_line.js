// The line of what timesteps read, of which the point of the timestep is dragged up and down.

import { make } from "./dom.js";
import { pairLines } from "./pair_lines.js";

// So near to a point, in pixels, a press takes hold of it.
const NEAR = 14;

// `acts`: `choose(t)` a timestep was pressed; `drag(number)` and `drop(number)`, null where it was given up.
export function dragLine(run, acts) {
  const picture = pairLines(run, 0);
  const cursor = make("rect", { class: "rv-cursor", width: 1, height: picture.high });
  const handle = make("path", { class: "rv-handle", "vector-effect": "non-scaling-stroke" });
  const ghost = make("path", { class: "rv-handle-was", "vector-effect": "non-scaling-stroke" });
  const node = make(
    "svg",
    {
      class: "rv-drag rv-lines-map",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      viewBox: `${-run.first} 0 ${run.steps} ${picture.high}`,
    },
    cursor,
    picture.node,
    ghost,
    handle,
  );
  const marks = ["rv-most", "rv-least"].map((kind) => make("span", { class: kind }));
  const scale = make("div", { class: "rv-drag-scale" }, marks);
  const holder = make("div", { class: "rv-drag-holder", "aria-hidden": "true" }, scale, node);
  let [shown, held, at] = [null, null, 0];
  const inside = (event) => {
    const box = node.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height, box };
  };
  const timestep = (x) => Math.max(0, Math.min(run.steps - 1, Math.floor(x * run.steps)));
  const gap = (t, y, box) => Math.abs(picture.place(numberAt(t)) / picture.high - y) * box.height;
  const numberAt = (t) => (shown.is ?? shown.was)(t);
  const number = (y) =>
    shown.whole ? Math.round(picture.number(y)) : rounded(picture.number(y), picture.range);
  const put = (value) => {
    const point = (y) => `M${at - run.first + 0.5},${y.toFixed(2)}h0`;
    handle.setAttribute("d", Number.isFinite(value) ? point(picture.place(value)) : "");
    const was = shown.was(at);
    ghost.setAttribute("d", Number.isFinite(was) && was !== value ? point(picture.place(was)) : "");
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button || !shown) return;
    const { x, y, box } = inside(event);
    const t = timestep(x);
    if (t !== at) acts.choose(t);
    if (shown.locked || gap(t, y, box) > NEAR) return;
    held = { range: picture.range, moved: false };
    node.setPointerCapture?.(event.pointerId);
    event.preventDefault();
  });
  node.addEventListener("pointermove", (event) => {
    const { x, y, box } = inside(event);
    node.classList.toggle("rv-grab", Boolean(held) || (shown && gap(timestep(x), y, box) <= NEAR));
    if (!held) return;
    held.moved = true;
    held.value = number(y);
    put(held.value);
    acts.drag(held.value);
  });
  const end = (value) => {
    const { moved } = held ?? {};
    held = null;
    if (moved) acts.drop(value);
  };
  node.addEventListener("pointerup", () => held && end(held.value));
  node.addEventListener("pointercancel", () => held && end(null));
  // `was(t)` and `is(t)`: what timesteps read in both runs, `is` null where there is one run.
  const draw = (given) => {
    if (given.key !== shown?.key) picture.draw(given.was, given.is, held?.range);
    shown = given;
    at = given.t;
    cursor.setAttribute("transform", `translate(${at - run.first},0)`);
    const [low, high] = picture.range;
    marks[0].textContent = given.write(high);
    marks[1].textContent = given.write(low);
    put(held?.value ?? given.value ?? numberAt(at));
  };
  const cancel = () => {
    const was = held;
    if (held) end(null);
    return Boolean(was);
  };
  return { node: holder, draw, cancel, range: () => picture.range };
}

// As many digits as the height of the picture tells apart.
export function rounded(number, [low, high]) {
  const step = 10 ** Math.floor(Math.log10((high - low) / 200 || 1));
  return Number((Math.round(number / step) * step).toPrecision(6));
}

// What one press of a key changes: about a twentieth of the range.
export function keyStep([low, high], whole) {
  if (whole) return 1;
  const least = (high - low) / 20 || 0.05;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((n) => Number((n * power).toPrecision(1))).find((step) => step >= least * 0.999);
}
