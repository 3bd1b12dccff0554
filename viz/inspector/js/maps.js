// Pictures of the whole run: heat maps and rows of marks, with a cursor at the current timestep.

import { make } from "./dom.js";
import { lineKeys, linePicture } from "./lines.js";
import { nameParts, readout, warning } from "./rows.js";
import { FEW } from "./series.js";

// The frame around the current timestep: dark with a light edge, to be seen on every colour.
function cursorOver(height) {
  const box = (kind) =>
    make("rect", { class: kind, "vector-effect": "non-scaling-stroke", width: 1, height });
  return make("g", {}, box("rv-halo"), box("rv-cursor"));
}

// The colours of a series over the run, with the row of the chosen unit.
function colourPicture(series, units) {
  const [width, lead] = [series.run.steps - series.first, series.first - series.run.first];
  const picture = make("image", {
    preserveAspectRatio: "none",
    class: "rv-pixels",
    width,
    height: units,
    x: lead,
  });
  const marker = make("rect", {
    class: "rv-unit",
    "vector-effect": "non-scaling-stroke",
    width,
    height: 1,
    x: lead,
  });
  const update = ({ unit }) => {
    marker.setAttribute("y", Math.min(unit, units - 1));
    marker.setAttribute("visibility", unit < units && units > 1 ? "visible" : "hidden");
  };
  return {
    node: make("g", {}, picture, marker),
    redraw: (sample) => picture.setAttribute("href", series.map(sample, units)),
    update,
    nearest: (_sample, _t, y) => Math.floor(y * units),
    high: units,
  };
}

// Few units are lines; whole numbers (token ids) name things, and a line between names means nothing.
function asLines(series) {
  return series.units <= FEW && !series.whole && !series.compared;
}

// Up to so many units that have names have them beside their rows.
const NAMED = 16;

// Of an output the likeliest classes are named above: its rows need no names.
function hasNames(series, units) {
  return series.words && !series.guessed && !asLines(series) && units <= NAMED && series.rows === 1;
}

function rowNames(series, units) {
  if (!hasNames(series, units)) return null;
  const names = [...Array(units).keys()].map(() => make("span", {}));
  const node = make("div", { class: "rv-row-words" }, names);
  const redraw = (sample) =>
    names.forEach((name, unit) => {
      name.textContent = series.word(unit, sample);
      name.setAttribute("title", name.textContent);
    });
  return { node, redraw };
}

// In pixels: lines need height to be read, colours a little for each unit.
function heightOf(series, units) {
  if (asLines(series)) return 44;
  if (hasNames(series, units)) return 14 * units;
  return Math.max(20, Math.min(units * 6, 62));
}

// A row of the run: its name, its picture, and the number of the chosen unit at the timestep.
export function mapRow(words, picture, number) {
  return make(
    "div",
    { class: "rv-map-row" },
    make("div", { class: "rv-map-name" }, ...words),
    picture,
    number ?? null,
  );
}

// The whole run of one series, with a cursor: lines of a few units, of both runs where there is a `pair`, colours of
// many.
export function heatMap(series, name = series.short, pair = null) {
  const units = Math.min(series.units, 128);
  const { run, first } = series;
  const few = asLines(series);
  const picture = few ? linePicture(series, pair) : colourPicture(series, units);
  const cursor = cursorOver(picture.high);
  const masked = make("g", { class: "rv-masked-columns" });
  const node = make(
    "svg",
    {
      class: `rv-map${few ? " rv-lines-map" : ""}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      viewBox: `0 0 ${run.columns} ${picture.high}`,
      style: `height:calc(${heightOf(series, units)}px * var(--rv-zoom))`,
    },
    few ? [masked, cursor, picture.node] : [picture.node, masked, cursor],
  );
  const warn = warning([series]);
  const number = readout(series);
  const size = make("span", {});
  const named = rowNames(series, units);
  let drawn;
  const update = (now) => {
    const { t, sample } = now;
    if (drawn !== series.look(sample)) {
      drawn = series.look(sample);
      picture.redraw(sample);
      named?.redraw(sample);
      masked.replaceChildren(...veils(run, sample, picture.high));
      size.textContent = `${series.size(units)}, ${series.range}`;
      size.classList.toggle("rv-fitted", series.fitted);
    }
    warn.update(sample);
    number.update(now);
    picture.update(now);
    cursor.setAttribute("transform", `translate(${t - run.first},0)`);
  };
  node.rvHover = (x, y, { sample }) => {
    const column = Math.floor(x * run.columns) + run.first;
    return column < first ? null : { series, t: column, unit: picture.nearest(sample, column, y) };
  };
  const words = [...nameParts(name), size, few ? lineKeys(series) : null, warn.node];
  const row = mapRow(words, node, number.node);
  if (named) row.append(named.node);
  return { node: row, picture: node, update };
}

function veils(run, sample, height) {
  const steps = [...Array(run.steps).keys()].filter((step) => run.masked(sample, step));
  return steps.map((step) => make("rect", { x: step - run.first, y: 0, width: 1, height }));
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
  const times = [...Array(run.steps).keys()];
  const occurs = (kind) =>
    [...Array(run.samples).keys()].some((s) => times.some((t) => kindOf(s, t) === kind));
  const key = words
    .filter(([kind]) => occurs(kind))
    .map(([kind, text]) => make("span", { class: "rv-key" }, make("i", { class: `rv-mark-${kind}` }), text));
  node.rvHover = (x) => ({ t: Math.floor(x * run.columns) + run.first });
  return { node: mapRow([make("b", {}, name), ...key], node), update };
}
