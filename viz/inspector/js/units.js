// Which units can be chosen: those of the states and outputs, which every reader of a model knows.

const OWN = ["state", "output"];

// The series whose units the list offers: the one with the most among states and outputs.
function widest(run) {
  const own = run.series.filter((_, i) => OWN.includes(run.values[i].role));
  const all = own.length ? own : run.series;
  return all.reduce((most, series) => (series.units > most.units ? series : most), all[0]);
}

export function unitsToChoose(run) {
  return widest(run)?.units ?? 1;
}

export function unitOption(run, unit) {
  const series = widest(run);
  return !series || unit >= series.units ? String(unit) : series.unitName(unit).replace(/[[\]]/g, "") || "0";
}

// The unit that is chosen by a click on unit `unit` of a series. A layer may compute the numbers of several
// gates side by side, as many for each gate as the state has units: one of them stands for its state's unit.
export function chosenUnit(run, series, unit) {
  const most = unitsToChoose(run);
  const several = series.role === "inner" && unit >= most && series.units % most === 0;
  return several ? unit % most : unit;
}

// The unit as it is counted where nothing was cut for size.
export function wholeUnit({ shape, columns }, unit) {
  if (shape.length < 2) return unit;
  const all = shape.slice(1).reduce((product, size) => product * size, 1);
  return Math.floor(unit / columns) * all + (unit % columns);
}

// The unit as it is shown, of one that is counted in whole.
export function shownUnit({ shape, columns }, unit) {
  if (shape.length < 2) return unit;
  const all = shape.slice(1).reduce((product, size) => product * size, 1);
  return Math.floor(unit / all) * columns + (unit % all);
}
