// The diagram of the step, with the values of the timestep in its boxes.

import { make, section, select } from "./dom.js";
import { strip } from "./rows.js";

// The diagram of the step, or of a model in it, with the values of the timestep in its boxes.
function diagram(run, view, { open, choose }) {
  const [boxes, strips] = [make("g"), []];
  for (const box of view.boxes) {
    const node = make("g", { class: `rv-box rv-box-${box.role}`, transform: `translate(${box.x},${box.y})` });
    const shown = box.values.find((v) => v !== null && v !== undefined);
    const words = [box.name, box.detail !== box.name && box.detail, box.shape && `shape ${box.shape}`]
      .filter(Boolean)
      .join(", ");
    const series = shown === undefined ? null : box.after ? run.after[shown] : run.series[shown];
    node.append(make("title", {}, words));
    node.append(
      make("rect", { width: box.w, height: box.h, rx: box.sign ? box.h / 2 : 5, class: "rv-frame" }),
    );
    if (box.sign)
      node.append(
        make("text", { x: box.w / 2, y: box.h / 2 + 4, "text-anchor": "middle", class: "rv-sign" }, box.sign),
      );
    else node.append(...boxText(box, series));
    if (series && !box.sign) {
      const colours = strip(series, { x: 6, y: 24, width: box.w - 12, height: box.h - 29 });
      node.append(colours.node);
      strips.push(colours);
    }
    if (series || box.inside !== null) {
      const act = () => (box.inside !== null && box.inside !== undefined ? open(box.inside) : choose(shown));
      const press = (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        act();
      };
      const opens = box.inside !== null && box.inside !== undefined;
      for (const [key, value] of Object.entries({
        tabindex: 0,
        role: "button",
        "data-lm-suppress-shortcuts": "true",
        "aria-label": opens ? `${words}: look inside` : `${words}: show over the whole run`,
      }))
        node.setAttribute(key, value);
      node.addEventListener("click", act);
      node.addEventListener("keydown", press);
      if (series && box.sign)
        node.rvHover = (_x, _y, { t, unit }) => ({ series, t, unit: Math.min(unit, series.units - 1) });
    }
    boxes.append(node);
  }
  const edges = view.edges.map(([line, head]) => [
    make("path", { d: line, class: "rv-edge" }),
    make("path", { d: head, class: "rv-head" }),
  ]);
  const node = make(
    "svg",
    {
      viewBox: `0 0 ${view.width} ${view.height}`,
      role: "group",
      "aria-label": `Diagram of ${view.title}`,
      class: "rv-diagram",
      style: `max-width:${view.width}px;min-width:${0.95 * view.width}px`,
    },
    ...edges.flat(),
    boxes,
  );
  return { node, update: (now) => strips.forEach((one) => one.update(now)) };
}

function boxText(box, series) {
  const opens = box.inside !== null && box.inside !== undefined;
  const shape = opens ? `${box.shape} ⤢`.trim() : box.shape;
  const small = box.role === "state" ? (box.after ? " after" : " before") : "";
  const name = make("text", { x: 7, y: series ? 16 : box.h / 2 + 4, class: "rv-box-name" }, box.short);
  if (small) name.append(make("tspan", { class: "rv-box-shape" }, small));
  return [
    name,
    make(
      "text",
      { x: box.w - 7, y: series ? 16 : box.h / 2 + 4, "text-anchor": "end", class: "rv-box-shape" },
      shape,
    ),
  ];
}

export function diagramPanel(run, choose) {
  const holder = make("div", {
    class: "rv-scroll rv-diagram-holder",
    tabindex: 0,
    role: "group",
    "aria-label": "Diagram",
  });
  let [current, last] = [null, null];
  const views = run.payload.views;
  const show = (place) => {
    current = diagram(run, views[place], { open: show, choose });
    holder.replaceChildren(current.node);
    picker.node.value = place;
    if (last) current.update(last);
  };
  const picker = select(
    "inside",
    views.map((view, i) => [i, view.title]),
    show,
  );
  const node = section(
    "This timestep",
    [views.length > 1 ? picker.label : null, holder].filter(Boolean),
    "rv-step",
  );
  show(0);
  // A wide diagram beside the states would be too small to read; below a low one the equations have room.
  const width = Math.max(...views.map((view) => view.width));
  const place = width > 700 ? "rv-wide" : views[0].height < 340 ? "rv-low" : "rv-high";
  return { node, place, room: Math.ceil(width) + 28, update: (now) => current.update((last = now)) };
}
