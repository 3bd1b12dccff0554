// An editor of the made run without a kernel: what is asked of one is kept, and answered by hand.

import "./dom_stub.mjs";
import { Clock } from "../../../../viz/inspector/js/clock.js";
import { editPanel } from "../../../../viz/inspector/js/editor.js";
import { EXPECTED, encoded, madeRun } from "./made_run.mjs";

export const [X, H, Z, G, ADD, OUTPUT, READOUT] = [0, 1, 2, 3, 4, 5, 6];
export const SAMPLE = 1;

// The made run with its state before timestep 1 of the second sample set to (5, -5): before each timestep, after
// each, and the rest as it was but for what follows from it.
export const CHANGED = EXPECTED.map((rows, s) => {
  let carried = [0, 0];
  return rows.map(({ g, z, x }, t) => {
    const h = s === SAMPLE && t === 1 ? [5, -5] : carried;
    const after = h.map((number, e) => number + g[e]);
    carried = after;
    return { x, h, z, g, after };
  });
});

// What the kernel's side tells of it, as Python writes it.
export function runs(changes = {}) {
  const numbers = [];
  const put = (rows) => numbers.push(...rows.flat(3)) - rows.flat(3).length;
  const of = (name) => put(CHANGED.map((rows) => rows.map((row) => row[name])));
  const before = put(CHANGED.map((rows) => [...rows.map((row) => row.h), rows[2].after]));
  const handed = put(CHANGED.map((rows) => [rows[0].h, ...rows.map((row) => row.after)]));
  const whole = (start) => ({ start, frames: 3, lag: 0 });
  const after = { start: handed, frames: 4, lag: 0 };
  const x = whole(of("x"));
  const values = {
    [X]: x,
    [H]: { start: before, frames: 4, lag: 0, after },
    [Z]: whole(of("z")),
    [G]: whole(of("g")),
    [ADD]: { ...after, lag: 1 },
    [OUTPUT]: { ...after, lag: 1 },
    [READOUT]: x,
  };
  const partings = [
    { t: null, text: "Nothing was changed in this sample." },
    { t: 1, text: "The runs part at t = 1." },
  ];
  return {
    beside: {
      partings,
      values,
      sources: [
        [
          [0, 1, 2],
          [0, 4, 5],
        ],
      ],
    },
    data: encoded(numbers),
    ...changes,
  }; // prettier-ignore
}

export const EDIT = {
  role: "state",
  name: "h",
  unit: 0,
  t: 1,
  sample: 4,
  value: 5,
  text: "h[0] at t = 1: 0.9 to 5",
};

// What the kernel's side of a widget does: it holds values and tells of changes.
export function model(held = {}) {
  const values = { answer: {}, ...held };
  const told = {};
  return {
    values,
    saved: 0,
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
    },
    save_changes() {
      this.saved += 1;
    },
    on: (name, handler) => (told[name] = handler),
    answer(value) {
      values.answer = { edits: [], runs: {}, missing: {}, undo: false, ...value };
      told["change:answer"]();
    },
    // An answer to the last wish.
    reply(value) {
      this.answer({ ...value, ticket: values.wish.ticket });
    },
  };
}

export function editor(given) {
  const run = madeRun();
  run.live = true;
  const kernel = model(given);
  const clock = new Clock(run, SAMPLE, (now) => panel.update(now));
  const shown = [];
  const panel = editPanel(run, clock, kernel, (payload, numbers) => {
    run.take(payload, numbers);
    shown.push(payload);
    panel.update(clock);
  });
  clock.set({ t: 1, unit: 1 });
  const said = () => panel.above.node.one(".rv-said").textContent;
  const [change, undo] = panel.node.one("form").all("button");
  return { run, kernel, panel, clock, shown, said, change, undo, box: panel.node.one("input") };
}
