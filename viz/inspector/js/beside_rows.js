// A value of two runs: this run, the run beside it, and the difference, one below the other.

import { make } from "./dom.js";
import { labelled } from "./rows.js";

// Rows over time, drawn by `draw(series, name)`: one alone where there is no second run or it is the same.
export function trio(run, i, draw, series, name) {
  const own = draw(series, name);
  const pair = run.beside[i];
  if (!pair) return own;
  const { difference, second } = pair;
  const same = !difference.limit && !difference.any("nan") && !difference.any("infinite");
  const rows = same ? [own] : [own, draw(second, "beside"), draw(difference, "difference")];
  const node = make(
    "div",
    { class: "rv-trio", role: "group", "aria-label": `${name} of both runs` },
    rows.map((row) => row.node),
    same ? make("div", { class: "rv-row-name" }, `${name}: the same in both runs`) : null,
  );
  return { ...own, node, update: (now) => rows.forEach((row) => row.update(now)) };
}

// Rows of one timestep for a panel: the second run and the difference; none where there is no second run.
export function besideRows(run, i) {
  const pair = run.beside[i];
  return pair ? [labelled("beside", pair.second), labelled("difference", pair.difference)] : [];
}
