import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom_stub.mjs";
import { pairLines, rangeOf, unitLines } from "../../../../viz/inspector/js/pair_lines.js";

const RUN = { first: -1, steps: 3, columns: 4 };
const at = (numbers) => (t) => numbers[t];
const d = (picture, kind) => picture.node.one(`.${kind}`).getAttribute("d");

test("a range has 0 in it where that is near, and room where all numbers are equal", () => {
  assert.deepEqual(rangeOf([1, 3, Number.NaN]), [0, 3]);
  assert.deepEqual(rangeOf([100, 101]), [100, 101]);
  assert.deepEqual(rangeOf([-1, -3]), [-3, 0]);
  assert.deepEqual(rangeOf([2, 2]), [1, 3]);
  assert.deepEqual(rangeOf([0]), [-1, 1]);
  assert.deepEqual(rangeOf([Number.POSITIVE_INFINITY]), [-1, 1]);
});

test("both runs are lines on one scale, and what lies between them is filled", () => {
  const picture = pairLines(RUN, 0);
  picture.draw(at([0, 1, 2]), at([0, 4, 2]));
  // The greatest number, 4, stands at a tenth of the height, the least at nine tenths; t = 0 is the second column.
  assert.equal(d(picture, "rv-was"), "M1.5,90.00h0L2.5,70.00L3.5,50.00");
  assert.equal(d(picture, "rv-is"), "M1.5,90.00h0L2.5,10.00L3.5,50.00");
  assert.equal(d(picture, "rv-between"), "M1.5,90.00L2.5,70.00L3.5,50.00L3.5,50.00L2.5,10.00L1.5,90.00Z");
  assert.equal(d(picture, "rv-zero"), "M0,90.00H4");
  assert.ok(Math.abs(picture.number(picture.place(3) / 100) - 3) < 1e-9);
});

test("one run alone is one line, and equal runs have nothing between them", () => {
  const picture = pairLines(RUN, 0);
  picture.draw(at([0, 1, 2]), null);
  assert.deepEqual([d(picture, "rv-is"), d(picture, "rv-between")], ["", ""]);
  assert.equal(picture.node.one(".rv-is").getAttribute("visibility"), "hidden");
  picture.draw(at([0, 1, 2]), at([0, 1, 2]));
  assert.equal(d(picture, "rv-between"), "");
});

test("a line is broken where there is no finite number", () => {
  const picture = pairLines(RUN, 0);
  picture.draw(at([0, Number.NaN, 2]), null);
  assert.equal(d(picture, "rv-was"), "M1.5,90.00h0M3.5,10.00h0");
});

test("of many units the chosen one has a line of both runs", () => {
  // Unit u of the first run is u at every timestep, of the second one 10 u.
  const series = (factor) => ({
    first: -1,
    units: 6,
    at: (_sample, t, unit) => factor * unit + t,
    unitName: (unit) => `[${unit}]`,
    write: String,
  });
  const [own, second] = [series(1), series(10)];
  const row = unitLines(RUN, own, { second, secondLess: false }, "cell/h");
  row.update({ t: 1, sample: 0, unit: 3 });
  assert.match(row.node.textContent, /cell\/hunit \[3\] of both runs4$/);
  const places = (kind) => row.node.one(`.${kind}`).getAttribute("d").match(/[ML]/g).length;
  assert.deepEqual([places("rv-was"), places("rv-is")], [4, 4]);
  // As it was is the second run: 30 at t = 0 is above the 3 of the changed one.
  const height = (kind) => Number(row.node.one(`.${kind}`).getAttribute("d").split(/[,hL]/)[1]);
  assert.ok(height("rv-was") < height("rv-is"));
  row.update({ t: 0, sample: 0, unit: 5 });
  assert.match(row.node.textContent, /unit \[5\] of both runs5$/);
  const svg = row.node.one("svg");
  assert.deepEqual(svg.rvHover(0.3), { series: own, t: 0, unit: 5 });
});
