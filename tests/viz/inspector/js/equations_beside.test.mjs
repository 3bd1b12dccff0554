import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom_stub.mjs";
import { decoded } from "../../../../viz/inspector/js/numbers.js";
import { workedNumbers } from "../../../../viz/inspector/js/worked_numbers.js";
import { BIAS, EXPECTED, encoded, madeRun, payload, sigmoid, W } from "./made_run.mjs";

const three = (number) => number.toFixed(3).replace("-", "−");

// A second run of the made one, from another first state: its input, and so z and the gate, are the same.
const START = [3, -2];
const STATES = EXPECTED.map((sample) => {
  const states = [START];
  for (const { g } of sample) states.push(g.map((number, e) => states.at(-1)[e] + number));
  return states;
});

function shown(now, beside = {}) {
  const given = payload();
  const numbers = [...decoded(given.data)];
  const h = numbers.push(...STATES.flat(2)) - STATES.flat(2).length;
  const values = Object.fromEntries(
    given.values.map(({ start, frames, lag }, v) => [v, { start, frames, lag }]),
  );
  for (const [v, lag] of [
    [1, 0],
    [4, 1],
    [5, 1],
  ])
    values[v] = { start: h, frames: 4, lag };
  const second = { said: "another", notes: [], partings: [{ t: -1 }, { t: -1 }], values, ...beside };
  const run = madeRun({ data: encoded(numbers), beside: second });
  run.look.open.add(1);
  const { panel, update } = workedNumbers(run);
  update({ t: 0, sample: 0, unit: 0, ...now });
  return panel.all(".rv-equation").map((line) => line.all(".rv-worked-line").map((one) => one.textContent));
}

test("where the numbers differ the second run has a line of its own, else there is one", () => {
  for (const [sample, t, unit] of [
    [0, 0, 0],
    [0, 2, 1],
    [1, 2, 0],
  ]) {
    const { h, g, after } = EXPECTED[sample][t];
    const [before, then] = [STATES[sample][t][unit], STATES[sample][t + 1][unit]];
    const own = h[unit] === 0 ? "" : `= ${three(h[unit])} + ${three(g[unit])} `;
    const [z, gate, sum] = shown({ sample, t, unit });
    assert.deepEqual([z.length, gate.length], [1, 1]);
    assert.ok(z[0].startsWith("= ") && gate[0].startsWith("= σ("), z);
    assert.deepEqual(sum, [
      `this run ${own}= ${three(after[unit])}`,
      `beside = ${three(before)} + ${three(g[unit])} = ${three(then)}`,
    ]);
  }
});

test("the runs of an editor are called as its switch calls them", () => {
  const [, , sum] = shown({}, { own: "as it was", name: "changed" });
  assert.deepEqual(
    sum.map((line) => line.split(" =")[0]),
    ["as it was", "changed"],
  );
});

test("what other weights gave is written as a number, without the weights of this run", () => {
  const given = payload();
  const numbers = [...decoded(given.data)];
  const z = [1.5, -0.5];
  const values = Object.fromEntries(
    given.values.map(({ start, frames, lag }, v) => [v, { start, frames, lag }]),
  );
  values[2] = { start: numbers.length, frames: 3, lag: 0 };
  values[3] = { start: numbers.length + 12, frames: 3, lag: 0 };
  for (let i = 0; i < 6; i++) numbers.push(...z);
  for (let i = 0; i < 6; i++) numbers.push(...z.map(sigmoid));
  const beside = { said: "", notes: [], partings: [{ t: 0 }, { t: 0 }], values, unlike: [2, 4] };
  const run = madeRun({ data: encoded(numbers), beside });
  run.look.open.add(1);
  const { panel, update } = workedNumbers(run);
  update({ t: 0, sample: 0, unit: 0 });
  const lines = panel
    .all(".rv-equation")
    .map((line) => line.all(".rv-worked-line").map((one) => one.textContent));
  const { x, z: own, g } = EXPECTED[0][0];
  assert.deepEqual(lines[0], [
    `this run = ${three(W[0][0])} · ${three(x[0])} + ${three(W[1][0])} · ${three(x[1])} + ${three(BIAS[0])} = ${three(own[0])}`,
    "beside = 1.500",
  ]);
  assert.deepEqual(lines[1], [
    `this run = σ(${three(own[0])}) = ${three(g[0])}`,
    `beside = σ(1.500) = ${three(sigmoid(1.5))}`,
  ]);
  assert.equal(lines[2].length, 1); // the sum: its numbers are those of this run
});

test("a value that the second run has not leaves its result alone, and one line where that is not there", () => {
  const given = payload();
  const { start, frames, lag } = given.values[2];
  const [z, gate, sum] = shown({}, { values: { 3: { start, frames, lag } } });
  assert.deepEqual([z.length, sum.length], [1, 1]);
  assert.deepEqual(gate[1], `beside = ${three(EXPECTED[0][0].z[0])}`);
});
