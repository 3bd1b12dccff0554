// One unit of both runs over time: two lines that part, and what lies between them.

import { make } from "./dom.js";
import { nameParts } from "./rows.js";

const HIGH = 100;
const [TOP, BOTTOM] = [0.1, 0.9];

// The least and the greatest of these numbers, 0 with them where it is near; some room where all are equal.
export function rangeOf(numbers) {
  const finite = numbers.filter(Number.isFinite);
  if (!finite.length) return [-1, 1];
  let [low, high] = [Math.min(...finite), Math.max(...finite)];
  if (low > 0 && low < high - low) low = 0;
  if (high < 0 && -high < high - low) high = 0;
  const room = low < high ? 0 : Math.abs(low) / 2 || 1;
  return [low - room, high + room];
}

// `{node, high, draw(was, is), place, number, range}`: a picture as wide as the run has columns. `draw` takes the
// numbers of both runs, each as a function of the timestep; `range` stays where it is given.
export function pairLines(run, first) {
  const pen = (kind) => make("path", { class: kind, "vector-effect": "non-scaling-stroke" });
  const between = make("path", { class: "rv-between" });
  const [zero, was, is, dots] = ["rv-zero", "rv-was", "rv-is", "rv-dots"].map(pen);
  const node = make("g", {}, zero, between, was, is, dots);
  const x = (t) => t - run.first + 0.5;
  const picture = { node, high: HIGH, range: [-1, 1] };
  picture.place = (number) => {
    const [low, high] = picture.range;
    return HIGH * (BOTTOM - ((BOTTOM - TOP) * (number - low)) / (high - low));
  };
  // The number at a height from 0 (top) to 1.
  picture.number = (y) => {
    const [low, high] = picture.range;
    return low + ((BOTTOM - y) / (BOTTOM - TOP)) * (high - low);
  };
  picture.draw = (of, other, range) => {
    const times = [...Array(run.steps - first).keys()].map((i) => i + first);
    picture.range = range ?? rangeOf(times.flatMap((t) => [of(t), other ? other(t) : Number.NaN]));
    const [low, high] = picture.range;
    const point = (number, t) => `${x(t)},${picture.place(number).toFixed(2)}`;
    zero.setAttribute("d", low <= 0 && high >= 0 ? `M0,${picture.place(0).toFixed(2)}H${run.columns}` : "");
    const path = (numbers) => line(times, numbers, point);
    was.setAttribute("d", path(of));
    is.setAttribute("d", other ? path(other) : "");
    is.setAttribute("visibility", other ? "visible" : "hidden");
    const [shown, finite] = [other ?? of, (t) => Number.isFinite(of(t)) && Number.isFinite(other(t))];
    dots.setAttribute(
      "d",
      times
        .filter((t) => Number.isFinite(shown(t)))
        .map((t) => `M${point(shown(t), t)}h0`)
        .join(""),
    );
    between.setAttribute("d", other ? area(times.filter(finite), of, other, point) : "");
  };
  return picture;
}

// A line that is broken where there is no finite number.
function line(times, numbers, point) {
  let [path, open] = ["", false];
  for (const t of times) {
    const seen = Number.isFinite(numbers(t));
    if (seen) path += `${open ? "L" : "M"}${point(numbers(t), t)}${open ? "" : "h0"}`;
    open = seen;
  }
  return path;
}

function area(times, of, other, point) {
  if (!times.length || times.every((t) => of(t) === other(t))) return "";
  const there = times.map((t) => point(of(t), t));
  const back = times.map((t) => point(other(t), t)).reverse();
  return `M${[...there, ...back].join("L")}Z`;
}

// A row of the run: the chosen unit of both runs of a value. `pair` is what `run.beside` has for it.
export function unitLines(run, own, pair, called) {
  const picture = pairLines(run, own.first);
  const cursor = make("rect", { class: "rv-cursor", width: 1, height: HIGH });
  const node = make(
    "svg",
    {
      class: "rv-map rv-lines-map",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
      viewBox: `0 0 ${run.columns} ${HIGH}`,
      style: "height:calc(44px * var(--rv-zoom))",
    },
    cursor,
    picture.node,
  );
  const [words, number] = [make("span", {}), make("span", { class: "rv-value" })];
  const [was, is] = pair.secondLess ? [own, pair.second] : [pair.second, own];
  let drawn;
  const update = ({ t, sample, unit }) => {
    const chosen = Math.min(unit, own.units - 1);
    const key = `${sample}/${chosen}`;
    if (drawn !== key) {
      picture.draw(
        (time) => was.at(sample, time, chosen),
        (time) => is.at(sample, time, chosen),
      );
      words.textContent = `unit ${own.unitName(chosen)} of both runs`;
      drawn = key;
    }
    number.textContent = own.write(own.at(sample, t, chosen));
    cursor.setAttribute("transform", `translate(${t - run.first},0)`);
  };
  node.rvHover = (x) => {
    const t = Math.floor(x * run.columns) + run.first;
    return t < own.first ? null : { series: own, t, unit: drawn ? Number(drawn.split("/")[1]) : 0 };
  };
  const row = make(
    "div",
    { class: "rv-map-row" },
    make("div", { class: "rv-map-name" }, ...nameParts(called), words),
    node,
    number,
  );
  return { node: row, update };
}
