// The panel of the whole run: heat maps above one time axis.

import { make, section, select } from "./dom.js";
import { heatMap, track } from "./maps.js";
import { ORIGIN } from "./panels.js";

export function runPanel(run, clock) {
  const go = (t) => clock.go(t);
  const fixed = run.values.map((value, i) => (value.role === "state" ? run.after[i] : run.series[i]));
  const shown = fixed.filter((series, i) => !series.fixed && (run.values[i].role !== "inner" || series.gate));
  // Values with the same numbers (an output that is also a state) share one picture with both names.
  const rows = new Map();
  shown.forEach((series) => {
    const value = run.values[fixed.indexOf(series)];
    const key = `${value.start}/${value.lag + (value.role === "state" ? 1 : 0)}`;
    rows.set(key, [...(rows.get(key) || []), series]);
  });
  const parts = [];
  if (run.payload.mask)
    parts.push(
      track(run, "mask", (s, t) => (run.masked(s, t) ? "masked" : "valid"), [
        ["valid", "counts"],
        ["masked", "masked"],
      ]),
    );
  run.values
    .filter((value) => value.role === "readout")
    .forEach((value, i) =>
      parts.push(
        track(run, `${value.name} from`, (s, t) => ORIGIN[run.payload.sources[i][s][t]], [
          ["start", "first value"],
          ["own", "own output"],
          ["truth", "truth"],
        ]),
      ),
    );
  parts.push(
    ...[...rows.values()].map((same) =>
      heatMap(same[0], go, [...new Set(same.map((series) => series.short))].join(" = ")),
    ),
  );
  const extra = make("div");
  let [more, last] = [null, null];
  const choose = (place) => {
    const series = fixed[place];
    more = series && !series.fixed && !shown.includes(series) ? heatMap(series, go) : null;
    extra.replaceChildren(...(more ? [more.node] : []));
    others.node.value = more ? place : -1;
    if (last && more) more.update(last);
  };
  const rest = run.values
    .map((value, i) => [i, value.name])
    .filter(([i]) => !shown.includes(fixed[i]) && !fixed[i].fixed);
  const others = select("also show", [[-1, "nothing more"], ...rest], choose);
  const least = run.steps / 12;
  const gap = [1, 2, 5]
    .flatMap((n) => [...Array(8).keys()].map((power) => n * 10 ** power))
    .sort((a, b) => a - b)
    .find((n) => n >= least);
  const ticks = [...Array(run.steps).keys()]
    .filter((t) => t % gap === 0)
    .map((t) => make("span", { style: `left:${((t - run.first + 0.5) / run.columns) * 100}%` }, String(t)));
  if (run.first < 0)
    ticks.push(make("span", { style: `left:${(0.5 / run.columns) * 100}%` }, run.steps <= 40 ? "start" : ""));
  const axis = make(
    "div",
    { class: "rv-map-row", "aria-hidden": "true" },
    make("div", { class: "rv-map-name" }, "timestep"),
    make("div", { class: "rv-axis" }, ticks),
  );
  const tokens = labelRow(run, go);
  const node = section(
    "The whole run",
    [
      ...(tokens ? [tokens.node] : []),
      ...parts.map((part) => part.node),
      extra,
      axis,
      legend(run),
      rest.length ? others.label : null,
    ].filter(Boolean),
    "rv-run",
  );
  const update = (now) => {
    last = now;
    [...parts, more, tokens].forEach((part) => part?.update(now));
  };
  return { node, update, choose };
}

function labelRow(run, go) {
  if (!run.payload.labels || run.steps > 60) return null;
  const cells = [...Array(run.steps).keys()].map((t) =>
    make("span", { class: "rv-cell", on: { click: () => go(t) } }),
  );
  const row = make(
    "div",
    { class: "rv-cells", style: `margin-left:${(-run.first / run.columns) * 100}%` },
    cells,
  );
  const node = make(
    "div",
    { class: "rv-map-row" },
    make("div", { class: "rv-map-name" }, make("b", {}, "label")),
    make("div", {}, row),
  );
  const update = ({ t, sample }) =>
    cells.forEach((cell, i) => {
      cell.textContent = cell.title = run.label(sample, i);
      cell.classList.toggle("rv-current", i === t);
    });
  return { node, update };
}

function legend(run) {
  const bar = (stops, words) =>
    make(
      "span",
      { class: "rv-key" },
      words[0],
      make("i", { class: "rv-ramp", style: `background:linear-gradient(to right,${stops.join(",")})` }),
      words[1],
    );
  const any = (kind) => run.series.some((series) => series[kind]);
  const strange = (kind) => run.series.some((series) => series.any(kind));
  return make(
    "div",
    { class: "rv-legend" },
    bar(run.payload.colours.signed, ["negative", "positive"]),
    any("gate") ? bar(run.payload.colours.gate, ["0", "1"]) : null,
    any("whole") ? bar(run.payload.colours.whole, ["whole numbers: smallest", "largest"]) : null,
    strange("nan") ? make("span", { class: "rv-key" }, make("i", { class: "rv-nan" }), "NaN") : null,
    strange("infinite")
      ? make("span", { class: "rv-key" }, make("i", { class: "rv-infinite" }), "infinite")
      : null,
  );
}
