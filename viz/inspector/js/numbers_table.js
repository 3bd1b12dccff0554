// All numbers of a timestep as a table.

import { make } from "./dom.js";

// The same numbers as a table, for a screen reader and for copying.
export function numbersTable(run) {
  const columns = [];
  run.values.forEach((value, i) => {
    if (value.role === "state")
      columns.push(
        [`${value.name} before`, run.series[i]],
        [`${value.name} after`, run.after[i]],
        [`change of ${value.name}`, run.change[i]],
      );
    else if (value.role !== "inner" || value.gate) columns.push([value.name, run.series[i]]);
    else return;
    const pair = run.beside[i];
    if (pair)
      columns.push([`${value.name} ${pair.name}`, pair.second], [pair.difference.name, pair.difference]);
  });
  const rows = Math.min(128, Math.max(0, ...columns.map(([, series]) => series.units)));
  const caption = make("caption");
  const cells = [...Array(rows).keys()].map((unit) =>
    columns.map(([, series]) => (unit < series.units ? make("td") : make("td", {}, ""))),
  );
  const head = make(
    "tr",
    {},
    make("th", { scope: "col" }, "unit"),
    ...columns.map(([name]) => make("th", { scope: "col" }, name)),
  );
  const body = cells.map((row, unit) => make("tr", {}, make("th", { scope: "row" }, String(unit)), ...row));
  const table = make("table", {}, caption, make("thead", {}, head), make("tbody", {}, ...body));
  const update = (now) => {
    caption.textContent = `t = ${now.t}, sample ${run.payload.samples[now.sample]}`;
    cells.forEach((row, unit) =>
      row.forEach((cell, i) => {
        if (unit < columns[i][1].units)
          cell.textContent = columns[i][1].write(columns[i][1].at(now.sample, now.t, unit));
      }),
    );
  };
  return { node: make("div", { class: "rv-table" }, table), update };
}
