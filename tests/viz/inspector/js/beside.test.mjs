import assert from "node:assert/strict";
import { test } from "node:test";
import { besideRows, trio } from "../../../../viz/inspector/js/beside_rows.js";
import { Clock } from "../../../../viz/inspector/js/clock.js";
import { heatMap } from "../../../../viz/inspector/js/maps.js";
import { decoded } from "../../../../viz/inspector/js/numbers.js";
import { numbersTable } from "../../../../viz/inspector/js/numbers_table.js";
import { endsPanel, statesPanel } from "../../../../viz/inspector/js/panels.js";
import { partingMark, partingNote } from "../../../../viz/inspector/js/parting.js";
import { strip } from "../../../../viz/inspector/js/rows.js";
import { runPanel } from "../../../../viz/inspector/js/run_panel.js";
import "./dom_stub.mjs";
import { EXPECTED, encoded, madeRun, near, payload } from "./made_run.mjs";

const [X, H, OUTPUT] = [0, 1, 5];
const three = (number) => number.toFixed(3).replace("-", "−");
const PARTINGS = [
  { t: 1, text: "The runs part at timestep 1." },
  { t: null, text: "The two runs are the same." },
];

// The state of the second run: at the start 10, then 20 more a frame, for both samples and units; an output of
// its own, twice the state after a timestep; an input that is the same.
const state = (frame) => 10 + 20 * frame;
function beside(values) {
  const given = payload();
  const numbers = [...decoded(given.data)];
  const start = numbers.length;
  for (const _ of [0, 1]) for (const frame of [0, 1, 2, 3]) numbers.push(state(frame), state(frame));
  for (const _ of [0, 1]) for (const t of [0, 1, 2]) numbers.push(2 * state(t + 1), 2 * state(t + 1));
  const sent = {
    [X]: { start: given.values[X].start, frames: 3, lag: 0 },
    [H]: { start, frames: 4, lag: 0 },
    [OUTPUT]: { start: start + 16, frames: 3, lag: 0 },
  };
  const second = { said: "a trace", notes: [], partings: PARTINGS, values: { ...sent, ...values } };
  return madeRun({ data: encoded(numbers), beside: second });
}

test("the second run is read from its own numbers, and the difference is this run less the second", () => {
  const run = beside();
  for (const s of [0, 1])
    for (const t of [0, 1, 2]) {
      const { after } = EXPECTED[s][t];
      assert.equal(run.beside[H].second.at(s, t, 1), state(t + 1));
      assert.equal(run.beside[OUTPUT].second.at(s, t, 1), 2 * state(t + 1));
      assert.ok(Math.abs(run.beside[H].difference.at(s, t, 0) - (after[0] - state(t + 1))) < 1e-4);
    }
  assert.equal(run.beside[H].second.at(0, -1, 0), 10); // before the first timestep
  assert.ok(near(run.beside[H].difference.at(0, -1, 0), -10));
});

test("both runs of a value have one scale, the difference has its own", () => {
  const run = beside();
  const { second, difference } = run.beside[H];
  assert.deepEqual([run.series[H].limit, run.after[H].limit, second.limit], [70, 70, 70]);
  assert.ok(difference.limit < 70 && difference.limit > 60);
});

test("without a second run nothing stands beside", () => {
  const run = madeRun();
  assert.deepEqual(run.beside, [null, null, null, null, null, null, null]);
  assert.deepEqual(besideRows(run, H), []);
  const row = trio(run, H, heatMap, run.after[H], "h");
  assert.equal(row.node.getAttribute("class"), "rv-map-row");
  assert.deepEqual([partingNote(run, null), partingMark(run, String)], [null, null]);
});

test("a value has three rows over time, and one where both runs are the same", () => {
  const run = beside();
  const row = trio(run, H, heatMap, run.after[H], "h");
  row.update({ t: 1, sample: 0, unit: 1 });
  const { after } = EXPECTED[0][1];
  assert.deepEqual(
    row.node.all(".rv-value").map((node) => node.textContent),
    [after[1], state(2), after[1] - state(2)].map(three),
  );
  const same = trio(run, X, heatMap, run.series[X], "x");
  assert.equal(same.node.all(".rv-map-row").length, 1);
  assert.match(same.node.textContent, /x: the same in both runs/);
});

test("of whole numbers, which name things, it is said whether they are equal, and nothing is subtracted", () => {
  const given = payload();
  const start = decoded(given.data).length;
  const [mine, theirs] = [
    [3, 12, 7],
    [3, 12, 9],
  ];
  const ids = { rows: 1, columns: 1, shape: [], whole: true, frames: 3 };
  const values = given.values.map((value, i) => (i === X ? { ...value, ...ids, start, name: "ids" } : value));
  const second = {
    said: "",
    notes: [],
    partings: PARTINGS,
    values: { [X]: { start: start + 6, frames: 3, lag: 0 } },
  };
  const data = encoded([...decoded(given.data), ...mine, ...mine, ...theirs, ...mine]);
  const run = madeRun({ values, beside: second, data });
  const row = trio(run, X, heatMap, run.series[X], "ids");
  const [, , compared] = row.node.all(".rv-map-row");
  assert.match(compared.textContent, /^equal or not/);
  const cells = strip(run.beside[X].difference);
  const said = [0, 1, 2].map((t) => {
    for (const part of [row, cells]) part.update({ t, sample: 0, unit: 0 });
    return [compared.one(".rv-value").textContent, cells.node.textContent];
  });
  assert.deepEqual(said, [
    ["equal", "="],
    ["equal", "="],
    ["differs", "≠"],
  ]);
  const heads = numbersTable(run).node.all("th");
  assert.ok(heads.some((node) => node.textContent === "ids compared"));
  assert.deepEqual([run.beside[X].difference.range, compared.all(".rv-line").length], ["equal or not", 0]);
});

test("an output that is a state in this run alone has rows of its own", () => {
  const named = (run) =>
    runPanel(run, new Clock(run, 0, () => {}))
      .node.all(".rv-trio")
      .map((node) => node.getAttribute("aria-label"));
  assert.deepEqual(named(beside()), ["x of both runs", "h of both runs", "output of both runs"]);
  const { start } = beside().payload.beside.values[H];
  const alike = beside({ [OUTPUT]: { start, frames: 4, lag: 1 } });
  assert.deepEqual(named(alike), ["x of both runs", "h = output of both runs"]);
  assert.equal(endsPanel(beside()).node.all(".rv-row").length, 6);
  assert.equal(endsPanel(alike).node.all(".rv-row").length, 3);
});

test("the states' panel has the second run after the timestep, and the difference", () => {
  const panel = statesPanel(beside());
  panel.update({ t: 1, sample: 0, unit: 1 });
  const { h, after } = EXPECTED[0][1];
  assert.deepEqual(
    panel.node.all(".rv-value").map((node) => node.textContent),
    [h[1], after[1], state(2), after[1] - state(2), after[1] - h[1]].map(three),
  );
});

test("the table has the second run and the difference", () => {
  const table = numbersTable(beside());
  table.update({ t: 1, sample: 0 });
  const names = table.node
    .one("thead")
    .all("th")
    .map((node) => node.textContent);
  const row = table.node.one("tbody").all("tr")[1].all("td");
  const cell = (name) => row[names.indexOf(name) - 1].textContent;
  const { after } = EXPECTED[0][1];
  assert.equal(names.length, 1 + 3 + 5 + 3 + 2); // the unit; x, h and the output of both; g and the readout
  assert.equal(cell("h after"), three(after[1]));
  assert.equal(cell("h beside"), three(state(2)));
  assert.equal(cell("difference of output"), three(after[1] - 2 * state(2)));
});

test("the parting is that of the sample, and the button goes there", () => {
  const run = beside();
  const clock = new Clock(run, 0, () => {});
  const [note, mark] = [partingNote(run, clock), partingMark(run, (t) => `${t}0%`)];
  for (const part of [note, mark]) part.update({ sample: 0 });
  assert.match(note.node.textContent, /Beside this run: a trace. The runs part at timestep 1./);
  assert.deepEqual([mark.node.hidden, mark.node.style.left], [false, "10%"]);
  note.node.one("button").fire("click");
  assert.equal(clock.t, 1);
  for (const part of [note, mark]) part.update({ sample: 1 });
  assert.match(note.node.textContent, /The two runs are the same./);
  assert.deepEqual([mark.node.hidden, note.node.one("button").hidden], [true, true]);
});
