// Where a value is high: every timestep of every sample, found by its numbers alone.

// What the numbers of a timestep come to: the number of one unit, or the largest or smallest of all of them.
export function numberAt(series, unit, above, sample, t) {
  if (unit >= 0) return series.at(sample, t, unit);
  const numbers = [...Array(series.units).keys()].map((u) => series.at(sample, t, u));
  return above ? Math.max(...numbers) : Math.min(...numbers);
}

// A threshold between the middle and the end of the numbers that a search goes through, with two digits.
export function usualThreshold(series, unit, above) {
  const all = [];
  for (let s = 0; s < series.run.samples; s++)
    for (let t = 0; t < series.run.steps; t++) all.push(numberAt(series, unit, above, s, t));
  const finite = all.filter(Number.isFinite);
  if (!finite.length) return 0;
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return Number((above ? low + 0.75 * (high - low) : low + 0.25 * (high - low)).toPrecision(2));
}

// `{sample, t, number}` of every timestep whose number is at least the threshold, or at most; masked ones do not
// count. `unit` is -1 for any unit.
export function findTimesteps(series, { unit, above, threshold }) {
  const { run } = series;
  const found = [];
  for (let sample = 0; sample < run.samples; sample++)
    for (let t = 0; t < run.steps; t++) {
      const number = numberAt(series, unit, above, sample, t);
      const hit = above ? number >= threshold : number <= threshold;
      if (hit && !run.masked(sample, t)) found.push({ sample, t, number });
    }
  return found;
}
