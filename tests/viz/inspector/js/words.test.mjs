import assert from "node:assert/strict";
import { test } from "node:test";
import { filmRow, framesOf } from "../../../../viz/inspector/js/film_row.js";
import { guessesAt, guessesPanel, guessRows } from "../../../../viz/inspector/js/guesses.js";
import { heatMap } from "../../../../viz/inspector/js/maps.js";
import { decoded } from "../../../../viz/inspector/js/numbers.js";
import { Series } from "../../../../viz/inspector/js/series.js";
import { attentionPanel, giveWords } from "../../../../viz/inspector/js/words.js";
import "./dom_stub.mjs";
import { encoded, madeRun, payload } from "./made_run.mjs";

const now = { t: 1, sample: 0, unit: 0 };

// The made run, whose numbers from `which` on are the places of guesses, and then their chances.
function wordyRun() {
  const run = madeRun({
    words: { lists: [["<b>cat", "dog"]], values: { 3: [0, 0], 5: [0, 0] } },
    guesses: [{ value: 5, texts: ["<b>cat", "dog"], count: 2, which: 0, chances: 12, softmax: true }],
  });
  const which = [0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1];
  const chances = Array(6).fill([0.75, 0.25]).flat();
  run.numbers = Float32Array.from([...which, ...chances]);
  giveWords(run);
  return run;
}

test("the likeliest classes of a timestep come with their chances, the likeliest first", () => {
  const run = wordyRun();
  const [guesses] = run.payload.guesses;
  assert.deepEqual(guessesAt(run, guesses, 0, 1), [
    { text: "dog", chance: 0.75 },
    { text: "<b>cat", chance: 0.25 },
  ]);
  assert.equal(guessesAt(run, guesses, 1, 2)[0].text, "<b>cat");
});

test("the guesses have bars as long as their chances, beside the diagram and over the run", () => {
  const run = wordyRun();
  const panel = guessesPanel(run);
  panel.update(now);
  assert.deepEqual(
    panel.node.all(".rv-word").map((word) => word.textContent),
    ["dog", "<b>cat"],
  );
  assert.deepEqual(
    panel.node.all(".rv-share").map((bar) => bar.style.width),
    ["75%", "25%"],
  );
  assert.match(panel.node.textContent, /softmax of its scores/);
  const [row] = guessRows(run);
  row.update(now);
  const columns = row.node.all(".rv-guess-column");
  assert.equal(columns.length, 3);
  assert.deepEqual(
    columns.map((column) => column.one("span").textContent),
    ["<b>cat", "dog", "<b>cat"],
  );
  assert.deepEqual(
    columns.map((column) => column.classes.has("rv-here")),
    [false, true, false],
  );
  assert.equal(guessesPanel(madeRun()), null);
});

test("attention is shown over the words that it is shared out over", () => {
  const run = wordyRun();
  const panel = attentionPanel(run);
  run.series[3].at = (_s, _t, unit) => [0.125, 0.875][unit];
  panel.update(now);
  assert.equal(panel.node.all(".rv-attended").length, 2);
  assert.match(panel.node.textContent, /<b>cat13 %dog88 %|<b>cat12 %dog88 %/);
  assert.equal(panel.node.all(".rv-arc").length, 2);
  assert.deepEqual(
    panel.node.all(".rv-arc").map((arc) => arc.style.strokeWidth),
    ["1.125px", "7.875px"],
  );
  assert.match(panel.node.textContent, /t = 1, dog/); // what the timestep says
  assert.equal(attentionPanel(madeRun()), null);
});

// The made run with a second one beside it, whose gates are attention: the same at the first timestep, and then other.
function attendingRuns(more = {}) {
  const words = { lists: [["<b>cat", "dog"]], values: { 3: [0, 0] } };
  const start = decoded(payload().data).length;
  const second = [0.5, 0.5, 0.25, 0.75, 0.5, 0.5];
  const numbers = [...decoded(payload().data), ...second, ...second];
  const beside = { partings: [], notes: [], values: { 3: { start, frames: 3, lag: 0 } }, ...more };
  const run = madeRun({ words, beside, data: encoded(numbers) });
  giveWords(run);
  const own = [
    [0.5, 0.5],
    [0.875, 0.125],
    [0.5, 0.5],
  ];
  run.series[3].at = (_s, t, unit) => own[t][unit];
  return run;
}

test("attention of two runs is shown for both with the difference, and once where they are equal", () => {
  const panel = attentionPanel(attendingRuns());
  const runs = panel.node.all(".rv-attention-run");
  assert.deepEqual(
    runs.map((node) => node.getAttribute("aria-label")),
    ["this run", "beside", "difference"],
  );
  const read = (node) => node.all(".rv-percent").map((share) => share.textContent);
  panel.update(now);
  assert.deepEqual(runs.map(read), [
    ["88 %", "13 %"],
    ["25 %", "75 %"],
    ["+63", "−63"],
  ]);
  const arcs = runs[2]
    .all(".rv-arc")
    .map(({ style, classes }) => [style.strokeWidth, classes.has("rv-less")]);
  assert.deepEqual(arcs, [
    ["5.625px", false],
    ["5.625px", true],
  ]);
  const shown = () => runs.map((node) => !node.hidden);
  assert.deepEqual(shown(), [true, true, true]);
  assert.equal(panel.node.one(".rv-row-name").hidden, true);
  panel.update({ ...now, t: 0 });
  assert.deepEqual(shown(), [true, false, false]);
  assert.equal(panel.node.one(".rv-row-name").hidden, false);
  assert.match(panel.node.textContent, /the same in both runs/);
});

test("the attention of an editor's runs is called as its switch calls them, changed less as it was", () => {
  const panel = attentionPanel(attendingRuns({ own: "as it was", name: "changed", secondLess: true }));
  panel.update(now);
  const runs = panel.node.all(".rv-attention-run");
  assert.deepEqual(
    runs.map((node) => node.one(".rv-run-name").textContent),
    ["as it was", "changed", "difference in points"],
  );
  assert.equal(runs[2].one(".rv-percent").textContent, "−63");
});

test("the lines of classes bear their names", () => {
  const map = heatMap(wordyRun().series[5]);
  map.update(now);
  assert.match(map.node.textContent, /<b>catdog/);
});

test("an image is a strip of small pictures over time, of which one is chosen", () => {
  const run = {
    steps: 3,
    samples: 1,
    first: 0,
    columns: 3,
    signedColours: [],
    gateColours: [],
    wholeColours: [],
    masked: () => false,
  };
  const at = (_s, t, unit) => 10 * t + unit;
  const series = new Series(run, { name: "h", rows: 2, columns: 4, shape: [2, 2, 2], at });
  const row = filmRow(series);
  row.update({ t: 1, sample: 0, unit: 6 });
  const frames = row.node.all(".rv-film-frame");
  assert.deepEqual(
    frames.map((frame) => frame.all("svg").length),
    [2, 2, 2],
  );
  assert.deepEqual(
    frames.map((frame) => frame.classes.has("rv-here")),
    [false, true, false],
  );
  const found = frames[2].all("svg")[1].rvHover(0.1, 0.9);
  assert.deepEqual([found.t, found.unit], [2, 6]); // row 1, the first column of the second channel
  const marks = frames[1].all(".rv-unit").map((mark) => mark.attributes.visibility);
  assert.deepEqual(marks, ["hidden", "visible"]);
});

test("a long run has a picture at every so many timesteps", () => {
  assert.deepEqual(framesOf(-1, 3), [-1, 0, 1, 2]);
  const times = framesOf(0, 200);
  assert.deepEqual([times.length, times[1], times.at(-1)], [40, 5, 195]);
});

test("words that were not given change nothing", () => {
  const run = madeRun(payload());
  giveWords(run);
  assert.equal(run.series[3].word(0, 0), "");
});
