// What the page asks of the kernel, one thing at a time, and whether it waits for an answer.

// Without an answer for so long, in milliseconds, the page says what that means; it goes on waiting.
const LONG = 6000;

export class Asking {
  // `changed()` is called when it begins to wait, when it stops, and when it has waited for long.
  constructor(model, changed) {
    Object.assign(this, { model, changed, waiting: null, next: null, late: false, count: 0 });
    this.view = Math.random().toString(36).slice(2);
  }

  get busy() {
    return this.waiting !== null;
  }

  // While a number is dragged the page asks again and again: only the newest wish waits for its turn.
  ask(wish) {
    if (this.busy) {
      this.next = wish;
      return;
    }
    this.count += 1;
    this.waiting = `${this.view}-${this.count}`;
    this.late = false;
    this.timer = setTimeout(() => {
      this.late = true;
      this.changed();
    }, LONG);
    this.timer.unref?.();
    this.model.set("wish", { ...wish, ticket: this.waiting });
    this.model.save_changes();
    this.changed();
  }

  // An answer came: whether it is the one that this page waits for.
  heard({ ticket }) {
    if (!this.busy || ticket !== this.waiting) return false;
    clearTimeout(this.timer);
    Object.assign(this, { waiting: null, late: false });
    const { next } = this;
    this.next = null;
    if (next) this.ask(next);
    else this.changed();
    return true;
  }
}
