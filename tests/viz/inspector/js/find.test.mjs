import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../../../viz/inspector/js/clock.js";
import { findPanel } from "../../../../viz/inspector/js/find.js";
import { findTimesteps, usualThreshold } from "../../../../viz/inspector/js/found.js";
import "./dom_stub.mjs";
import { EXPECTED, madeRun } from "./made_run.mjs";

const G = 3;
const places = [0, 1].flatMap((sample) => [0, 1, 2].map((t) => ({ sample, t })));

test("every timestep of every sample where a unit is high is found, and none that is masked", () => {
  const run = madeRun();
  for (const [unit, above] of [
    [0, true],
    [1, false],
  ]) {
    const high = (s, t) => (above ? EXPECTED[s][t].g[unit] >= 0.5 : EXPECTED[s][t].g[unit] <= 0.5);
    const expected = places.filter(({ sample, t }) => high(sample, t) && !(sample === 1 && t === 1));
    const found = findTimesteps(run.series[G], { unit, above, threshold: 0.5 });
    assert.deepEqual(
      found.map(({ sample, t }) => ({ sample, t })),
      expected,
    );
    assert.ok(found.length > 0 && found.length < 5);
  }
});

test("any unit stands for the largest of them", () => {
  const found = findTimesteps(madeRun({ mask: null }).series[G], { unit: -1, above: true, threshold: 0.6 });
  const expected = places.filter(({ sample, t }) => Math.max(...EXPECTED[sample][t].g) >= 0.6);
  assert.deepEqual(
    found.map(({ sample, t }) => ({ sample, t })),
    expected,
  );
});

test("the usual threshold lies three quarters up, whatever is no number", () => {
  const run = madeRun();
  const unit = EXPECTED.flat().map(({ g }) => g[0]);
  const [low, high] = [Math.min(...unit), Math.max(...unit)];
  assert.ok(Math.abs(usualThreshold(run.series[G], 0, true) - (low + 0.75 * (high - low))) < 0.01);
});

test("a press on what was found goes there, and its label stands on it", () => {
  const labels = [
    ["a", "b", "c"],
    ["d", "e", "<i>f"],
  ];
  const run = madeRun({ labels, mask: null });
  const clock = new Clock(run, 0, () => {});
  const panel = findPanel(run, clock);
  panel.update(clock);
  panel.node.one("input").value = "-100";
  panel.node.one("input").fire("input");
  const hits = panel.node.all(".rv-hit");
  assert.equal(hits.length, 6);
  assert.match(hits[5].textContent, /^t = 2<i>f/);
  assert.match(panel.node.textContent, /h\[0\]: 6 of 6 timesteps, in 2 of 2 samples/);
  hits[4].fire("click");
  assert.deepEqual([clock.sample, clock.t], [1, 1]);
});
