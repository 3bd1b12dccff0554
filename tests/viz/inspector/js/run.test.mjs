import assert from "node:assert/strict";
import { test } from "node:test";
import { EXPECTED, encoded, madeRun, near, payload } from "./made_run.mjs";

const run = madeRun();
const [X, H, Z, G, ADD, OUTPUT] = [0, 1, 2, 3, 4, 5];
const PLACES = [0, 1].flatMap((s) => [0, 1, 2].flatMap((t) => [0, 1].map((unit) => [s, t, unit])));

test("each value is read from its own place, by sample, timestep and unit", () => {
  for (const [s, t, unit] of PLACES)
    for (const [v, name] of [
      [X, "x"],
      [H, "h"],
      [Z, "z"],
      [G, "g"],
    ])
      assert.ok(near(run.series[v].at(s, t, unit), EXPECTED[s][t][name][unit]), `${name} ${s} ${t} ${unit}`);
});

test("a state after a timestep is the state before the next one", () => {
  for (const [s, t, unit] of PLACES) {
    assert.ok(near(run.after[H].at(s, t, unit), EXPECTED[s][t].after[unit]));
    if (t < 2) assert.equal(run.after[H].at(s, t, unit), run.series[H].at(s, t + 1, unit));
  }
  assert.equal(run.after[H].at(0, -1, 0), 0); // before the first timestep
});

test("a value with a lag reads the numbers of a state, one frame later", () => {
  for (const [s, t, unit] of PLACES)
    for (const v of [ADD, OUTPUT]) assert.equal(run.series[v].at(s, t, unit), run.after[H].at(s, t, unit));
});

test("a change is the state after less the state before", () => {
  for (const [s, t, unit] of PLACES)
    assert.ok(near(run.change[H].at(s, t, unit), EXPECTED[s][t].after[unit] - EXPECTED[s][t].h[unit]));
  assert.equal(run.change[X], false);
});

test("a state has one scale before and after", () => {
  const largest = Math.max(...EXPECTED.flat().flatMap((row) => row.after));
  assert.ok(near(run.series[H].limit, largest) && run.series[H].limit === run.after[H].limit);
});

test("a unit that was cut away has no number", () => {
  assert.equal(run.series[X].at(0, 0, 2), undefined);
});

test("a fixed value is the same at every timestep", () => {
  const given = payload();
  Object.assign(given.values[0], { fixed: true, frames: 1, start: 0 });
  const numbers = madeRun({ values: given.values, data: encoded([5, 6, 7, 8, ...Array(90).fill(0)]) })
    .series[0];
  assert.deepEqual(
    [0, 1, 2].map((t) => numbers.at(1, t, 1)),
    [8, 8, 8],
  );
});

test("masks, labels and readout sources are those of the sample and the timestep", () => {
  assert.deepEqual([run.masked(1, 1), run.masked(0, 1)], [true, false]);
  assert.deepEqual([run.source(0, 0, 2), run.source(0, 1, 2)], ["truth", "both"]);
  assert.equal(run.label(0, 0), "");
  const labels = [
    ["a", "b", "c"],
    ["d", "e", "f"],
  ];
  assert.equal(madeRun({ labels }).label(1, 2), "f");
  assert.equal(madeRun({ mask: null }).masked(1, 1), false);
});
