// One value of the step over all timesteps: its numbers, their scale, their pictures.

import { bitmap } from "./colours.js";
import { grouped, written } from "./numbers.js";

// One value over time, ready to be drawn and read under the pointer.
export class Series {
  // `at(sample, t, unit)` gives a number; `shape` names its units.
  constructor(
    run,
    { name, short = name, rows, columns, shape, gate = false, whole = false, fixed = false, at, first = 0 },
  ) {
    Object.assign(this, { run, name, short, rows, columns, shape, gate, whole, fixed, at, first });
    this.units = rows * columns;
    this.all = shape.reduce((product, size) => product * size, 1); // before the run was cut for size
    this.measure();
  }

  // The largest size of a number, 0 where all are 0; the ends; and for each sample what is not finite.
  measure() {
    [this.limit, this.least, this.most, this.strange] = [0, Infinity, -Infinity, []];
    const end = this.fixed ? 1 : this.run.steps;
    for (let s = 0; s < this.run.samples; s++) {
      let [nan, infinite] = [0, 0];
      for (let t = this.fixed ? 0 : this.first; t < end; t++)
        for (let u = 0; u < this.units; u++) {
          const number = this.at(s, t, u);
          if (Number.isFinite(number)) {
            if (number > this.most) this.most = number;
            if (number < this.least) this.least = number;
          } else if (Number.isNaN(number)) nan++;
          else infinite++;
        }
      this.strange.push({ nan, infinite });
    }
    if (this.least <= this.most) this.limit = Math.max(Math.abs(this.least), Math.abs(this.most));
  }

  colour(number) {
    if (Number.isNaN(number)) return 254;
    if (!Number.isFinite(number)) return 255;
    const part = this.gate
      ? number
      : this.whole
        ? (number - this.least) / (this.most - this.least || 1)
        : (number / (this.limit || 1) + 1) / 2;
    return Math.round(Math.min(1, Math.max(0, part)) * 253);
  }

  get colours() {
    return this.gate ? this.run.gateColours : this.whole ? this.run.wholeColours : this.run.signedColours;
  }

  get range() {
    if (this.gate) return "0 to 1";
    if (this.least > this.most) return "no finite number";
    if (this.whole) return `${this.write(this.least)} to ${this.write(this.most)}`;
    return this.limit ? `±${written(this.limit)}` : "all 0";
  }

  // The number of units, and of those that were kept when the run was cut for size.
  size(shown = this.units) {
    const words = `${grouped(this.all)} unit${this.all === 1 ? "" : "s"}`;
    return shown < this.all ? `first ${grouped(shown)} of ${words}` : words;
  }

  write(number) {
    return this.whole && Number.isFinite(number) ? String(number).replace("-", "−") : written(number);
  }

  any(kind) {
    return this.strange.some((sample) => sample[kind]);
  }

  warning(sample) {
    const { nan, infinite } = this.strange[sample] || this.strange[0];
    return [nan && `${grouped(nan)} NaN`, infinite && `${grouped(infinite)} infinite`]
      .filter(Boolean)
      .join(", ");
  }

  unitName(unit) {
    if (!this.shape.length) return "";
    if (this.shape.length === 1) return `[${unit}]`;
    const [row, rest] = [Math.floor(unit / this.columns), unit % this.columns];
    if (this.shape.length === 2) return `[${row}, ${rest}]`;
    return `[${row}, ${rest % this.shape[1]}, ${Math.floor(rest / this.shape[1])}]`;
  }

  // Frames one below the other, each as rows and columns: a strip shows one of them. The first and last row
  // of each frame are there twice: where a strip's edge lies between two pixels no other frame shines through.
  film(sample) {
    const [frames, rows, columns] = [this.fixed ? 1 : this.run.steps, this.rows, this.columns];
    const row = (y) => Math.min(rows - 1, Math.max(0, (y % (rows + 2)) - 1));
    return bitmap(columns, (rows + 2) * frames, this.colours, (x, y) =>
      this.colour(this.at(sample, Math.floor(y / (rows + 2)), row(y) * columns + x)),
    );
  }

  // Time from left to right, units from top to bottom; one column for the state before the first timestep.
  map(sample, units) {
    return bitmap(this.run.steps - this.first, units, this.colours, (x, y) =>
      this.colour(this.at(sample, x + this.first, y)),
    );
  }
}

// One colour scale for all of these: equal numbers have equal colours.
export function sameScale(every) {
  for (const [end, choose] of [
    ["limit", Math.max],
    ["least", Math.min],
    ["most", Math.max],
  ]) {
    const value = choose(...every.map((series) => series[end]));
    every.forEach((series) => (series[end] = value));
  }
}
