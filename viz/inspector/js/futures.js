// Two futures of a changed run beside the run as it was.

import { make } from "./dom.js";
import { heatMap } from "./maps.js";
import { decoded, written } from "./numbers.js";
import { Series, sameScale } from "./series.js";

// A series whose numbers come from another run of the same shape.
function futureSeries(run, i, numbers, name) {
  const value = run.values[i];
  const units = value.rows * value.columns;
  const later = value.role === "state" ? 1 : 0;
  const at = (_sample, t, unit) => (unit < units ? numbers[(t + later) * units + unit] : undefined);
  return new Series(run, { ...value, name, at, fixed: false, first: later ? -1 : 0 });
}

// For each future two heat maps on one scale, as it was and changed, and how far they are apart.
export function comparison(run, i, futures) {
  const { name } = run.values[i];
  const pairs = futures.map(({ mode, before, after }) => [
    mode,
    ...[before, after].map((values) => futureSeries(run, i, decoded(values[i]), name)),
  ]);
  const every = pairs.flatMap((pair) => pair.slice(1));
  sameScale(every);
  const parts = pairs.map(([mode, was, is]) => {
    const maps = [
      ["as it was", was],
      ["changed", is],
    ].map(([text, series]) => [text, heatMap(series)]);
    const away = make("span", { class: "rv-value" });
    const rows = maps.map(([text, map]) =>
      make("div", { class: "rv-row" }, make("span", { class: "rv-row-name" }, text), map.picture),
    );
    const words = make("div", { class: "rv-row-name" }, "apart at this timestep, as a distance: ", away);
    const update = (now) => {
      maps.forEach(([, map]) => map.update(now));
      const gaps = [...Array(is.units).keys()].map((unit) => is.at(0, now.t, unit) - was.at(0, now.t, unit));
      away.textContent = written(Math.hypot(...gaps));
    };
    return {
      node: make(
        "div",
        { class: "rv-future" },
        make("div", { class: "rv-heading" }, SAYS[mode] || mode),
        rows,
        words,
      ),
      update,
    };
  });
  return {
    node: make(
      "div",
      { class: "rv-futures" },
      parts.map((part) => part.node),
    ),
    update: (now) => parts.forEach((part) => part.update(now)),
  };
}

const SAYS = {
  "inputs kept": "Inputs kept: later timesteps read what they read before",
  "free running": "Free running: the model reads its own outputs",
};
