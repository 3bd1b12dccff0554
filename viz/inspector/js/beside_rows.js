// A value of two runs: this run, the run beside it, and the difference, one below the other.

import { make } from "./dom.js";
import { unitLines } from "./pair_lines.js";
import { labelled } from "./rows.js";
import { FEW } from "./series.js";

// Rows over time, drawn by `draw(series, name, pair)`: one alone where there is no second run or it is the same.
export function trio(run, i, draw, series, name) {
  const pair = run.beside[i];
  if (!pair) return draw(series, name);
  const { difference, second } = pair;
  const same = !difference.limit && !difference.any("nan") && !difference.any("infinite");
  const own = draw(series, name, same ? null : pair);
  // Few units are lines already, and of an image or of names a line says nothing.
  const plain = same || series.units <= FEW || series.picture || series.whole;
  const lines = plain ? [] : [unitLines(run, series, pair, name)];
  const rows = same ? [own] : [...lines, own, draw(second, pair.name), draw(difference, nameOf(pair))];
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
  return pair ? [labelled(pair.name, pair.second), labelled(nameOf(pair), pair.difference)] : [];
}

function nameOf({ difference }) {
  return difference.compared ? "equal or not" : "difference";
}
