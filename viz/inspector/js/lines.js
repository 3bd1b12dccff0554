// A few units over the whole run, each as a line.

import { make } from "./dom.js";

// The numbers at the top and the bottom of the picture: of signed values with 0 between them.
function limits(series) {
  if (series.gate || series.whole) return series.ends;
  const [low, high] = [Math.min(0, series.least), Math.max(0, series.most)];
  return low < high ? [low, high] : [-1, 1];
}

const HIGH = 100;

// The picture's svg, with `redraw(sample)` and `update(now)`; a timestep is as wide as 1. Of two runs, a `pair`
// beside the series, the run that is as it was has dashed lines.
export function linePicture(series, pair = null) {
  const { run, first, units } = series;
  const pen = (kind) => make("path", { class: kind, "vector-effect": "non-scaling-stroke" });
  const zero = pen("rv-zero");
  const dashed = (on) => (pair && on ? " rv-dashed" : "");
  const every = [...Array(units).keys()];
  const lines = every.map((unit) => pen(`rv-line rv-line-${unit}${dashed(pair?.secondLess)}`));
  const others = pair ? every.map((unit) => pen(`rv-line rv-line-${unit}${dashed(!pair.secondLess)}`)) : [];
  const dots = lines.map((_, unit) => pen(`rv-line rv-dot rv-line-${unit}`));
  const node = make("g", {}, zero, others, lines, dots);
  let range = [0, 1];
  const place = (number) => HIGH * (0.92 - (0.84 * (number - range[0])) / (range[1] - range[0] || 1));
  const x = (t) => t - run.first + 0.5;
  const redraw = (sample) => {
    range = limits(series);
    zero.setAttribute("d", range[0] <= 0 && range[1] >= 0 ? `M0,${place(0)}H${run.columns}` : "");
    lines.forEach((line, unit) => line.setAttribute("d", path(series, sample, unit)));
    others.forEach((line, unit) => line.setAttribute("d", path(pair.second, sample, unit)));
  };
  // A line that is broken where there is no finite number.
  const path = (of, sample, unit) => {
    let [drawn, open] = ["", false];
    for (let t = first; t < run.steps; t++) {
      const number = of.at(sample, t, unit);
      const seen = Number.isFinite(number);
      if (seen) drawn += `${open ? "L" : "M"}${x(t)},${place(number).toFixed(2)}${open ? "" : "h0"}`;
      open = seen;
    }
    return drawn;
  };
  const update = ({ t, sample, unit }) =>
    lines.forEach((line, i) => {
      const number = series.at(sample, t, i);
      dots[i].setAttribute("d", Number.isFinite(number) ? `M${x(t)},${place(number).toFixed(2)}h0` : "");
      const faint = units > 1 && unit < units && i !== unit;
      line.classList.toggle("rv-faint", faint);
      others[i]?.classList.toggle("rv-faint", faint);
    });
  // The unit whose line is nearest to a height from 0 (top) to 1.
  const nearest = (sample, t, y) => {
    const gap = (unit) => Math.abs(place(series.at(sample, t, unit)) - y * HIGH);
    return lines.reduce((best, _, unit) => (gap(unit) < gap(best) ? unit : best), 0);
  };
  return { node, redraw, update, nearest, high: HIGH };
}

// The names of the lines in their colours, where there are several.
export function lineKeys(series, sample = 0) {
  if (series.units < 2) return null;
  return make(
    "span",
    { class: "rv-line-keys" },
    [...Array(series.units).keys()].map((unit) =>
      make(
        "span",
        {},
        make("i", { class: `rv-line-key-${unit}` }),
        series.word(unit, sample) || series.unitName(unit).replace(/[[\]]/g, ""),
      ),
    ),
  );
}
