import assert from "node:assert/strict";
import { test } from "node:test";
import inspector from "../../../../viz/inspector/js/main.js";
import { numbersTable } from "../../../../viz/inspector/js/numbers_table.js";
import { gatesPanel, maskPanel, readoutPanel, statesPanel } from "../../../../viz/inspector/js/panels.js";
import { element, nextFrame } from "./dom_stub.mjs";
import { EXPECTED, madeRun, payload } from "./made_run.mjs";

const now = { t: 1, sample: 0, unit: 1, playing: false };
const three = (number) => number.toFixed(3).replace("-", "−");

test("the states' panel has the chosen unit before and after the timestep, and its change", () => {
  const panel = statesPanel(madeRun());
  panel.update(now);
  const { h, after } = EXPECTED[0][1];
  const numbers = panel.node.all(".rv-value").map((node) => node.textContent);
  assert.deepEqual(numbers, [three(h[1]), three(after[1]), three(after[1] - h[1])]);
});

test("the gates' panel counts what is open and what is shut", () => {
  const panel = gatesPanel(madeRun());
  panel.update({ ...now, t: 0 });
  const open = EXPECTED[0][0].g.filter((g) => g > 0.9).length;
  const shut = EXPECTED[0][0].g.filter((g) => g < 0.1).length;
  assert.deepEqual([open, shut], [1, 0]);
  assert.equal(panel.node.one(".rv-detail").textContent, "0 shut (below 0.1), 1 open (above 0.9)");
});

test("weights name the largest in place of a count", () => {
  const given = payload();
  given.values[3].opens = false;
  const panel = gatesPanel(madeRun({ values: given.values }));
  panel.update({ ...now, t: 0 });
  assert.equal(panel.node.one(".rv-detail").textContent, `largest: [0], ${three(EXPECTED[0][0].g[0])}`);
});

test("the readout's panel says where the readout came from", () => {
  const panel = readoutPanel(madeRun());
  const said = (sample, t) => {
    panel.update({ ...now, sample, t });
    return panel.node.one(".rv-chip").textContent;
  };
  assert.match(said(0, 0), /first value/);
  assert.match(said(0, 1), /own last output/);
  assert.match(said(0, 2), /teacher forcing/);
  assert.match(said(1, 2), /equal to the truth/);
});

test("the mask's panel tells the timesteps that count, and there is none without a mask", () => {
  const panel = maskPanel(madeRun());
  panel.update({ ...now, sample: 1 });
  assert.match(panel.node.textContent, /is masked/);
  panel.update(now);
  assert.match(panel.node.textContent, /counts/);
  assert.equal(maskPanel(madeRun({ mask: null })), null);
});

test("the table has every number of the timestep", () => {
  const table = numbersTable(madeRun());
  table.update(now);
  assert.deepEqual(
    table.node.all("th").map((head) => head.textContent),
    ["unit", "x", "h before", "h after", "change of h", "g", "output", "readout", "0", "1"],
  );
  const { x, h, after, g } = EXPECTED[0][1];
  const row = [x[1], h[1], after[1], after[1] - h[1], g[1], after[1], x[1]].map(three);
  assert.deepEqual(
    table.node
      .all("td")
      .slice(7)
      .map((cell) => cell.textContent),
    row,
  );
});

test("the whole inspector is built from a payload, and its buttons step through time", () => {
  const el = element();
  const stop = inspector.render({ model: { get: (name) => ({ payload: payload() })[name] }, el });
  nextFrame(0);
  const time = () => el.one(".rv-now").textContent;
  const press = (name) =>
    el
      .all("button")
      .find((button) => button.attributes["aria-label"] === name)
      .fire("click");
  assert.equal(time(), "t = 0 of 2");
  press("Next timestep");
  assert.equal(time(), "t = 1 of 2");
  press("Last timestep");
  press("Next timestep");
  assert.equal(time(), "t = 2 of 2");
  assert.equal(el.one(".rv-slider").value, 2);
  stop();
});
