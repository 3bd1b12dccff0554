// A run as Python hands it over: its numbers decoded, one series a value.

import { ramp } from "./colours.js";
import { Look } from "./look.js";
import { decoded } from "./numbers.js";
import { Series, sameScale } from "./series.js";

// The first less the second; what is NaN or infinite in both is the same.
function apart(one, other) {
  return one === other || (Number.isNaN(one) && Number.isNaN(other)) ? 0 : one - other;
}

// A payload, decoded.
export class Run {
  constructor(payload) {
    Object.assign(this, { payload, steps: payload.steps, samples: payload.samples.length });
    this.look = new Look(payload.views);
    this.numbers = decoded(payload.data);
    this.signedColours = ramp(payload.colours.signed);
    this.gateColours = ramp(payload.colours.gate);
    this.wholeColours = ramp(payload.colours.whole);
    // `key` is the name in the trace, `name` what a person says.
    this.values = payload.values.map((value) => ({
      ...value,
      key: value.name,
      name: value.said ?? value.name,
    }));
    this.series = this.values.map((value) => this.read(value, value.name, 0));
    this.after = this.values.map(
      (value, i) => value.role === "state" && this.read(value, value.name, 1, this.series[i]),
    );
    this.change = this.values.map((value, i) => value.role === "state" && this.difference(value, i));
    this.beside = this.values.map((value, i) => this.readBeside(value, i));
  }

  // The same value of the second run and how far this run is from it, of a state after each timestep; null
  // where there is no second run or it has no such value.
  readBeside(value, i) {
    const sent = this.payload.beside?.values[i];
    if (!sent) return null;
    const own = this.after[i] || this.series[i];
    const second = this.read({ ...value, ...sent }, value.name, value.role === "state" ? 1 : 0);
    sameScale([this.series[i], own, second]);
    const at = (...place) => apart(own.at(...place), second.at(...place));
    const given = { ...value, name: `difference of ${value.name}`, gate: false, whole: false };
    return { second, difference: new Series(this, { ...given, at, first: own.first }) };
  }

  read(value, name, later, like) {
    const units = value.rows * value.columns;
    const at = (sample, t, unit) => {
      const frame = value.fixed ? 0 : t + value.lag + later;
      return unit < units
        ? this.numbers[value.start + (sample * value.frames + frame) * units + unit]
        : undefined;
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
