// The panels beside the diagram, each `{node, update(now)}`: states, inputs and outputs, gates, readout, mask.

import { make, section } from "./dom.js";
import { written } from "./numbers.js";
import { labelled, nameParts, warning } from "./rows.js";

const MOMENTS = ["before", "after", "change"];

export function statesPanel(run) {
  const groups = run.values
    .map((value, i) => [value, [run.series[i], run.after[i], run.change[i]]])
    .filter(([value]) => value.role === "state")
    .map(([value, three]) => stateGroup(value.name, three));
  return groups.length ? panel("States", groups, "rv-states") : null;
}

// A state before and after the timestep, and what changed.
function stateGroup(name, three) {
  const [before, after, change] = three;
  const rows = three.map((series, i) => labelled(MOMENTS[i], series));
  const warn = warning([after, before]);
  const head = make(
    "div",
    { class: "rv-group-name" },
    make("b", { class: "rv-role-state" }, name),
    make("span", {}, `${before.range}, change ${change.range}`),
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
  const parts = gates.map(([value, series]) =>
    labelled(nameParts(value.short), series, detail(value, series)),
  );
  return panel("Gates and probabilities, 0 to 1", parts, "rv-gates");
}

const ORIGIN = ["start", "own", "truth", "both"];

const SAID = {
  start: "its first value: there is no output yet",
  own: "the model's own last output",
  truth: "the truth of the previous timestep (teacher forcing)",
  both: "the last output, which is equal to the truth",
};

export function readoutPanel(run) {
  const parts = run.values
    .map((value, i) => [value, i])
    .filter(([value]) => value.role === "readout")
    .map(([value, i], place) => {
      const chip = make("span", { class: "rv-chip" });
      const row = labelled(nameParts(value.short), run.series[i]);
      const update = (now) => {
        const code = ORIGIN[run.payload.sources[place][now.sample][now.t]];
        chip.className = `rv-chip rv-chip-${code}`;
        chip.textContent = `from ${SAID[code]}`;
        row.update(now);
      };
      return { node: make("div", { class: "rv-group" }, row.node, chip), update };
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
  const repeats = (value) =>
    value.role === "output" &&
    states.some((state) => state.start === value.start && state.lag + 1 === value.lag);
  const rows = run.values
    .map((value, i) => [value, run.series[i]])
    .filter(([value]) => ["input", "output"].includes(value.role) && !repeats(value))
    .map(([value, series]) => labelled(nameOf(value), series));
  return rows.length ? panel("Input and output", rows, "rv-ends") : null;
}

function nameOf(value) {
  return make("b", { class: `rv-role-${value.role}` }, value.short);
}
