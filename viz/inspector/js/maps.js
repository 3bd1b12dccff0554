// Pictures of the whole run: heat maps and rows of marks, with a cursor at the current timestep.

import { make } from "./dom.js";
import { nameParts, warning } from "./rows.js";

// The frame around the current timestep: dark with a light edge, to be seen on every colour.
function cursorOver(height) {
  const box = (kind) =>
    make("rect", { class: kind, "vector-effect": "non-scaling-stroke", width: 1, height });
  return make("g", {}, box("rv-halo"), box("rv-cursor"));
}

// The whole run of one series, with a cursor; `go(t)` is called where it is clicked or dragged.
export function heatMap(series, go, name = series.short) {
  const units = Math.min(series.units, 128);
  const [width, first] = [series.run.steps - series.first, series.first];
  const lead = -series.run.first + first; // columns before this series begins
  const picture = make("image", {
    preserveAspectRatio: "none",
    class: "rv-pixels",
    width,
    height: units,
    x: lead,
  });
  const cursor = cursorOver(units);
  const marker = make("rect", {
    class: "rv-unit",
    "vector-effect": "non-scaling-stroke",
    width,
    height: 1,
    x: lead,
  });
  const masked = make("g", { class: "rv-masked-columns" });
  const node = make(
    "svg",
    {
      class: "rv-map",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      viewBox: `0 0 ${series.run.columns} ${units}`,
      style: `height:${Math.max(18, Math.min(units * 7, 84))}px`,
    },
    picture,
    masked,
    marker,
    cursor,
  );
  const at = (event) => {
    const box = node.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * series.run.columns);
    go(column + series.run.first);
  };
  node.addEventListener("pointerdown", at);
  node.addEventListener("pointermove", (event) => event.buttons && at(event));
  const warn = warning([series]);
  let drawn;
  const update = ({ t, sample, unit }) => {
    if (drawn !== sample) {
      picture.setAttribute("href", series.map(sample, units));
      const columns = [...Array(series.run.steps).keys()].filter((step) => series.run.masked(sample, step));
      masked.replaceChildren(
        ...columns.map((step) => make("rect", { x: step - series.run.first, y: 0, width: 1, height: units })),
      );
      drawn = sample;
    }
    warn.update(sample);
    cursor.setAttribute("transform", `translate(${t - series.run.first},0)`);
    marker.setAttribute("y", Math.min(unit, units - 1));
    marker.setAttribute("visibility", unit < units && units > 1 ? "visible" : "hidden");
  };
  node.rvHover = (x, y) => {
    const column = Math.floor(x * series.run.columns) + series.run.first;
    return column < first ? null : { series, t: column, unit: Math.floor(y * units) };
  };
  const words = [...nameParts(name), make("span", {}, `${series.size(units)}, ${series.range}`), warn.node];
  return {
    node: make("div", { class: "rv-map-row" }, make("div", { class: "rv-map-name" }, ...words), node),
    update,
  };
}

// A row of marks over time (where the readout came from, the mask), with its words.
export function track(run, name, kindOf, words) {
  const marks = make("g");
  const cursor = cursorOver(1);
  const node = make(
    "svg",
    {
      class: "rv-map rv-track",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      viewBox: `0 0 ${run.columns} 1`,
    },
    marks,
    cursor,
  );
  let drawn;
  const update = ({ t, sample }) => {
    if (drawn !== sample) {
      marks.replaceChildren(
        ...[...Array(run.steps).keys()].map((step) =>
          make("rect", {
            class: `rv-mark-${kindOf(sample, step)}`,
            x: step - run.first,
            y: 0,
            width: 1,
            height: 1,
          }),
        ),
      );
      drawn = sample;
    }
    cursor.setAttribute("transform", `translate(${t - run.first},0)`);
  };
  const key = words.map(([kind, text]) =>
    make("span", { class: "rv-key" }, make("i", { class: `rv-mark-${kind}` }), text),
  );
  return {
    node: make(
      "div",
      { class: "rv-map-row" },
      make("div", { class: "rv-map-name" }, make("b", {}, name), ...key),
      node,
    ),
    update,
  };
}
