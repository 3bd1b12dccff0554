// Rows of the panels: one frame of a series as colours, numbers or pictures, with its name and a number.

import { make } from "./dom.js";
import { pictures } from "./pictures.js";
import { FEW } from "./series.js";

// One frame of a series: numbers where they are few, pictures where it is an image, else a row of colours.
// `box` is the place of it in a drawing; without one it is a row of a panel.
export function strip(series, box) {
  if (series.picture) return pictures(series, box);
  return series.units <= FEW && series.rows === 1 ? numberCells(series, box) : colourStrip(series, box);
}

// A window that slides over the film of all frames.
function colourStrip(series, box = {}) {
  const picture = make("image", { preserveAspectRatio: "none", class: "rv-pixels", width: series.columns });
  const marker = make("rect", {
    class: "rv-unit",
    "vector-effect": "non-scaling-stroke",
    width: 1,
    height: 1,
  });
  const node = make(
    "svg",
    { class: "rv-strip", preserveAspectRatio: "none", "aria-hidden": "true", ...box },
    picture,
    marker,
  );
  let drawn, shown;
  const update = ({ t, sample, unit }) => {
    if (drawn !== series.look(sample)) {
      picture.setAttribute("href", series.film(sample));
      picture.setAttribute("height", (series.rows + 2) * (series.fixed ? 1 : series.run.steps));
      drawn = series.look(sample);
    }
    const y = 1 + (series.fixed ? 0 : t * (series.rows + 2));
    node.setAttribute("viewBox", `0 ${y} ${series.columns} ${series.rows}`);
    marker.setAttribute("y", y + Math.floor(unit / series.columns));
    if (shown !== unit) {
      marker.setAttribute("x", unit % series.columns);
      marker.setAttribute("visibility", unit < series.units && series.units > 1 ? "visible" : "hidden");
      shown = unit;
    }
  };
  node.rvHover = (x, y, { t }) => {
    const unit = Math.floor(y * series.rows) * series.columns + Math.floor(x * series.columns);
    return { series, t, unit };
  };
  return { node, update };
}

// A few numbers, each on its colour.
function numberCells(series, box) {
  const cells = [...Array(series.units).keys()].map((unit) =>
    box ? drawnCell(series, unit, box) : writtenCell(series, series.units > 3 ? 5 : 7),
  );
  const nodes = cells.map((cell) => cell.node);
  const node = box
    ? make("g", { "aria-hidden": "true" }, nodes)
    : make("div", { class: "rv-strip rv-numbers", "aria-hidden": "true" }, nodes);
  nodes.forEach((cell, unit) => (cell.rvHover = (_x, _y, { t }) => ({ series, t, unit })));
  const update = ({ t, sample, unit }) =>
    cells.forEach((cell, i) => {
      const number = series.at(sample, t, i);
      cell.write(number, series.paint(number));
      cell.node.classList.toggle("rv-chosen", i === unit && series.units > 1);
    });
  return { node, update };
}

function writtenCell(series, letters) {
  const node = make("span", {});
  const write = (number, { paper, ink }) => {
    node.textContent = series.writeShort(number, letters);
    [node.style.background, node.style.color] = [paper, ink];
  };
  return { node, write };
}

function drawnCell(series, unit, { x, y, width, height }) {
  const wide = width / series.units;
  const back = make("rect", { x: x + unit * wide, y, width: wide, height, class: "rv-cell-back" });
  const text = make("text", {
    x: x + (unit + 0.5) * wide,
    y: y + height - 2.5,
    "text-anchor": "middle",
    class: "rv-cell-number",
  });
  const write = (number, { paper, ink }) => {
    back.style.fill = paper;
    text.style.fill = ink;
    text.textContent = series.writeShort(number, Math.floor(wide / 6.3));
  };
  return { node: make("g", {}, back, text), write };
}

// The number of the chosen unit, beside a strip; of a single unit whichever is chosen.
export function readout(series) {
  const node = make("span", { class: "rv-value" });
  const update = ({ t, sample, unit }) => {
    node.textContent = series.write(series.at(sample, t, series.units === 1 ? 0 : unit));
  };
  return { node, update };
}

// How many numbers of the sample that is shown are NaN or infinite, in the first of these that has any.
export function warning(every) {
  const node = make("span", { class: "rv-warning" });
  const update = (sample) => {
    node.textContent = every.map((series) => series.warning(sample)).find(Boolean) || "";
    node.hidden = !node.textContent;
  };
  return { node, update };
}

// A long name in two parts: its path in small letters, and its last part.
export function nameParts(name) {
  const cut = name.lastIndexOf("/") + 1;
  return [cut ? make("small", {}, name.slice(0, cut)) : null, make("b", {}, name.slice(cut))];
}

export function labelled(text, series, detail) {
  const [colours, number] = [strip(series), readout(series)];
  const parts = [make("span", { class: "rv-row-name", title: series.name }, text), colours.node, number.node];
  const more = detail ? make("span", { class: "rv-detail" }) : null;
  const update = (now) => {
    colours.update(now);
    number.update(now);
    if (more) more.textContent = detail(now);
  };
  if (series.rows > 1) colours.node.style.setProperty("--rv-strip", `${Math.min(96, 8 * series.rows)}px`);
  return { node: make("div", { class: "rv-row" }, ...parts, more), update };
}
