// The number beside the pointer.

import { make } from "./dom.js";

// Numbers beside the pointer.
export function hover(root, clock) {
  const tip = make("div", { class: "rv-tip", "aria-hidden": "true", hidden: "" });
  root.addEventListener("pointermove", (event) => {
    let node = event.target;
    while (node && node !== root && !node.rvHover) node = node.parentNode;
    const box = node?.rvHover && node.getBoundingClientRect();
    const place = (from, size, at) => Math.min(0.99999, Math.max(0, (at - from) / size));
    const found =
      box &&
      node.rvHover(
        place(box.left, box.width, event.clientX),
        place(box.top, box.height, event.clientY),
        clock,
      );
    tip.hidden = !found;
    if (!found) return;
    const { series, t, unit } = found;
    const when = series.fixed ? "" : t < 0 ? "before t = 0" : `t = ${t}`;
    tip.replaceChildren(
      make(
        "b",
        {},
        `${series.name}${series.unitName(unit)} = ${series.write(series.at(clock.sample, t, unit))}`,
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
