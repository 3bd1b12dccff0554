import assert from "node:assert/strict";
import { test } from "node:test";
import {
  differencesAt,
  guessesAt,
  guessesPanel,
  guessRows,
  pairsOf,
  points,
} from "../../../../viz/inspector/js/guesses.js";
import "./dom_stub.mjs";
import { madeRun } from "./made_run.mjs";

const NAMES = ["<b>cat", "dog", "sat", "mat"];
// The chances of four classes: for each of two samples at three timesteps. The second sample is the same in both.
const MINE = [
  [0.5, 0.25, 0.125, 0.125],
  [0.5, 0.25, 0.125, 0.125],
  [0.0625, 0.1875, 0.25, 0.5],
];
const THEIRS = [
  [0.5, 0.25, 0.125, 0.125],
  [0.125, 0.125, 0.25, 0.5],
  [0.0625, 0.25, 0.1875, 0.5],
];
const likeliest = (row) => [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, 2);

// A run with its guesses, and those of a second one; `swapped` as an editor has them where the second comes first.
function pairRun({ swapped = false, same = false, beside = {} } = {}) {
  const [mine, theirs] = [
    [MINE, MINE],
    [same ? MINE : THEIRS, MINE],
  ];
  const numbers = [];
  const put = (rows) => numbers.push(...rows.flat(2)) - rows.flat(2).length;
  const ask = (of, by) =>
    put(of.map((rows, s) => rows.map((row, t) => likeliest(row).map((i) => by[s][t][i]))));
  const told = (of) => ({
    value: 5,
    texts: NAMES,
    count: 2,
    which: put(of.map((rows) => rows.map(likeliest))),
    chances: ask(of, of),
  });
  const first = told(mine);
  const second = { ...told(theirs), others: ask(theirs, mine), ofFirst: ask(mine, theirs) };
  const partings = [{ t: 1 }, { t: null }];
  const [own, other] = swapped ? [second, first] : [first, second];
  const run = madeRun({
    guesses: [own],
    beside: { partings, notes: [], values: {}, guesses: [other], ...beside },
  });
  run.numbers = Float32Array.from(numbers);
  return run;
}

const read = (node) =>
  node
    .all(".rv-guess")
    .filter((row) => !row.hidden)
    .map((row) => [row.one(".rv-word").textContent, row.one(".rv-value").textContent]);

test("each run has its own likeliest classes, and the chances that the other gives to them", () => {
  for (const swapped of [false, true]) {
    const run = pairRun({ swapped });
    const [{ own, second }] = pairsOf(run);
    for (const s of [0, 1])
      for (const t of [0, 1, 2]) {
        const [mine, theirs] = [MINE[t], s ? MINE[t] : THEIRS[t]];
        const expected = (row, others) =>
          likeliest(row).map((i) => ({ text: NAMES[i], chance: row[i], other: others[i] }));
        const [one, other] = swapped ? [theirs, mine] : [mine, theirs];
        assert.deepEqual(guessesAt(run, own, s, t), expected(one, other));
        assert.deepEqual(guessesAt(run, second, s, t), expected(other, one));
      }
  }
});

test("the differences are those of all classes in either list, the largest first, each class once", () => {
  const run = pairRun();
  const [pair] = pairsOf(run);
  assert.deepEqual(differencesAt(run, pair, 0, 0), []);
  assert.deepEqual(differencesAt(run, pair, 0, 1), [
    { text: "<b>cat", difference: 0.375 },
    { text: "mat", difference: -0.375 },
    { text: "dog", difference: 0.125 },
    { text: "sat", difference: -0.125 },
  ]);
  const less = pairRun({ beside: { secondLess: true } });
  assert.equal(differencesAt(less, pairsOf(less)[0], 0, 1)[0].difference, -0.375); // changed less as it was
});

test("both lists stand side by side with what differs, and one alone where nothing does", () => {
  const panel = guessesPanel(pairRun());
  const [mine, theirs, differs] = panel.node.all(".rv-guess-run");
  panel.update({ t: 1, sample: 0 });
  assert.deepEqual(
    [mine, theirs, differs].map((node) => node.getAttribute("aria-label")),
    ["this run", "beside", "difference"],
  );
  assert.deepEqual(read(mine), [
    ["<b>cat", "50 %"],
    ["dog", "25 %"],
  ]);
  assert.deepEqual(read(theirs), [
    ["mat", "50 %"],
    ["sat", "25 %"],
  ]);
  assert.deepEqual(read(differs), [
    ["<b>cat", "+38"],
    ["mat", "−38"],
  ]);
  const bars = differs
    .all(".rv-share")
    .map(({ style, classes }) => [style.marginLeft, style.width, [...classes]]);
  assert.deepEqual(bars[0], ["50%", "18.75%", []]);
  assert.deepEqual(bars[1], ["31.25%", "18.75%", ["rv-less"]]);
  panel.update({ t: 1, sample: 1 });
  assert.deepEqual([mine.hidden, theirs.hidden, differs.hidden], [false, true, true]);
  assert.ok(!panel.node.all(".rv-row-name").some((node) => node.hidden));
  assert.match(panel.node.textContent, /the same in both runs/);
});

test("the runs of an editor are called as its switch calls them", () => {
  const panel = guessesPanel(pairRun({ beside: { own: "changed", name: "as it was" } }));
  const names = panel.node.all(".rv-run-name").map((node) => node.textContent);
  assert.deepEqual(names, ["changed", "as it was", "difference, percentage points"]);
});

test("over the run each has a row, and the difference one; one row where all is the same", () => {
  const [row] = guessRows(pairRun());
  row.update({ t: 1, sample: 0 });
  const rows = row.node.all(".rv-map-row");
  const words = rows.map((node) =>
    node.all(".rv-guess-column").map((cell) => cell.all("span").map((s) => s.textContent)),
  );
  assert.deepEqual(words[0][1], ["<b>cat", "dog"]);
  assert.deepEqual(words[1][1], ["mat", "sat"]);
  assert.deepEqual(words[2], [
    ["", ""],
    ["<b>cat", "+38"],
    ["sat", "+6.3"],
  ]);
  assert.equal(
    rows[2].all(".rv-guess-column")[1].getAttribute("title"),
    "<b>cat +38\nmat −38\ndog +13\nsat −13",
  );
  const [same] = guessRows(pairRun({ same: true }));
  assert.equal(same.node.all(".rv-map-row").length, 1);
  assert.match(same.node.textContent, /output, top guesses: the same in both runs/);
});

test("a difference is written in percentage points, as exactly as it is large", () => {
  const found = [0.375, -0.0625, 0.00125, -0.00002, Number.NaN].map(points);
  assert.deepEqual(found, ["+38", "−6.3", "+0.1", "−0.002", "NaN"]);
});
