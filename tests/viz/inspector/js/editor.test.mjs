import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom_stub.mjs";
import { Clock } from "../../../../viz/inspector/js/clock.js";
import { editPanel, wholeUnit } from "../../../../viz/inspector/js/editor.js";
import { encoded, madeRun } from "./made_run.mjs";

// What the kernel's side of a widget does: it holds values and tells of changes.
function model(held = {}) {
  const values = { edits: [], answer: {}, ...held };
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
      values.answer = value;
      told["change:answer"]();
    },
  };
}

function editor(given) {
  const run = madeRun();
  const kernel = model(given);
  const panel = editPanel(run, new Clock(run, 0, () => {}), kernel);
  panel.update({ t: 1, sample: 1, unit: 1, playing: false });
  return { run, kernel, panel, box: panel.node.one("input"), undo: panel.node.all("button")[1] };
}

test("a unit is counted as in the value before it was cut for size", () => {
  assert.equal(wholeUnit({ shape: [9], columns: 4 }, 3), 3);
  // Rows of 10 numbers of which 4 are here: the second of the third row.
  assert.equal(wholeUnit({ shape: [5, 10], columns: 4 }, 2 * 4 + 1), 21);
});

test("a new value becomes an edit of the state at the timestep, sample and unit in view", () => {
  const { kernel, panel, box, run } = editor();
  assert.equal(Number(box.value), Number(run.series[1].at(1, 1, 1).toPrecision(4)));
  box.value = "2.5";
  const sent = panel.node.one("form").fire("submit");
  assert.equal(sent.prevented, true);
  assert.deepEqual(kernel.values.edits, [{ role: "state", name: "h", unit: 1, t: 1, sample: 4, value: 2.5 }]);
  assert.equal(kernel.saved, 1);
});

test("undo takes the last edit away, and can be pressed where there is one", () => {
  assert.equal(editor().undo.disabled, true);
  const { kernel, undo } = editor({ edits: ["first", "second"] });
  assert.equal(undo.disabled, false);
  undo.fire("click");
  assert.deepEqual(kernel.values.edits, ["first"]);
});

test("both futures are drawn on one scale, with their distance at the timestep", () => {
  const { kernel, panel } = editor();
  const before = run4([0, 0, 1, 1, 2, 2, 3, 3]);
  const after = run4([0, 0, 1, 1, 5, 6, 3, 3]);
  kernel.answer({ said: "Changed h.", futures: [{ mode: "free running", before, after }] });
  assert.match(panel.node.textContent, /Changed h\./);
  assert.match(panel.node.textContent, /Free running: the model reads its own outputs/);
  const away = () => panel.node.one(".rv-futures").one(".rv-value").textContent;
  assert.equal(away(), "5.000"); // (5, 6) and (2, 2) after timestep 1
  panel.update({ t: 2, sample: 1, unit: 0, playing: false });
  assert.equal(away(), "0.000");
});

// For each value of the run the numbers of one sample; only the state's are looked at.
function run4(state) {
  return Array.from({ length: 7 }, (_, v) => encoded(v === 1 ? state : Array(8).fill(0)));
}
