import assert from "node:assert/strict";
import { test } from "node:test";
import { legend } from "../../../../viz/inspector/js/legend.js";
import { heatMap } from "../../../../viz/inspector/js/maps.js";
import { short } from "../../../../viz/inspector/js/numbers.js";
import { inRow, pictures } from "../../../../viz/inspector/js/pictures.js";
import { strip } from "../../../../viz/inspector/js/rows.js";
import { Series } from "../../../../viz/inspector/js/series.js";
import "./dom_stub.mjs";
import { EXPECTED, madeRun } from "./made_run.mjs";

const now = { t: 1, sample: 0, unit: 1 };

test("up to four units are numbers on their colours, in a panel and in a box", () => {
  const run = madeRun();
  const written = EXPECTED[0][1].g.map((number) => number.toFixed(3));
  const row = strip(run.series[3]);
  row.update(now);
  assert.deepEqual(
    row.node.all("span").map((cell) => cell.textContent),
    written,
  );
  const box = strip(run.series[3], { x: 0, y: 0, width: 80, height: 13 });
  box.update(now);
  assert.deepEqual(
    box.node.all("text").map((cell) => cell.textContent),
    written,
  );
  assert.deepEqual(
    box.node.all("g").map((cell) => cell.classes.has("rv-chosen")),
    [false, true],
  );
});

test("a number is written as exactly as its room allows, and never as another number", () => {
  const texts = [
    [0.12345, 5, "0.123"],
    [-0.12345, 6, "−0.123"],
    [-0.12345, 5, "−.123"],
    [-0.12345, 3, "−.1"],
    [-0.584, 2, ""],
    [-0.174, 2, ""],
    [0.584, 2, ".6"],
    [0.584, 1, ""],
    [0, 1, "0"],
    [12.34, 2, "12"],
    [-0.0001, 5, ".000"],
    [123.456, 5, "123.5"],
    [7, 3, "7"],
    [123456, 4, "1e5"],
    [Number.NaN, 3, "NaN"],
    [-Infinity, 2, "−∞"],
  ];
  for (const [number, letters, text] of texts) assert.equal(short(number, letters), text);
});

test("a few units are lines over time that keep to their numbers, and a press is for the nearest", () => {
  const run = madeRun();
  const map = heatMap(run.series[3]);
  map.update(now);
  const lines = map.node.all("path").filter((path) => path.attributes.class.startsWith("rv-line rv-line"));
  assert.equal(lines.length, 2);
  const heights = lines.map((line) =>
    [...line.attributes.d.matchAll(/[ML]([\d.]+),([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
  );
  [0, 1].forEach((unit) =>
    heights[unit].forEach(([x, y], t) => {
      assert.equal(x, t + 1.5); // one column stands for the state before the first timestep
      assert.ok(Math.abs(y - (92 - 84 * EXPECTED[0][t].g[unit])) < 0.01); // from 0 at 92 to 1 at 8
    }),
  );
  const at = (y) => map.node.one(".rv-map").rvHover(0.6, y, now).unit;
  const higher = EXPECTED[0][1].g[0] > EXPECTED[0][1].g[1] ? 0 : 1;
  assert.deepEqual([at(0), at(1)], [higher, 1 - higher]);
});

test("fitted scales go from the smallest to the largest number, and say so", () => {
  const run = madeRun();
  const series = run.series[3];
  const map = heatMap(series);
  const button = legend(run, { changed: () => map.update(now) }).one("button");
  map.update(now);
  assert.match(map.node.textContent, /2 units, 0 to 1(?!.*fitted)/);
  button.fire("click");
  assert.deepEqual([series.colour(series.least), series.colour(series.most)], [0, 253]);
  assert.match(map.node.textContent, new RegExp(`${series.least.toFixed(3)} to .*, fitted`));
  assert.equal(button.attributes["aria-pressed"], "true");
  button.fire("click");
  assert.deepEqual([series.colour(0), series.colour(1)], [0, 253]);
});

function image(channels) {
  const run = { steps: 2, samples: 1, signedColours: [], gateColours: [], wholeColours: [] };
  const at = (_s, t, unit) => t * 100 + unit;
  const columns = 3 * channels;
  return new Series(run, { name: "h", rows: 2, columns, shape: [2, 3, channels], at });
}

test("an image is shown as square pixels, its channels side by side with a gap", () => {
  const series = image(2);
  assert.ok(series.picture);
  const made = pictures(series, { x: 0, y: 0, width: 70, height: 20 });
  made.update({ t: 1, sample: 0, unit: 10 });
  const windows = made.node.all("svg");
  assert.deepEqual(
    windows.map(({ attributes: { x, width, height, viewBox } }) => [x, width, height, viewBox]),
    [
      ["0", "3", "2", "0 5 3 2"],
      ["4", "3", "2", "3 5 3 2"],
    ],
  );
  const markers = made.node.all(".rv-unit").map(({ attributes: a }) => [a.visibility, a.x, a.y]);
  assert.deepEqual(markers[1], ["visible", "5", "1"]); // row 1, column 4: the second channel's second pixel
  assert.equal(markers[0][0], "hidden");
  const frame = made.node.all(".rv-picture-frame")[1];
  assert.deepEqual(frame.rvHover(0.5, 0.9, { t: 1 }).unit, 10);
});

test("channels stand in as many rows as make their pixels largest", () => {
  assert.equal(inRow(4, 8, 8, { width: 100, height: 100 }), 2);
  assert.equal(inRow(4, 8, 8, { width: 400, height: 50 }), 4);
  assert.equal(inRow(1, 8, 8, { width: 40, height: 50 }), 1);
});
