// One value of the step over all timesteps: its numbers, their scale, their pictures.

import { bitmap, ink } from "./colours.js";
import { grouped, short, written } from "./numbers.js";

// Up to so many units are shown as numbers and as lines over time, more as colours.
export const FEW = 4;

// One value over time, ready to be drawn and read under the pointer.
export class Series {
  // `at(sample, t, unit)` gives a number; `shape` names its units.
  constructor(
    run,
    {
      name,
      short = name,
      role = "inner",
      rows,
      columns,
      shape,
      gate = false,
      whole = false,
      fixed = false,
      compared = false,
      at,
      first = 0,
    },
  ) {
    Object.assign(this, { run, name, short, role, rows, columns, shape, gate, whole, fixed, at, first });
    this.compared = compared; // whether its numbers say that both runs have the same, 0, or not, 1
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

  // Whether the scale is that of its own numbers where it could be the fixed one from 0 to 1.
  get fitted() {
    return Boolean(this.gate && this.run.fitted && this.least < this.most);
  }

  // The numbers at both ends of the scale.
  get ends() {
    if (this.gate && !this.fitted) return [0, 1];
    if (this.gate || this.whole) return this.least > this.most ? [0, 1] : [this.least, this.most];
    return [-this.limit, this.limit];
  }

  // Where a number lies on the scale, from 0 to 1.
  part(number) {
    if (!this.gate && !this.whole) return (number / (this.limit || 1) + 1) / 2;
    const [low, high] = this.ends;
    return (number - low) / (high - low || 1);
  }

  colour(number) {
    if (Number.isNaN(number)) return 254;
    if (!Number.isFinite(number)) return 255;
    return Math.round(Math.min(1, Math.max(0, this.part(number))) * 253);
  }

  // A number's colour, and that of letters on it, as a style sheet writes them.
  paint(number) {
    const [red, green, blue] = this.colours[this.colour(number)] || [255, 255, 255];
    return { paper: `rgb(${red},${green},${blue})`, ink: ink(red, green, blue) };
  }

  // What a picture of the run depends on: it is drawn anew where this changes.
  look(sample) {
    return `${sample}${this.fitted ? " fitted" : ""}`;
  }

  // Whether it is shown as pictures: its last axes are the rows and columns of an image.
  get picture() {
    return this.rows > 1 && this.shape.length > 1 && this.frameWidth <= 12 * this.rows;
  }

  // An image's columns, and its channels, which lie side by side.
  get frameWidth() {
    return this.shape.length === 3 ? Math.min(this.shape[1], this.columns) : this.columns;
  }

  get channels() {
    return Math.max(1, Math.floor(this.columns / this.frameWidth));
  }

  get colours() {
    return this.gate ? this.run.gateColours : this.whole ? this.run.wholeColours : this.run.signedColours;
  }

  get range() {
    if (this.compared) return this.limit ? "equal or not" : "all equal";
    if (this.fitted) return `${written(this.least)} to ${written(this.most)}, fitted`;
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
    if (this.compared) return number ? "differs" : "equal";
    return this.whole && Number.isFinite(number) ? String(number).replace("-", "−") : written(number);
  }

  // A number in the cell of a picture, in at most so many letters.
  writeShort(number, letters) {
    return this.compared ? (number ? "≠" : "=") : short(number, letters);
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

  // What a unit is called, "" where it has no name.
  word(unit, sample) {
    return this.words?.(sample)?.[unit % this.columns] ?? "";
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
