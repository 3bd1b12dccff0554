import assert from "node:assert/strict";
import { test } from "node:test";
import { readIn } from "../../../../viz/inspector/js/drag_cell.js";
import { picks } from "../../../../viz/inspector/js/hover.js";
import { keys, keysHelp } from "../../../../viz/inspector/js/keys.js";
import { statesPanel } from "../../../../viz/inspector/js/panels.js";
import { runPanel } from "../../../../viz/inspector/js/run_panel.js";
import { element } from "./dom_stub.mjs";
import { EDIT, editor, G, H, runs, SAMPLE, X } from "./made_editor.mjs";
import { EXPECTED } from "./made_run.mjs";

// The page of the made editor as far as cells are concerned: its root, and in it the whole run.
function page() {
  const made = editor();
  const { run, clock, panel } = made;
  const root = element();
  const whole = runPanel(run, clock);
  const states = statesPanel(run);
  root.append(whole.node, states.node, panel.node);
  keys(root, clock, keysHelp(true), panel.acts);
  picks(root, clock);
  panel.cells.listen(root, clock);
  const map = (name) =>
    whole.node
      .all(".rv-map-row")
      .find((row) => row.one("b")?.textContent === name)
      .one(".rv-map");
  return { ...made, root, map, states };
}

// In the pictures, all of them 100 x 100, four columns: before the first timestep, and three.
const column = (t) => 12.5 + 25 * (t + 1);
const at = (x, y, more = {}) => ({ clientX: x, clientY: y, button: 0, ...more });
const wish = (kernel) => {
  const { ticket: _, ...asked } = kernel.values.wish;
  return asked;
};

test("a cell is a number that a timestep reads: over the run a state is what the next timestep reads", () => {
  const { run } = editor();
  const cell = (series, t) => ({ series, t, unit: 1 });
  assert.deepEqual(readIn(run, cell(run.series[X], 2), true), { value: X, t: 2, unit: 1 });
  assert.deepEqual(readIn(run, cell(run.series[H], 2), false), { value: H, t: 2, unit: 1 });
  assert.deepEqual(readIn(run, cell(run.after[H], -1), true), { value: H, t: 0, unit: 1 });
  assert.deepEqual(readIn(run, cell(run.after[H], 1), true), { value: H, t: 2, unit: 1 });
  assert.equal(readIn(run, cell(run.after[H], 2), true), null); // nothing reads it
  assert.equal(readIn(run, cell(run.after[H], 1), false), null); // what it has after this timestep
  for (const series of [run.series[G], run.change[H], undefined])
    assert.equal(readIn(run, cell(series, 1), true), null);
});

test("a cell of a heat map is dragged as the point of the line is: shown while it moves, chosen where it is let go", () => {
  const { kernel, panel, clock, root, map, run } = page();
  const x = map("x = readout");
  const unit = x.rvHover(column(2) / 100, 0.4, clock).unit;
  x.fire("pointerdown", at(column(2), 40));
  x.fire("pointermove", at(column(2), 37));
  assert.equal(kernel.saved, 0); // not far enough
  x.fire("pointermove", at(column(2) + 2, 28));
  const from = EXPECTED[SAMPLE][2].x[unit];
  const numbers = EXPECTED[SAMPLE].map((row) => row.x[unit]);
  const range = Math.max(0, ...numbers) - Math.min(0, ...numbers);
  const { change, preview, mode } = wish(kernel);
  assert.deepEqual([preview, mode, change.role, change.name], [true, "inputs kept", "input", "x"]);
  assert.deepEqual([change.unit, change.t, change.sample], [unit, 2, 4]);
  assert.ok(Math.abs(change.value - (from + (12 / 120) * range)) < 0.02, `${change.value}`);
  assert.match(root.one(".rv-tip").textContent, /^x\[\d\] at t = 2: /);
  assert.equal(clock.t, 2);
  kernel.reply({ runs: { "inputs kept": runs() } });
  root.fire("pointermove", at(column(2), 16)); // the map was made anew: the page itself hears it
  root.fire("pointerup", at(column(2), 16));
  kernel.reply({ runs: {} });
  const chosen = wish(kernel);
  assert.equal(chosen.preview, undefined);
  assert.ok(Math.abs(chosen.change.value - (from + (24 / 120) * range)) < 0.02);
  assert.equal(root.one(".rv-tip").hidden, true);
  assert.equal(panel.node.one("select").value, run.values.indexOf(run.values[X]));
});

test("a cell of a state over the run is what the next timestep reads; Escape leaves it as it was", () => {
  const { kernel, clock, root, map, panel } = page();
  const h = map("h = output");
  h.fire("pointerdown", at(column(0), 50));
  h.fire("pointermove", at(column(0), 80));
  const { change } = wish(kernel);
  assert.deepEqual([change.role, change.name, change.t, clock.t], ["state", "h", 1, 1]);
  assert.ok(change.value < EXPECTED[SAMPLE][1].h[change.unit]);
  root.fire("keydown", { key: "Escape" });
  kernel.reply({ runs: {} });
  assert.deepEqual(wish(kernel), {});
  kernel.reply({});
  root.fire("pointermove", at(column(0), 20));
  root.fire("pointerup", at(column(0), 20));
  assert.equal(kernel.saved, 2);
  assert.equal(panel.acts.cancel(), false);
});

test("across a map the pointer chooses timesteps, and of what no timestep reads nothing is dragged", () => {
  const { kernel, clock, map, states } = page();
  const h = map("h = output");
  h.fire("pointerdown", at(column(0), 50));
  h.fire("pointermove", at(column(2), 58, { buttons: 1 }));
  h.fire("pointermove", at(column(2), 90, { buttons: 1 }));
  h.fire("pointerup", at(column(2), 90));
  assert.equal(clock.t, 2);
  const [before, after] = states.node.all(".rv-strip").map((node) => node.one("span"));
  const drag = (node) => {
    node.fire("pointerdown", at(50, 50));
    node.fire("pointermove", at(50, 20));
    node.fire("pointerup", at(50, 20));
  };
  drag(after);
  assert.equal(kernel.saved, 0);
  drag(before);
  kernel.reply({ runs: {} });
  const { change } = wish(kernel);
  assert.deepEqual([change.name, change.t, change.unit], ["h", 2, 0]);
});

test("the number of a cell is typed after a double click, and by keys alone that of the cell in view", () => {
  const { kernel, panel, clock, root, map, box } = page();
  const opened = [];
  panel.acts.open = () => opened.push("Change");
  map("h = output").fire("dblclick", at(column(1), 99));
  assert.deepEqual([clock.t, document.activeElement, opened.length], [2, box, 1]);
  box.value = "2.5";
  panel.node.one("form").fire("submit");
  assert.deepEqual([wish(kernel).change.name, wish(kernel).change.t], ["h", 2]);
  kernel.reply({ edits: [EDIT], runs: { "inputs kept": runs() }, undo: true });
  document.activeElement = null;
  for (const key of ["ArrowLeft", "ArrowLeft", "ArrowDown", "F2"]) root.fire("keydown", { key });
  assert.deepEqual([clock.t, document.activeElement, opened.length], [0, box, 2]);
  const help = keysHelp(true).node.textContent;
  assert.match(help, /F2type the number in view/);
  assert.doesNotMatch(keysHelp(false).node.textContent, /F2/);
});

test("while the kernel computes a choice no cell is dragged", () => {
  const { kernel, panel, box, map } = page();
  box.value = "5";
  panel.node.one("form").fire("submit");
  map("x = readout").fire("pointerdown", at(column(1), 50));
  map("x = readout").fire("pointermove", at(column(1), 10));
  assert.equal(kernel.saved, 1);
  assert.equal(wish(kernel).preview, undefined);
  kernel.reply({ runs: {} });
});
