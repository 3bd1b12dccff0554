// The panel of the whole run: one row a value above one time axis.

import { trio } from "./beside_rows.js";
import { make, select } from "./dom.js";
import { filmRow } from "./film_row.js";
import { guessRows } from "./guesses.js";
import { labelRow } from "./label_row.js";
import { legend } from "./legend.js";
import { heatMap, mapRow, track } from "./maps.js";
import { partingMark } from "./parting.js";
import { placeAfter } from "./run.js";

// The marks of the codes of `sources`: an output that is equal to the truth is the truth.
const MARKS = ["start", "own", "truth", "truth", "changed", "kept"];

// `kept` is what `kept()` of an earlier panel of the same layer returned: what is unfolded, and the row chosen last.
export function runPanel(run, clock, kept = {}) {
  const every = run.values.map((value, i) => (value.role === "state" ? run.after[i] : run.series[i]));
  const shown = every.filter(
    (series, i) => !series.fixed && (run.values[i].role !== "inner" || series.gate || series.words),
  );
  const rows = together(run, every, shown);
  const row = (same) => rowOf(run, every, same);
  const outer = rows.filter((same) => same.some((series) => series.role !== "inner"));
  const edited = run.live || run.payload.beside?.edited;
  const own = (edited ? partedFirst(run, every, outer) : outer).map(row);
  // Attention over words belongs to what is seen at once; gates fold.
  const inner = rows.filter((same) => same.every((series) => series.role === "inner"));
  const attended = inner.filter(([series]) => series.words && !series.guessed).map(row);
  const gates = inner.filter(([series]) => !series.words || series.guessed).map(row);
  const parts = [labelRow(run), ...guessRows(run), ...tracks(run), ...attended, ...own].filter(Boolean);
  const extra = chosenRow(run, every, shown, row);
  const times = axis(run);
  const fold = gates.length ? gateRows(gates, kept.open) : null;
  const node = make(
    "div",
    { class: "rv-section rv-run", role: "group", "aria-label": "The whole run" },
    make(
      "div",
      { class: "rv-run-head" },
      make("div", { class: "rv-heading" }, "The whole run"),
      legend(run, clock),
      extra.choice,
    ),
    make(
      "div",
      { class: "rv-rows rv-scroll", tabindex: 0, role: "group", "aria-label": "Values over the run" },
      parts.map((part) => part.node),
      extra.node,
      fold?.node ?? null,
      times.node,
    ),
  );
  const update = (now) => [...parts, extra, fold, times].forEach((part) => part?.update(now));
  if (kept.extra >= 0) extra.choose(kept.extra, false);
  return { node, update, choose: extra.choose, kept: () => ({ open: fold?.open(), extra: extra.chosen() }) };
}

// Values with the same numbers (an output that is also a state) share one picture with both names.
function together(run, every, shown) {
  const rows = new Map();
  shown.forEach((series) => {
    const value = run.values[every.indexOf(series)];
    const second = run.payload.beside?.values[every.indexOf(series)];
    const state = value.role === "state";
    const key = [value, second].map((numbers) => numbers && placed(numbers, state)).join();
    rows.set(key, [...(rows.get(key) || []), series]);
  });
  return [...rows.values()];
}

// In an editor what the change reached comes first.
function partedFirst(run, every, rows) {
  const parted = ([series]) => Boolean(run.beside[every.indexOf(series)]?.difference.limit);
  return [...rows.filter(parted), ...rows.filter((same) => !parted(same))];
}

// Where numbers are, as a text; of a state those after each timestep.
function placed(numbers, state) {
  const { start, lag } = state ? placeAfter(numbers) : numbers;
  return `${start}/${lag + (state ? 1 : 0)}`;
}

function rowOf(run, every, same) {
  const draw = same[0].picture ? filmRow : heatMap;
  const name = [...new Set(same.map((series) => series.short))].join(" = ");
  return trio(run, every.indexOf(same[0]), draw, same[0], name);
}

function tracks(run) {
  const mask = track(run, "mask", (s, t) => (run.masked(s, t) ? "masked" : "valid"), [
    ["valid", "counts"],
    ["masked", "masked"],
  ]);
  const readouts = run.values.filter((value) => value.role === "readout");
  const from = readouts.map((value, i) =>
    track(run, `${value.name} from`, (s, t) => MARKS[run.payload.sources[i][s][t]], [
      ["start", "first value"],
      ["own", "own output"],
      ["truth", "truth"],
      ["changed", "changed"],
      ["kept", "as it was"],
    ]),
  );
  return run.payload.mask ? [mask, ...from] : from;
}

// Gates are many: they fold.
function gateRows(gates, unfolded = gates.length <= 2) {
  const node = make(
    "details",
    { class: "rv-fold", ...(unfolded ? { open: "" } : {}) },
    make("summary", {}, `Gates and probabilities (${gates.length})`),
    gates.map((part) => part.node),
  );
  let [open, last] = [unfolded, null];
  const update = (now) => {
    last = now;
    if (open) gates.forEach((part) => part.update(now));
  };
  node.addEventListener("toggle", () => {
    open = node.open;
    if (last) update(last);
  });
  return { node, update, open: () => open };
}

// The row of a value that was chosen in the diagram or in the list, if it has none of its own.
function chosenRow(run, every, shown, row) {
  const node = make("div", { class: "rv-extra" });
  let [part, last] = [null, null];
  const choose = (place, scrolls = true) => {
    const series = every[place];
    part = series && !series.fixed && !shown.includes(series) ? row([series]) : null;
    node.replaceChildren(...(part ? [part.node] : []));
    others.node.value = part ? place : -1;
    if (last && part) part.update(last);
    if (part && scrolls) node.scrollIntoView?.({ block: "nearest" });
  };
  const rest = run.values
    .map((value, i) => [i, value.name])
    .filter(([i]) => !shown.includes(every[i]) && !every[i].fixed);
  const others = select("also show", [[-1, "nothing more"], ...rest], choose);
  const update = (now) => part?.update((last = now)) ?? (last = now);
  return {
    node,
    choice: rest.length ? others.label : null,
    choose,
    chosen: () => Number(others.node.value),
    update,
  };
}

function axis(run) {
  const least = run.steps / 12;
  const gap = [1, 2, 5]
    .flatMap((n) => [...Array(8).keys()].map((power) => n * 10 ** power))
    .sort((a, b) => a - b)
    .find((n) => n >= least);
  const left = (t) => `${((t - run.first + 0.5) / run.columns) * 100}%`;
  const at = (t) => `left:${left(t)}`;
  const ticks = [...Array(run.steps).keys()]
    .filter((t) => t % gap === 0)
    .map((t) => make("span", { style: at(t) }, String(t)));
  const start = { style: at(run.first), class: run.steps > 16 ? "rv-start" : "" };
  if (run.first < 0) ticks.push(make("span", start, run.steps <= 40 ? "start" : ""));
  const mark = partingMark(run, left);
  const node = mapRow(["timestep"], make("div", { class: "rv-axis" }, ticks, mark?.node));
  node.setAttribute("aria-hidden", "true");
  node.classList.add?.("rv-axis-row");
  return { node, update: (now) => mark?.update(now) };
}
