import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom_stub.mjs";
import { Asking } from "../../../../viz/inspector/js/asking.js";
import { Clock } from "../../../../viz/inspector/js/clock.js";
import { keyStep, rounded } from "../../../../viz/inspector/js/drag_line.js";
import { keys, keysHelp } from "../../../../viz/inspector/js/keys.js";
import { decoded } from "../../../../viz/inspector/js/numbers.js";
import { numbersTable } from "../../../../viz/inspector/js/numbers_table.js";
import { endsPanel, readoutPanel, statesPanel } from "../../../../viz/inspector/js/panels.js";
import { runPanel } from "../../../../viz/inspector/js/run_panel.js";
import { bothRuns } from "../../../../viz/inspector/js/two_runs.js";
import { shownUnit, wholeUnit } from "../../../../viz/inspector/js/units.js";
import { element } from "./dom_stub.mjs";
import { CHANGED, EDIT, editor, G, H, model, OUTPUT, runs, SAMPLE } from "./made_editor.mjs";
import { EXPECTED, madeRun, near, sigmoid } from "./made_run.mjs";

const three = (number) => number.toFixed(3).replace("-", "−");

test("a unit is counted as in the value before it was cut for size, and back", () => {
  assert.equal(wholeUnit({ shape: [9], columns: 4 }, 3), 3);
  // Rows of 10 numbers of which 4 are here: the second of the third row.
  assert.equal(wholeUnit({ shape: [5, 10], columns: 4 }, 2 * 4 + 1), 21);
  assert.equal(shownUnit({ shape: [5, 10], columns: 4 }, 21), 2 * 4 + 1);
});

test("both runs are read from their own numbers, whichever comes first, and the difference is changed less was", () => {
  for (const changed of [false, true]) {
    const run = madeRun();
    const { payload, numbers } = bothRuns(run.payload, run.numbers, runs(), changed);
    run.take(payload, numbers);
    const [first, second] = changed ? [CHANGED, EXPECTED] : [EXPECTED, CHANGED];
    for (const s of [0, 1])
      for (const t of [0, 1, 2])
        for (const u of [0, 1]) {
          const [own, other] = [first[s][t], second[s][t]];
          assert.ok(near(run.series[H].at(s, t, u), own.h[u]));
          assert.ok(near(run.after[H].at(s, t, u), own.after[u]));
          assert.ok(near(run.series[OUTPUT].at(s, t, u), own.after[u]));
          assert.ok(near(run.series[G].at(s, t, u), sigmoid(own.z[u])));
          assert.ok(near(run.beside[H].before.at(s, t, u), other.h[u]));
          assert.ok(near(run.beside[H].second.at(s, t, u), other.after[u]));
          const gap = CHANGED[s][t].after[u] - EXPECTED[s][t].after[u];
          assert.ok(Math.abs(run.beside[H].difference.at(s, t, u) - gap) < 1e-5);
        }
    // What the first timestep handed on is as it was: the change came after it.
    assert.ok(near(run.after[H].at(SAMPLE, 0, 0), EXPECTED[SAMPLE][0].after[0]));
    assert.equal(run.beside[H].name, changed ? "as it was" : "changed");
  }
});

test("without an answer the payload is shown as it is", () => {
  const run = madeRun();
  assert.deepEqual(bothRuns(run.payload, run.numbers, undefined, true), {
    payload: run.payload,
    numbers: run.numbers,
  });
});

test("where the run without changes is not the recorded one, it is the one that was told", () => {
  const run = madeRun();
  const { beside } = runs();
  const twice = runs({ was: { ...beside, partings: [] } });
  const { payload, numbers } = bothRuns(run.payload, run.numbers, twice, false);
  run.take(payload, numbers);
  assert.ok(near(run.series[H].at(SAMPLE, 1, 0), 5));
  assert.equal(run.beside[H].difference.limit, 0);
});

test("what a timestep reads of a changed state has a scale of its own", () => {
  const run = madeRun();
  const { payload, numbers } = bothRuns(run.payload, run.numbers, runs(), true);
  run.take(payload, numbers);
  const before = CHANGED.flatMap((rows) => rows.flatMap((row) => row.h));
  assert.ok(near(run.series[H].limit, Math.max(...before.map(Math.abs))));
  assert.equal(run.beside[H].before.limit, run.series[H].limit);
  assert.equal(run.after[H].limit, run.beside[H].second.limit);
  assert.match(statesPanel(run).node.textContent, /before ±\d.*, after ±\d/);
});

test("rows, panels and table name the other run", () => {
  const run = madeRun();
  run.live = true;
  const { payload, numbers } = bothRuns(run.payload, run.numbers, runs(), false);
  run.take(payload, numbers);
  const panel = runPanel(run, new Clock(run, 0, () => {}));
  const rows = panel.node.all(".rv-trio");
  // What the change reached comes first.
  assert.deepEqual(rows.map((node) => node.getAttribute("aria-label")).slice(0, 1), [
    "h = output of both runs",
  ]); // prettier-ignore
  panel.update({ t: 1, sample: SAMPLE, unit: 1 });
  const [was, is] = [EXPECTED, CHANGED].map((every) => every[SAMPLE][1].after[1]);
  assert.deepEqual(
    rows[0].all(".rv-value").map((node) => node.textContent),
    [was, is, is - was].map(three),
  );
  assert.match(rows[0].textContent, /changed/);
  const heads = numbersTable(run)
    .node.all("th")
    .map((node) => node.textContent);
  assert.ok(heads.includes("h changed"));
  assert.equal(endsPanel(run).node.all(".rv-row").length, 3); // x; the output repeats the state
});

test("the readout says that it was changed, and what it reads later", () => {
  const run = madeRun();
  const { payload, numbers } = bothRuns(run.payload, run.numbers, runs(), true);
  run.take(payload, numbers);
  const panel = readoutPanel(run);
  panel.update({ t: 1, sample: SAMPLE, unit: 0 });
  assert.match(panel.node.textContent, /from you: it was changed here/);
  panel.update({ t: 2, sample: SAMPLE, unit: 0 });
  assert.match(panel.node.textContent, /from the run as it was/);
});

test("a typed number becomes a change of the state at the timestep, sample and unit in view", () => {
  const { kernel, panel, box, run } = editor();
  assert.equal(Number(box.value), Number(run.series[H].at(SAMPLE, 1, 1).toPrecision(4)));
  box.value = "2.5";
  const sent = panel.node.one("form").fire("submit");
  assert.equal(sent.prevented, true);
  const { ticket: _, ...wish } = kernel.values.wish;
  assert.deepEqual(wish, { change: { role: "state", name: "h", unit: 1, t: 1, sample: 4, value: 2.5 } });
  assert.equal(kernel.saved, 1);
});

test("while the kernel computes it says so and takes no other change; then both runs are shown", () => {
  const { kernel, panel, box, change, said, shown, run } = editor();
  box.value = "5";
  panel.node.one("form").fire("submit");
  assert.equal(said(), "Computing both runs …");
  assert.deepEqual(
    [panel.node, change].map((node, i) => node.getAttribute(["aria-busy", "aria-disabled"][i])),
    ["true", "true"],
  );
  assert.equal(panel.above.node.one(".rv-ring").hidden, false);
  panel.node.one("form").fire("submit");
  assert.equal(kernel.saved, 1);
  kernel.reply({ edits: [EDIT], runs: { "inputs kept": runs() }, undo: true });
  assert.equal(said(), "The runs part at t = 1.");
  assert.equal(panel.node.getAttribute("aria-busy"), "false");
  assert.equal(panel.above.node.one(".rv-ring").hidden, true);
  assert.equal(shown.length, 1);
  assert.equal(run.series[H].at(SAMPLE, 1, 0), 5); // the changed run comes first
  assert.match(panel.node.textContent, /h\[1\] at t = 1: was 0\.679, now −5\.000/);
});

test("a switch shows the run as it was or as changed", () => {
  const { kernel, panel, run } = editor();
  const [was, changed] = panel.above.node.one(".rv-switches").all("button");
  assert.equal(panel.above.node.one(".rv-switches").hidden, true); // there is one run
  kernel.answer({ edits: [EDIT], runs: { "inputs kept": runs() } });
  const pressed = () => [was, changed].map((button) => button.getAttribute("aria-pressed"));
  assert.deepEqual(pressed(), ["false", "true"]);
  was.fire("click");
  assert.deepEqual(pressed(), ["true", "false"]);
  assert.ok(near(run.series[H].at(SAMPLE, 1, 0), EXPECTED[SAMPLE][1].h[0]));
  changed.fire("click");
  assert.equal(run.series[H].at(SAMPLE, 1, 0), 5);
  kernel.answer({});
  assert.equal(run.payload.beside, undefined);
  assert.ok(near(run.series[H].at(SAMPLE, 1, 0), EXPECTED[SAMPLE][1].h[0]));
});

test("a model that cannot run freely says why, and the run whose inputs are kept stays", () => {
  const { kernel, panel, said, run } = editor();
  const missing = { "free running": "This model cannot run on its own outputs." };
  kernel.answer({ edits: [EDIT], runs: { "inputs kept": runs() }, missing });
  const choice = panel.above.node.one("select");
  choice.value = 1;
  choice.fire("change");
  assert.match(said(), /^This model cannot run on its own outputs\. Shown is/);
  assert.equal(run.series[H].at(SAMPLE, 1, 0), 5);
});

test("an error is shown in its words, and the number in view is the one that counts", () => {
  const { kernel, panel, box, said } = editor();
  box.value = "7";
  panel.node.one("form").fire("submit");
  kernel.reply({ error: "Nothing was changed. This cannot be the new value." });
  assert.equal(said(), "Nothing was changed. This cannot be the new value.");
  assert.ok(panel.above.node.one(".rv-said").classes.has("rv-error"));
  assert.ok(near(Number(box.value), Number(EXPECTED[SAMPLE][1].h[1].toPrecision(4))));
  box.value = "";
  panel.node.one("form").fire("submit");
  assert.equal(said(), "Type a number first, such as 0.5.");
  assert.equal(kernel.saved, 1);
  box.value = "8";
  panel.node.one("form").fire("submit");
  assert.equal(kernel.values.wish.change.value, 8);
  kernel.reply({});
  assert.match(said(), /^Nothing is changed yet/);
});

test("each change of the list goes where it was made, and is taken back alone; undo takes the last step back", () => {
  const { kernel, panel, clock, undo } = editor();
  assert.equal(undo.disabled, true);
  kernel.answer({ edits: [EDIT, { ...EDIT, t: 2, unit: 1 }], runs: { "inputs kept": runs() }, undo: true });
  assert.equal(undo.disabled, false);
  const items = panel.node.one(".rv-changes").all("li");
  assert.equal(items.length, 2);
  const [go, take] = items[1].all("button");
  clock.set({ t: 0, sample: 0, unit: 0 });
  go.fire("click");
  assert.deepEqual([clock.t, clock.sample, clock.unit], [2, SAMPLE, 1]);
  take.fire("click");
  assert.equal(kernel.values.wish.drop, 1);
  kernel.reply({ edits: [EDIT], runs: { "inputs kept": runs() }, undo: true });
  undo.fire("click");
  assert.equal(kernel.values.wish.undo, true);
});

test("keys move the number and take changes back, and typing in a field stays typing", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { kernel, panel, clock, box } = editor();
  const [root, field] = [element(), element("input")];
  root.append(field);
  keys(root, clock, keysHelp(true), panel.acts);
  const from = Number(box.value);
  const sent = root.fire("keydown", { key: "ArrowUp", altKey: true });
  assert.deepEqual([sent.prevented, sent.stopped], [true, true]);
  assert.equal(kernel.values.wish.preview, true);
  const { value } = kernel.values.wish.change;
  assert.ok(value > from && Number(box.value) === value);
  root.fire("keydown", { key: "ArrowUp", altKey: true }); // waits for its turn
  kernel.reply({ runs: {} });
  assert.ok(kernel.values.wish.change.value > value);
  t.mock.timers.tick(500); // no key for a while: it counts
  kernel.reply({ runs: {} });
  assert.equal(kernel.values.wish.preview, undefined);
  assert.equal(kernel.values.wish.change.t, 1);
  kernel.reply({ edits: [EDIT], runs: { "inputs kept": runs() }, undo: true });
  field.fire("keydown", { key: "z", ctrlKey: true });
  assert.equal(kernel.values.wish.undo, undefined);
  root.fire("keydown", { key: "z", ctrlKey: true });
  assert.equal(kernel.values.wish.undo, true);
  kernel.reply({ undo: true });
  root.fire("keydown", { key: "ArrowUp", altKey: true });
  kernel.reply({ runs: {}, undo: true });
  root.fire("keydown", { key: "z", ctrlKey: true }); // not chosen yet: it is left as it was
  t.mock.timers.tick(500);
  assert.deepEqual(Object.keys(kernel.values.wish), ["ticket"]);
});

test("a point is dragged: shown while it moves, chosen where it is let go, left by Escape", () => {
  const { kernel, panel, clock } = editor();
  const line = panel.node.one(".rv-drag");
  // The picture is 100 x 100: three timesteps, and the middle of the point of timestep 1.
  const range = [0, Math.max(...[0, 1, 2].map((t) => EXPECTED[SAMPLE][t].h[1]))];
  const height = (number) => 90 - (80 * (number - range[0])) / (range[1] - range[0]);
  const at = (x, number) => ({ clientX: x, clientY: height(number), button: 0 });
  const held = EXPECTED[SAMPLE][1].h[1];
  line.fire("pointerdown", at(50, held));
  line.fire("pointermove", at(50, 0.5));
  assert.equal(kernel.values.wish.preview, true);
  assert.ok(Math.abs(kernel.values.wish.change.value - 0.5) < 0.02);
  line.fire("pointermove", at(50, 0.25)); // waits
  line.fire("pointerup", at(50, 0.25));
  assert.equal(kernel.saved, 1);
  kernel.reply({ runs: {} });
  assert.equal(kernel.saved, 2);
  const { ticket: _, ...wish } = kernel.values.wish;
  assert.ok(Math.abs(wish.change.value - 0.25) < 0.02 && wish.preview === undefined);
  kernel.reply({ runs: {} });
  line.fire("pointerdown", at(50, held));
  line.fire("pointermove", at(50, 0.7));
  assert.equal(panel.acts.cancel(), true);
  kernel.reply({ runs: {} });
  assert.equal(kernel.values.wish.change, undefined); // only asks for what counts
  kernel.reply({});
  assert.equal(panel.acts.cancel(), false);
  // A press elsewhere chooses the timestep and holds nothing.
  line.fire("pointerdown", { clientX: 90, clientY: 60, button: 0 });
  line.fire("pointermove", { clientX: 90, clientY: 40 });
  assert.equal(clock.t, 2);
  assert.equal(kernel.saved, 4);
});

test("without an answer for long it says what that may mean", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { panel, box, said } = editor();
  box.value = "5";
  panel.node.one("form").fire("submit");
  t.mock.timers.tick(5000);
  assert.equal(said(), "Computing both runs …");
  t.mock.timers.tick(2000);
  assert.match(said(), /^No answer yet: .*needs the running kernel of this notebook/);
});

test("of what is asked while the kernel computes, the newest waits for its turn", () => {
  const kernel = model();
  const asking = new Asking(kernel, () => {});
  for (const number of [1, 2, 3]) asking.ask({ number });
  assert.equal(kernel.values.wish.number, 1);
  assert.equal(asking.heard({ ticket: "another page's" }), false);
  assert.equal(asking.heard({ ticket: kernel.values.wish.ticket }), true);
  assert.equal(kernel.values.wish.number, 3);
  asking.heard({ ticket: kernel.values.wish.ticket });
  assert.equal(asking.busy, false);
  clearTimeout(asking.timer);
});

test("dragged numbers have the digits that the picture tells apart, keys go in round steps", () => {
  assert.equal(rounded(0.123456, [0, 1]), 0.123);
  assert.equal(rounded(123.456, [0, 1000]), 123);
  assert.deepEqual(
    [keyStep([0, 1]), keyStep([-3, 3]), keyStep([0, 0.002]), keyStep([0, 50], true)],
    [0.05, 0.5, 0.0001, 1],
  );
});

test("numbers of both runs are one array, each where it is told", () => {
  const run = madeRun();
  const { numbers, payload } = bothRuns(run.payload, run.numbers, runs(), true);
  assert.equal(numbers.length, run.numbers.length + decoded(runs().data).length);
  assert.equal(payload.values[H].after.start >= run.numbers.length, true);
});
