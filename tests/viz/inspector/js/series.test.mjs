import assert from "node:assert/strict";
import { test } from "node:test";
import { Series, sameScale } from "../../../../viz/inspector/js/series.js";

// One sample, two timesteps, as many units as `frames` has numbers in a row.
function series(frames, given = {}) {
  const columns = frames[0].length;
  const run = { steps: frames.length, samples: 1, signedColours: [], gateColours: [], wholeColours: [] };
  const own = { name: "model/h", rows: 1, columns, shape: [columns], at: (_s, t, unit) => frames[t][unit] };
  return new Series(run, { ...own, ...given });
}

test("colours are symmetric around 0, by the largest size", () => {
  const one = series([
    [-4, 0],
    [2, 1],
  ]);
  assert.deepEqual(
    [-4, 0, 4, 2].map((number) => one.colour(number)),
    [0, 127, 253, 190],
  );
  assert.equal(one.range, "±4.000");
});

test("a gate is drawn from 0 to 1 and whole numbers from the smallest to the largest", () => {
  const gate = series([[0.2, 0.4]], { gate: true });
  assert.deepEqual(
    [0, 1, 2, -1].map((number) => gate.colour(number)),
    [0, 253, 253, 0],
  );
  const whole = series([[3, 13]], { whole: true });
  assert.deepEqual([whole.colour(3), whole.colour(13), whole.range], [0, 253, "3 to 13"]);
  assert.deepEqual([gate.range, whole.write(-7)], ["0 to 1", "−7"]);
});

test("NaN and infinity have colours of their own, are counted, and do not set the scale", () => {
  const one = series([[Number.NaN, 2, Number.POSITIVE_INFINITY, Number.NaN]]);
  assert.deepEqual([one.colour(Number.NaN), one.colour(-Infinity), one.limit], [254, 255, 2]);
  assert.equal(one.warning(0), "2 NaN, 1 infinite");
  assert.deepEqual([one.any("nan"), series([[1]]).any("nan")], [true, false]);
  assert.equal(series([[Number.NaN]]).range, "no finite number");
});

test("numbers that are all 0 lie in the middle", () => {
  const one = series([[0, 0]]);
  assert.deepEqual([one.colour(0), one.range], [127, "all 0"]);
});

test("a unit is named by its place in the value", () => {
  assert.equal(series([[1]], { shape: [] }).unitName(0), "");
  assert.equal(series([[1, 2]]).unitName(1), "[1]");
  const matrix = series([[...Array(6).keys()]], { rows: 2, columns: 3, shape: [2, 3] });
  assert.equal(matrix.unitName(4), "[1, 1]");
  const cube = series([[...Array(12).keys()]], { rows: 2, columns: 6, shape: [2, 3, 2] });
  assert.equal(cube.unitName(11), "[1, 2, 1]"); // rows of two channels, side by side
});

test("the size says how many units there were before the run was cut", () => {
  assert.equal(series([[1]]).size(), "1 unit");
  assert.equal(series([[1, 2]], { shape: [2000] }).size(), "first 2 of 2,000 units");
});

test("one scale for several series spans them all", () => {
  const every = [series([[-1, 2]]), series([[5, 0]])];
  sameScale(every);
  for (const one of every) assert.deepEqual([one.limit, one.least, one.most], [5, -1, 5]);
});

test("a film shows each frame's first and last row twice", () => {
  const one = series(
    [
      [0, 1],
      [0.25, 0.5],
    ],
    { gate: true, rows: 2, columns: 1, shape: [2, 1] },
  );
  const bytes = Buffer.from(one.film(0).split(",")[1], "base64");
  const rows = [...bytes.subarray(1078)].filter((_, i) => i % 4 === 0);
  assert.deepEqual(rows, [0, 0, 253, 253, 63, 63, 127, 127]);
});

test("a map has a column for each timestep", () => {
  const one = series(
    [
      [0, 1],
      [1, 0],
      [1, 1],
    ],
    { gate: true },
  );
  const bytes = Buffer.from(one.map(0, 2).split(",")[1], "base64").subarray(1078);
  assert.deepEqual([...bytes], [0, 253, 253, 0, 253, 0, 253, 0]);
});
