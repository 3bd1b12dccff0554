// The likeliest classes of an output: at a timestep, and over the run; those of a second run beside them.

import { make, section } from "./dom.js";
import { mapRow } from "./maps.js";
import { nameParts } from "./rows.js";
import { apart } from "./run.js";

export const percent = (part) => `${(100 * part).toFixed(part > 0.0995 ? 0 : 1)} %`;

// A difference of two chances, in percentage points.
export function points(difference) {
  if (!Number.isFinite(difference)) return "NaN";
  const size = 100 * Math.abs(difference);
  const digits = size >= 9.95 ? size.toFixed(0) : size >= 0.095 ? size.toFixed(1) : size.toPrecision(1);
  return `${difference < 0 ? "−" : "+"}${digits}`;
}

// The likeliest classes of an output at a timestep: `{text, chance}` each, the likeliest first; with two runs
// `other` is the chance that the other run gives to the same class.
export function guessesAt(run, guesses, sample, t) {
  const at = (sample * run.steps + t) * guesses.count;
  return [...Array(guesses.count).keys()].map((i) => ({
    text: guesses.texts[run.numbers[guesses.which + at + i]],
    chance: run.numbers[guesses.chances + at + i],
    ...(guesses.other === undefined ? {} : { other: run.numbers[guesses.other + at + i] }),
  }));
}

// For each output that chooses among classes its guesses in this run, and in a second one that has it too.
export function pairsOf(run) {
  const { guesses = [], beside } = run.payload;
  return guesses.map((own) => {
    const second = beside?.guesses?.find(({ value }) => value === own.value);
    if (!second) return { own };
    const both = second.others === undefined ? own : second; // with the chances of both runs
    const across = (one) => ({ ...one, other: one === both ? both.others : both.ofFirst });
    return { own: across(own), second: across(second) };
  });
}

// The classes among the likeliest of either run whose chances differ, those that differ most first.
export function differencesAt(run, { own, second }, sample, t) {
  const mine = guessesAt(run, own, sample, t).map(({ text, chance, other }) => [text, chance, other]);
  const theirs = guessesAt(run, second, sample, t).map(({ text, chance, other }) => [text, other, chance]);
  const known = new Set();
  const each = [...mine, ...theirs].filter((one) => known.size < known.add(one.join("/")).size);
  const { secondLess } = run.payload.beside;
  const size = ({ difference }) => (Number.isNaN(difference) ? Infinity : Math.abs(difference));
  return each
    .map(([text, one, other]) => ({ text, difference: secondLess ? apart(other, one) : apart(one, other) }))
    .filter((one) => size(one) > 0)
    .sort((one, other) => size(other) - size(one));
}

// A word with a bar, and a number.
function wordRow() {
  const [word, bar, number] = [
    make("span", { class: "rv-word" }),
    make("i", { class: "rv-share" }),
    make("span", { class: "rv-value" }),
  ];
  const node = make("div", { class: "rv-guess" }, word, make("span", { class: "rv-track-bar" }, bar), number);
  const say = (text, left, right, said) => {
    word.textContent = text;
    word.setAttribute("title", text);
    bar.style.marginLeft = `${left * 100}%`;
    bar.style.width = `${(right - left) * 100}%`;
    number.textContent = said;
  };
  // As long as the share of the word.
  const write = (text, share) =>
    say(text, 0, Math.max(0, Math.min(1, share || 0)), Number.isFinite(share) ? percent(share) : "NaN");
  // From the middle to the right where it is more, to the left where it is less.
  const differ = (text, difference) => {
    const end = 0.5 + 0.5 * Math.max(-1, Math.min(1, difference || 0));
    bar.classList.toggle("rv-less", difference < 0);
    say(text, Math.min(0.5, end), Math.max(0.5, end), points(difference));
  };
  return { node, write, differ };
}

// Rows for as many classes as there may be; those that are not there are hidden.
function wordRows(count, write) {
  const rows = [...Array(count).keys()].map(wordRow);
  const update = (found) =>
    rows.forEach((row, i) => {
      row.node.hidden = i >= found.length;
      if (found[i]) write(row, found[i]);
    });
  return { nodes: rows.map((row) => row.node), update };
}

const asShare = (row, { text, chance }) => row.write(text, chance);
const asDifference = (row, { text, difference }) => row.differ(text, difference);

function aloneIn(run, { own }) {
  const rows = wordRows(own.count, asShare);
  return { ...rows, update: ({ t, sample }) => rows.update(guessesAt(run, own, sample, t)) };
}

// Both runs side by side, and what differs; one of them where nothing does.
function bothIn(run, pair) {
  const { own, second } = pair;
  const lists = [asShare, asShare, asDifference].map((write) => wordRows(own.count, write));
  const columns = [...run.called, "difference"].map((name, i) =>
    make(
      "div",
      { class: `rv-guess-run${i === 2 ? " rv-differs" : ""}`, role: "group", "aria-label": name },
      make("div", { class: "rv-run-name" }, name, i === 2 ? make("small", {}, ", percentage points") : null),
      lists[i].nodes,
    ),
  );
  const same = make("div", { class: "rv-row-name" }, "the same in both runs");
  const update = ({ t, sample }) => {
    const found = differencesAt(run, pair, sample, t);
    lists[0].update(guessesAt(run, own, sample, t));
    lists[1].update(guessesAt(run, second, sample, t));
    lists[2].update(found.slice(0, own.count));
    columns[1].hidden = columns[2].hidden = !found.length;
    same.hidden = found.length > 0;
  };
  return { nodes: [make("div", { class: "rv-guess-runs" }, columns), same], update };
}

// Beside the diagram: the likeliest classes of each output.
export function guessesPanel(run) {
  const every = pairsOf(run);
  if (!every.length) return null;
  const parts = every.map((pair) => {
    const { own, second } = pair;
    const { nodes, update } = (second ? bothIn : aloneIn)(run, pair);
    const head = make(
      "div",
      { class: "rv-group-name" },
      make("b", { class: "rv-role-output" }, run.values[own.value].short),
      make("span", {}, own.softmax ? "softmax of its scores" : ""),
    );
    return { node: make("div", { class: "rv-group" }, head, nodes), update };
  });
  return {
    node: section(
      "Top guesses",
      parts.map((part) => part.node),
      `rv-guesses${every.some(({ second }) => second) ? " rv-of-both" : ""}`,
    ),
    update: (now) => parts.forEach((part) => part.update(now)),
  };
}

const COLUMNS = 60;
const [STACKED, STACKED_OF_BOTH] = [3, 2];

// Over the run: the likeliest classes below each timestep, the surer the stronger their colour.
export function guessRows(run) {
  if (run.steps > COLUMNS) return [];
  return pairsOf(run).map((pair) => {
    const { short } = run.values[pair.own.value];
    const words = [...nameParts(short), make("span", {}, "top guesses")];
    if (!pair.second) return cellRow(run, words, STACKED, shares(run, pair.own));
    return trioOf(run, pair, words, `${short}, top guesses`);
  });
}

// This run, the one beside it and the difference, one below the other; one row where they are the same.
function trioOf(run, pair, words, name) {
  const [samples, times] = [run.samples, run.steps].map((count) => [...Array(count).keys()]);
  const differ = (s, t) => differencesAt(run, pair, s, t);
  const same = !samples.some((s) => times.some((t) => differ(s, t).length));
  const less = (s, t) =>
    differ(s, t).map(({ text, difference }) => [
      text,
      Math.min(1, Math.abs(difference) || 0),
      points(difference),
    ]);
  const own = cellRow(run, words, STACKED_OF_BOTH, shares(run, pair.own));
  const rows = same
    ? [own]
    : [
        own,
        cellRow(run, nameParts(run.called[1]), STACKED_OF_BOTH, shares(run, pair.second)),
        cellRow(run, [make("b", {}, "difference"), make("span", {}, "the largest, in points")], 1, less),
      ];
  const node = make(
    "div",
    { class: "rv-trio", role: "group", "aria-label": `${name} of both runs` },
    rows.map((row) => row.node),
    same ? make("div", { class: "rv-row-name" }, `${name}: the same in both runs`) : null,
  );
  return { node, update: (now) => rows.forEach((row) => row.update(now)) };
}

function shares(run, guesses) {
  return (sample, t) =>
    guessesAt(run, guesses, sample, t).map(({ text, chance }) => [text, chance || 0, percent(chance)]);
}

// A row with a cell for each timestep: of what `found(sample, t)` gives, `[text, strength, number]` each, the first
// `count` texts, and in the title all of it. Of a single one the number stands below it.
function cellRow(run, words, count, found) {
  const cells = [...Array(run.steps).keys()].map((t) => {
    const lines = [...Array(Math.max(2, count)).keys()].map(() => make("span", {}));
    const node = make("span", { class: "rv-cell rv-guess-column" }, lines);
    node.rvHover = () => ({ t });
    return { node, lines };
  });
  const left = `margin-left:${(-run.first / run.columns) * 100}%`;
  const row = make(
    "div",
    { class: "rv-cells", style: left },
    cells.map((cell) => cell.node),
  );
  const node = mapRow(words, make("div", {}, row));
  let drawn;
  const update = ({ t, sample }) => {
    if (drawn !== sample)
      cells.forEach(({ node, lines }, time) => {
        const all = found(sample, time);
        const [first] = all;
        const shown = count > 1 ? all : first ? [first, [first[2], first[1]]] : [];
        lines.forEach((line, i) => {
          line.textContent = shown[i]?.[0] ?? "";
          line.style.setProperty("--rv-chance", String(shown[i]?.[1] ?? 0));
        });
        node.setAttribute("title", all.map(([text, , number]) => `${text} ${number}`).join("\n"));
      });
    drawn = sample;
    cells.forEach(({ node }, time) => node.classList.toggle("rv-here", time === t));
  };
  return { node, update };
}
