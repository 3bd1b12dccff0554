// The panels beside the diagram, each `{node, update(now)}`: states, inputs and outputs, gates, readout, mask.

import { besideRows } from "./beside_rows.js";
import { make, section } from "./dom.js";
import { written } from "./numbers.js";
import { labelled, nameParts, warning } from "./rows.js";
import { placeAfter } from "./run.js";

const MOMENTS = ["before", "after", "change"];

export function statesPanel(run) {
  const groups = run.values
    .map((value, i) => [value, [run.series[i], run.after[i], run.change[i]], i])
    .filter(([value]) => value.role === "state")
    .map(([value, three, i]) => stateGroup(value.name, three, besideRows(run, i)));
  return groups.length ? panel("States", groups, "rv-states") : null;
}

// A state before and after the timestep, and what changed; of a second run that after it, and the difference.
function stateGroup(name, three, beside) {
  const [before, after, change] = three;
  const moments = three.map((series, i) => labelled(MOMENTS[i], series));
  const rows = [...moments.slice(0, 2), ...beside, moments[2]];
  const warn = warning([after, before]);
  const head = make(
    "div",
    { class: "rv-group-name" },
    make("b", { class: "rv-role-state" }, name),
    make("span", {}, `${rangeOf(before, after)}, change ${change.range}`),
    warn.node,
  );
  const node = make(
    "div",
    { class: `rv-group${before.picture ? " rv-pictures" : ""}` },
    head,
    rows.map((row) => row.node),
  );
  const update = (now) => {
    rows.forEach((row) => row.update(now));
    warn.update(now.sample);
  };
  return { node, update };
}

// One scale for both, unless the state was changed in between.
function rangeOf(before, after) {
  return before.range === after.range ? before.range : `before ${before.range}, after ${after.range}`;
}

function panel(title, parts, kind) {
  const nodes = parts.map((part) => part.node);
  return { node: section(title, nodes, kind), update: (now) => parts.forEach((part) => part.update(now)) };
}

export function gatesPanel(run) {
  const gates = run.values
    .map((value, i) => [value, run.series[i]])
    .filter(([value]) => value.gate && value.role === "inner");
  if (!gates.length) return null;
  const detail =
    ({ opens }, series) =>
    ({ t, sample }) => {
      const numbers = [...Array(series.units).keys()].map((unit) => series.at(sample, t, unit));
      const count = (test) => numbers.filter(test).length;
      if (opens)
        return `${count((x) => x < 0.1)} shut (below 0.1), ${count((x) => x > 0.9)} open (above 0.9)`;
      // Attention weights and probabilities: values that sum to one.
      const largest = numbers.indexOf(Math.max(...numbers));
      return series.units > 1 && largest >= 0
        ? `largest: ${[series.unitName(largest), series.word(largest, sample)].filter(Boolean).join(" ")}, ${written(numbers[largest])}`
        : "";
    };
  const parts = gates.flatMap(([value, series]) => [
    labelled(nameParts(value.short), series, detail(value, series)),
    ...besideRows(run, run.series.indexOf(series)),
  ]);
  return panel("Gates and probabilities, 0 to 1", parts, "rv-gates");
}

const ORIGIN = ["start", "own", "truth", "both", "changed", "kept"];

const SAID = {
  start: "its first value: there is no output yet",
  own: "the model's own last output",
  truth: "the truth of the previous timestep (teacher forcing)",
  both: "the last output, which is equal to the truth",
  changed: "you: it was changed here",
  kept: "the run as it was: what this timestep read there",
};

export function readoutPanel(run) {
  const parts = run.values
    .map((value, i) => [value, i])
    .filter(([value]) => value.role === "readout")
    .map(([value, i], place) => {
      const chip = make("span", { class: "rv-chip" });
      const rows = [labelled(nameParts(value.short), run.series[i]), ...besideRows(run, i)];
      const update = (now) => {
        const code = ORIGIN[run.payload.sources[place][now.sample][now.t]];
        chip.className = `rv-chip rv-chip-${code}`;
        chip.textContent = `from ${SAID[code]}`;
        rows.forEach((row) => row.update(now));
      };
      const nodes = rows.map((row) => row.node);
      return { node: make("div", { class: "rv-group" }, nodes[0], chip, nodes.slice(1)), update };
    });
  return parts.length ? panel("Readout", parts, "rv-readout") : null;
}

export function maskPanel(run) {
  if (!run.payload.mask) return null;
  const text = make("p", { class: "rv-note" });
  const update = ({ t, sample }) => {
    text.textContent = run.masked(sample, t)
      ? "This timestep is masked: it is as if it was not there. States and readout stay as they were."
      : "This timestep counts.";
  };
  return { node: section("Mask", text), update };
}

// What the timestep reads and returns. An output that is a state is shown among the states.
export function endsPanel(run) {
  const states = run.values.filter((value) => value.role === "state");
  const second = (value) => run.payload.beside?.values[run.values.indexOf(value)];
  const follows = (one, other) => {
    const { start, lag } = one ? placeAfter(one) : {};
    return start === other?.start && lag + 1 === other?.lag;
  };
  const repeats = (value) =>
    value.role === "output" &&
    states.some(
      (state) => follows(state, value) && (!second(value) || follows(second(state), second(value))),
    );
  const rows = run.values
    .map((value, i) => [value, run.series[i]])
    .filter(([value]) => ["input", "output"].includes(value.role) && !repeats(value))
    .flatMap(([value, series]) => [
      labelled(nameOf(value), series),
      ...besideRows(run, run.series.indexOf(series)),
    ]);
  return rows.length ? panel("Input and output", rows, "rv-ends") : null;
}

function nameOf(value) {
  return make("b", { class: `rv-role-${value.role}` }, value.short);
}
