// A run as Python hands it over: its numbers decoded, one series a value.

import { ramp } from "./colours.js";
import { Look } from "./look.js";
import { decoded } from "./numbers.js";
import { Series, sameScale } from "./series.js";

// The first less the second; what is NaN or infinite in both is the same.
export function apart(one, other) {
  return one === other || (Number.isNaN(one) && Number.isNaN(other)) ? 0 : one - other;
}

// Where a value's numbers are after each timestep: those that it has before the next one, but for a state that
// was changed in between.
export function placeAfter({ start, frames, lag, after }) {
  return after ?? { start, frames, lag };
}

// A payload, decoded.
export class Run {
  constructor(payload) {
    this.look = new Look(payload.views);
    this.take(payload, decoded(payload.data));
  }

  // Read another payload of the same layer: what is open in the diagram stays open.
  take(payload, numbers) {
    Object.assign(this, { payload, numbers, steps: payload.steps, samples: payload.samples.length });
    this.look.forget();
    this.signedColours = ramp(payload.colours.signed);
    this.gateColours = ramp(payload.colours.gate);
    this.wholeColours = ramp(payload.colours.whole);
    // `key` is the name in the trace, `name` what a person says.
    this.values = payload.values.map((value) => ({
      ...value,
      key: value.name,
      name: value.said ?? value.name,
    }));
    this.first = this.values.some((value) => value.role === "state") ? -1 : 0;
    this.columns = this.steps - this.first;
    this.series = this.values.map((value) => this.read(value, value.name, 0));
    this.after = this.values.map((value, i) => {
      const like = this.wasChanged(i) ? null : this.series[i];
      return value.role === "state" && this.read(value, value.name, 1, like);
    });
    this.change = this.values.map((value, i) => value.role === "state" && this.difference(value, i));
    this.beside = this.values.map((value, i) => this.readBeside(value, i));
  }

  // Whether timesteps of one of the runs read a state that was changed: the new numbers may be of any size, so what
  // timesteps read has a scale of its own.
  wasChanged(i) {
    return Boolean(this.values[i].after || this.payload.beside?.values[i]?.after);
  }

  // The same value of the second run and how far both are apart, of a state after each timestep; `before` is what
  // timesteps read of it. Null where there is no second run or it has no such value.
  readBeside(value, i) {
    const sent = this.payload.beside?.values[i];
    if (!sent) return null;
    const { secondLess = false } = this.payload.beside;
    const [, name] = this.called;
    const own = this.after[i] || this.series[i];
    const given = { ...value, after: undefined, ...sent };
    const second = this.read(given, value.name, value.role === "state" ? 1 : 0);
    const before = value.role === "state" ? this.read(given, value.name, 0) : second;
    const [read, made] = [
      [this.series[i], before],
      [own, second],
    ];
    for (const every of this.wasChanged(i) ? [read, made] : [[...read, ...made]]) sameScale(every);
    const at = (...place) => {
      const both = [own.at(...place), second.at(...place)];
      return apart(...(secondLess ? both.reverse() : both));
    };
    // Whole numbers name things, as token ids do: of them it says whether they are equal.
    const compared = Boolean(value.whole);
    const called = compared ? `${value.name} compared` : `difference of ${value.name}`;
    const plain = { ...value, name: called, gate: false, whole: false, compared };
    const less = compared ? (...place) => Number(at(...place) !== 0) : at;
    const difference = new Series(this, { ...plain, at: less, first: own.first });
    return { name, second, before, secondLess, difference };
  }

  // What this run and the second one are called where both are shown.
  get called() {
    const { own = "this run", name = "beside" } = this.payload.beside ?? {};
    return [own, name];
  }

  read(value, name, later, like) {
    const units = value.rows * value.columns;
    const { start, frames, lag } = later ? placeAfter(value) : value;
    const at = (sample, t, unit) => {
      const frame = value.fixed ? 0 : t + lag + later;
      return unit < units ? this.numbers[start + (sample * frames + frame) * units + unit] : undefined;
    };
    const series = new Series(this, { ...value, name, at, first: later ? -1 : 0 });
    if (like) sameScale([like, series]); // before and after
    return series;
  }

  difference(value, i) {
    const at = (sample, t, unit) => this.after[i].at(sample, t, unit) - this.series[i].at(sample, t, unit);
    return new Series(this, { ...value, name: `change of ${value.name}`, gate: false, whole: false, at });
  }

  masked(sample, t) {
    return this.payload.mask ? !this.payload.mask[sample][t] : false;
  }

  label(sample, t) {
    return this.payload.labels ? this.payload.labels[sample][t] : "";
  }

  source(readout, sample, t) {
    return this.payload.sourceNames[this.payload.sources[readout][sample][t]];
  }
}
