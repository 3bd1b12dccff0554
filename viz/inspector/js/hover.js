// What lies under the pointer: its number beside it, and the timestep and unit that a click chooses.

import { make } from "./dom.js";
import { chosenUnit } from "./units.js";

// `{series, t, unit}` of the element under the pointer, null where there are no numbers.
export function under(root, event, clock) {
  let node = event.target;
  while (node && node !== root && !node.rvHover) node = node.parentNode;
  const box = node?.rvHover && node.getBoundingClientRect();
  const place = (from, size, at) => Math.min(0.99999, Math.max(0, (at - from) / size));
  return (
    box &&
    node.rvHover(place(box.left, box.width, event.clientX), place(box.top, box.height, event.clientY), clock)
  );
}

// Numbers beside the pointer.
export function hover(root, clock) {
  const tip = make("div", { class: "rv-tip", "aria-hidden": "true", hidden: "" });
  root.addEventListener("pointermove", (event) => {
    const found = under(root, event, clock);
    tip.hidden = !found?.series;
    if (tip.hidden) return;
    const { series, t, unit } = found;
    const word = series.word(unit, clock.sample);
    const when = series.fixed ? "" : t < 0 ? "before t = 0" : `t = ${t}`;
    tip.replaceChildren(
      make(
        "b",
        {},
        `${series.name}${series.unitName(unit)}${word && ` ${word}`} = ${series.write(series.at(clock.sample, t, unit))}`,
      ),
      ` ${when}`,
    );
    const frame = root.getBoundingClientRect();
    tip.style.left = `${Math.min(event.clientX - frame.left + 12, frame.width - tip.offsetWidth - 4)}px`;
    tip.style.top = `${event.clientY - frame.top + 16}px`;
  });
  root.addEventListener("pointerleave", () => (tip.hidden = true));
  return tip;
}

// A press on a number chooses its timestep and its unit; over the run, dragging goes on choosing timesteps.
export function picks(root, clock) {
  let dragged = null;
  const choose = (event, whole) => {
    const found = under(root, event, clock);
    if (!found) return null;
    const change = { t: Math.max(0, found.t) };
    if (whole && found.series) change.unit = chosenUnit(clock.run, found.series, found.unit);
    if (Object.entries(change).some(([name, value]) => clock[name] !== value)) clock.set(change);
    return found;
  };
  root.addEventListener("pointerdown", (event) => {
    dragged = event.button ? null : choose(event, true) && event.target;
  });
  root.addEventListener("pointermove", (event) => {
    if (dragged && event.buttons && dragged.closest(".rv-map")?.contains(event.target)) choose(event, false);
  });
}
