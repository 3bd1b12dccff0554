// The words of a run: what units are called, and attention over words; that of a second run beside it.

import { make, section } from "./dom.js";
import { guessesAt, percent, points } from "./guesses.js";

// Give each series the names of its units, where the call named them: `series.words(sample)`.
export function giveWords(run) {
  const { lists, values } = run.payload.words || { lists: [], values: {} };
  for (const [place, rows] of Object.entries(values))
    for (const series of [run.series[place], run.after[place]])
      if (series) series.words = (sample) => lists[rows[sample]];
  const answers = new Set((run.payload.guesses || []).map((guesses) => run.values[guesses.value].start));
  run.series.forEach((series, i) => (series.guessed = answers.has(run.values[i].start)));
}

// The values that share something out over named places: attention over words.
function attentions(run) {
  return run.series
    .map((series, i) => [series, run.values[i]])
    .filter(([series, value]) => series.words && value.role === "inner" && !series.guessed);
}

// Beside the diagram: the words of a memory, each with the attention that it gets at the timestep.
export function attentionPanel(run) {
  const found = attentions(run);
  if (!found.length) return null;
  const parts = found.flatMap(([series, value]) =>
    [...Array(series.rows).keys()].map((head) => attentionOfHead(run, series, value, head)),
  );
  return {
    node: section(
      "Attention",
      parts.map((part) => part.node),
      `rv-attention${parts.some(({ both }) => both) ? " rv-of-both" : ""}`,
    ),
    update: (now) => parts.forEach((part) => part.update(now)),
  };
}

// A head of it; of two runs this one, the one beside it and the difference, one picture where both are equal.
function attentionOfHead(run, series, value, head) {
  const pair = run.beside[run.series.indexOf(series)];
  const source = make("b", { class: "rv-attends" });
  const name = series.rows > 1 ? `${value.short}, head ${head}` : value.short;
  const three = pair ? [series, pair.second, pair.difference] : [series];
  const pictures = three.map((one, i) => {
    const words = attendedWords(series, one, head, i === 2 ? differs : attends);
    if (!pair) return words;
    const called = [...run.called, "difference"][i];
    const title = make(
      "div",
      { class: "rv-run-name" },
      called,
      i === 2 ? make("small", {}, " in points") : null,
    );
    const kind = `rv-attention-run${i === 2 ? " rv-differs" : ""}`;
    const node = make("div", { class: kind, role: "group", "aria-label": called }, title, words.nodes);
    return { nodes: [node], update: words.update };
  });
  const same = make("div", { class: "rv-row-name" }, "the same in both runs");
  const node = make(
    "div",
    { class: "rv-group" },
    make("div", { class: "rv-group-name" }, make("b", {}, name), source),
    pictures.flatMap(({ nodes }) => nodes),
    pair ? same : null,
  );
  const update = (now) => {
    const about = saidAt(run, now.sample, now.t);
    source.textContent = `t = ${now.t}${about ? `, ${about}` : ""}`;
    for (const picture of pictures) picture.update(now);
    if (!pair) return;
    const apart = [...Array(series.columns).keys()].some((i) => {
      const gap = pair.difference.at(now.sample, now.t, head * series.columns + i);
      return gap !== 0;
    });
    for (const { nodes } of pictures.slice(1)) nodes[0].hidden = !apart;
    same.hidden = apart;
  };
  return { node, update, both: Boolean(pair) };
}

const ARC = { wide: 64, high: 46 };

// How a word's share is written, and how wide its arc is; of a difference whether it is less.
const attends = (weight) => ({
  text: Number.isFinite(weight) ? percent(weight) : "NaN",
  width: Math.max(0, weight || 0),
});
const differs = (gap) => ({
  text: gap === 0 ? "0" : points(gap),
  width: Math.min(1, Math.abs(gap) || 0),
  less: gap < 0,
});

// The words in their order, and from what the timestep is about an arc to each, as wide as `write` says of its number
// among `numbers`.
function attendedWords(series, numbers, head, write) {
  const count = series.columns;
  const arcs = [...Array(count).keys()].map(() =>
    make("path", { class: "rv-arc", "vector-effect": "non-scaling-stroke" }),
  );
  const cells = arcs.map(() => {
    const [word, share] = [make("span", { class: "rv-word" }), make("span", { class: "rv-percent" })];
    return { word, share, node: make("span", { class: "rv-attended" }, word, share) };
  });
  const picture = make(
    "svg",
    {
      class: "rv-arcs",
      viewBox: `0 0 ${count * ARC.wide} ${ARC.high}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    arcs,
  );
  const list = make(
    "div",
    { class: "rv-attended-words", style: `grid-template-columns:repeat(${count},minmax(0,1fr))` },
    cells.map((cell) => cell.node),
  );
  const update = ({ t, sample }) => {
    const words = series.words(sample);
    const from = [((t + 0.5) / series.run.steps) * count * ARC.wide, 0];
    cells.forEach(({ word, share }, i) => {
      const { text, width, less = false } = write(numbers.at(sample, t, head * count + i));
      word.textContent = words[i];
      word.setAttribute("title", words[i]);
      share.textContent = text;
      const x = (i + 0.5) * ARC.wide;
      const bend = ARC.high * 0.6;
      arcs[i].setAttribute("d", `M${from.join()}C${from[0]},${bend} ${x},${bend * 0.4} ${x},${ARC.high}`);
      arcs[i].style.strokeWidth = `${width * 9}px`;
      arcs[i].classList.toggle("rv-less", less);
    });
  };
  return { nodes: [picture, list], update };
}

// What a timestep is about: its label, or else its likeliest class.
function saidAt(run, sample, t) {
  const [guesses] = run.payload.guesses || [];
  return run.label(sample, t) || (guesses ? guessesAt(run, guesses, sample, t)[0].text : "");
}
