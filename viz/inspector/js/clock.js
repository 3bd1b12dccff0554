// Which timestep, sample and unit is shown, and playing through the timesteps.

import { unitsToChoose } from "./units.js";

export class Clock {
  constructor(run, first, changed) {
    Object.assign(this, { run, t: 0, sample: first, unit: 0, playing: false, speed: 3, changed, rate: null });
  }

  go(t) {
    const inside = Math.max(0, Math.min(this.run.steps - 1, t));
    if (inside !== this.t) this.set({ t: inside });
  }

  // A unit of those that states and outputs have.
  chooseUnit(unit) {
    const inside = Math.max(0, Math.min(unitsToChoose(this.run) - 1, unit));
    if (inside !== this.unit) this.set({ unit: inside });
  }

  set(change) {
    Object.assign(this, change);
    this.changed(this);
  }

  play(on) {
    this.playing = on && this.run.steps > 1;
    if (this.playing && this.t === this.run.steps - 1) this.t = 0;
    this.changed(this);
    let [last, due] = [performance.now(), 0];
    const tick = (time) => {
      if (!this.playing || this.alive?.() === false) return;
      due += ((time - last) / 1000) * this.speed;
      last = time;
      const whole = Math.floor(due);
      due -= whole;
      if (whole) this.go(this.t + whole);
      if (this.t === this.run.steps - 1) return this.play(false);
      requestAnimationFrame(tick);
    };
    if (this.playing) requestAnimationFrame(tick);
  }
}
