// The labels of the timesteps, each above its column of the run.

import { make } from "./dom.js";
import { mapRow } from "./maps.js";

// Longer runs have no room for a label at each column: there the labels around the timestep are shown.
const COLUMNS = 60;
const AROUND = 8;

export function labelRow(run) {
  if (!run.payload.labels) return null;
  return run.steps > COLUMNS ? around(run) : columns(run);
}

function cellFor(node, time) {
  node.rvHover = () => ({ t: time() });
  return node;
}

function columns(run) {
  const cells = [...Array(run.steps).keys()].map((t) =>
    cellFor(make("span", { class: "rv-cell" }, make("span", {})), () => t),
  );
  const row = make(
    "div",
    { class: "rv-cells", style: `margin-left:${(-run.first / run.columns) * 100}%` },
    cells,
  );
  const node = mapRow([make("b", {}, "label")], make("div", {}, row));
  uprightWhereNarrow(row, longest(run));
  const update = ({ t, sample }) =>
    cells.forEach((cell, i) => {
      cell.lastChild.textContent = run.label(sample, i);
      cell.setAttribute("title", run.label(sample, i));
      cell.classList.toggle("rv-current", i === t);
    });
  return { node, update };
}

function longest(run) {
  return Math.max(1, ...run.payload.labels.flat().map((label) => label.length));
}

// Labels that are wider than their columns are written upright.
function uprightWhereNarrow(row, letters) {
  if (!globalThis.ResizeObserver) return;
  const observer = new ResizeObserver(() => {
    const wide = row.clientWidth / row.childNodes.length;
    row.classList.toggle("rv-upright", wide > 0 && Math.min(letters, 24) * 6.6 + 6 > wide);
  });
  observer.observe(row);
}

function around(run) {
  const cells = [...Array(2 * AROUND + 1).keys()].map((i) => {
    const cell = make("span", { class: `rv-cell${i === AROUND ? " rv-current" : ""}` });
    return cellFor(cell, () => cell.rvTime);
  });
  const node = mapRow([make("b", {}, "label")], make("div", { class: "rv-tape" }, cells));
  const update = ({ t, sample }) =>
    cells.forEach((cell, i) => {
      const time = t - AROUND + i;
      cell.rvTime = Math.max(0, Math.min(run.steps - 1, time));
      cell.textContent = time === cell.rvTime ? run.label(sample, time) : "";
    });
  return { node, update };
}
