// The words of a run: what units are called, the likeliest classes of an output, attention over words.

import { make, section } from "./dom.js";
import { mapRow } from "./maps.js";
import { nameParts } from "./rows.js";

// Give each series the names of its units, where the call named them: `series.words(sample)`.
export function giveWords(run) {
  const { lists, values } = run.payload.words || { lists: [], values: {} };
  for (const [place, rows] of Object.entries(values))
    for (const series of [run.series[place], run.after[place]])
      if (series) series.words = (sample) => lists[rows[sample]];
  const answers = new Set((run.payload.guesses || []).map((guesses) => run.values[guesses.value].start));
  run.series.forEach((series, i) => (series.guessed = answers.has(run.values[i].start)));
}

const percent = (part) => `${(100 * part).toFixed(part > 0.0995 ? 0 : 1)} %`;

// The likeliest classes of an output at a timestep: `{text, chance}` each, the likeliest first.
export function guessesAt(run, guesses, sample, t) {
  const at = (sample * run.steps + t) * guesses.count;
  return [...Array(guesses.count).keys()].map((i) => ({
    text: guesses.texts[run.numbers[guesses.which + at + i]],
    chance: run.numbers[guesses.chances + at + i],
  }));
}

const SHARE = "rv-share";

// A word with a bar as long as its share.
function wordRow() {
  const [word, bar, number] = [
    make("span", { class: "rv-word" }),
    make("i", { class: SHARE }),
    make("span", { class: "rv-value" }),
  ];
  const node = make("div", { class: "rv-guess" }, word, make("span", { class: "rv-track-bar" }, bar), number);
  const write = (text, share) => {
    word.textContent = text;
    word.setAttribute("title", text);
    bar.style.width = `${Math.max(0, Math.min(1, share || 0)) * 100}%`;
    number.textContent = Number.isFinite(share) ? percent(share) : "NaN";
  };
  return { node, write };
}

// Beside the diagram: the likeliest classes of each output.
export function guessesPanel(run) {
  const every = run.payload.guesses || [];
  if (!every.length) return null;
  const parts = every.map((guesses) => {
    const rows = [...Array(guesses.count).keys()].map(wordRow);
    const { short } = run.values[guesses.value];
    const says = guesses.softmax ? "softmax of its scores" : "";
    const head = make(
      "div",
      { class: "rv-group-name" },
      make("b", { class: "rv-role-output" }, short),
      make("span", {}, says),
    );
    const update = ({ t, sample }) =>
      guessesAt(run, guesses, sample, t).forEach(({ text, chance }, i) => rows[i].write(text, chance));
    return { node: make("div", { class: "rv-group" }, head, ...rows.map((row) => row.node)), update };
  });
  return {
    node: section(
      "Top guesses",
      parts.map((part) => part.node),
      "rv-guesses",
    ),
    update: (now) => parts.forEach((part) => part.update(now)),
  };
}

const COLUMNS = 60;
const STACKED = 3;

// Over the run: the likeliest classes below each timestep, the surer the stronger their colour.
export function guessRows(run) {
  if (run.steps > COLUMNS) return [];
  return (run.payload.guesses || []).map((guesses) => guessRow(run, guesses));
}

function guessRow(run, guesses) {
  const count = Math.min(STACKED, guesses.count);
  const columns = [...Array(run.steps).keys()].map((t) => {
    const words = [...Array(count).keys()].map(() => make("span", {}));
    const node = make("span", { class: "rv-cell rv-guess-column" }, words);
    node.rvHover = () => ({ t });
    return { node, words };
  });
  const cells = columns.map((column) => column.node);
  const left = `margin-left:${(-run.first / run.columns) * 100}%`;
  const row = make("div", { class: "rv-cells", style: left }, cells);
  const { short } = run.values[guesses.value];
  const node = mapRow([...nameParts(short), make("span", {}, "top guesses")], make("div", {}, row));
  let drawn;
  const update = ({ t, sample }) => {
    if (drawn !== sample)
      columns.forEach(({ node, words }, time) => {
        const found = guessesAt(run, guesses, sample, time);
        words.forEach((word, i) => {
          word.textContent = found[i].text;
          word.style.setProperty("--rv-chance", String(found[i].chance || 0));
        });
        node.setAttribute("title", found.map(({ text, chance }) => `${text} ${percent(chance)}`).join("\n"));
      });
    drawn = sample;
    columns.forEach(({ node }, time) => node.classList.toggle("rv-here", time === t));
  };
  return { node, update };
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
