// The words of a run: what units are called, and attention over words.

import { make, section } from "./dom.js";
import { guessesAt, percent } from "./guesses.js";

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
    [...Array(series.rows).keys()].map((head) => attentionWords(run, series, value, head)),
  );
  return {
    node: section(
      "Attention",
      parts.map((part) => part.node),
      "rv-attention",
    ),
    update: (now) => parts.forEach((part) => part.update(now)),
  };
}

const ARC = { wide: 64, high: 46 };

// The words in their order, and from what the timestep is about an arc to each, as wide as its weight.
function attentionWords(run, series, value, head) {
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
  const source = make("b", { class: "rv-attends" });
  const name = series.rows > 1 ? `${value.short}, head ${head}` : value.short;
  const node = make(
    "div",
    { class: "rv-group" },
    make("div", { class: "rv-group-name" }, make("b", {}, name), source),
    picture,
    make(
      "div",
      { class: "rv-attended-words", style: `grid-template-columns:repeat(${count},minmax(0,1fr))` },
      cells.map((cell) => cell.node),
    ),
  );
  const update = ({ t, sample }) => {
    const words = series.words(sample);
    const about = saidAt(run, sample, t);
    source.textContent = `t = ${t}${about ? `, ${about}` : ""}`;
    const from = [((t + 0.5) / run.steps) * count * ARC.wide, 0];
    cells.forEach(({ word, share }, i) => {
      const weight = series.at(sample, t, head * count + i);
      word.textContent = words[i];
      word.setAttribute("title", words[i]);
      share.textContent = Number.isFinite(weight) ? percent(weight) : "NaN";
      const x = (i + 0.5) * ARC.wide;
      const bend = ARC.high * 0.6;
      arcs[i].setAttribute("d", `M${from.join()}C${from[0]},${bend} ${x},${bend * 0.4} ${x},${ARC.high}`);
      arcs[i].style.strokeWidth = `${Math.max(0, weight || 0) * 9}px`;
    });
  };
  return { node, update };
}

// What a timestep is about: its label, or else its likeliest class.
function saidAt(run, sample, t) {
  const [guesses] = run.payload.guesses || [];
  return run.label(sample, t) || (guesses ? guessesAt(run, guesses, sample, t)[0].text : "");
}
