// The panels beside the diagram, each `{node, update(now)}`: states, gates, readout, mask.

import { make, section } from "./dom.js";
import { written } from "./numbers.js";
import { labelled, nameParts, warning } from "./rows.js";

export function statesPanel(run) {
  const [rows, parts] = [[], []];
  run.values.forEach((value, i) => {
    if (value.role !== "state") return;
    const three = [
      labelled("before", run.series[i]),
      labelled("after", run.after[i]),
      labelled("change", run.change[i]),
    ];
    parts.push(...three);
    const warn = warning([run.after[i], run.series[i]]);
    parts.push({ update: ({ sample }) => warn.update(sample) });
    rows.push(
      make(
        "div",
        { class: "rv-group" },
        make(
          "div",
          { class: "rv-group-name" },
          make("b", { class: "rv-role-state" }, value.name),
          make("span", {}, `${run.series[i].range}, change ${run.change[i].range}`),
          warn.node,
        ),
        ...three.map((part) => part.node),
      ),
    );
  });
  return rows.length
    ? { node: section("States", rows), update: (now) => parts.forEach((part) => part.update(now)) }
    : null;
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
        ? `largest: ${series.unitName(largest)}, ${written(numbers[largest])}`
        : "";
    };
  const parts = gates.map(([value, series]) =>
    labelled(nameParts(value.short), series, detail(value, series)),
  );
  return {
    node: section(
      "Gates and probabilities, 0 to 1",
      parts.map((part) => part.node),
      "rv-gates",
    ),
    update: (now) => parts.forEach((part) => part.update(now)),
  };
}

export const ORIGIN = ["start", "own", "truth", "both"];

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
  return parts.length
    ? {
        node: section(
          "Readout",
          parts.map((part) => part.node),
        ),
        update: (now) => parts.forEach((part) => part.update(now)),
      }
    : null;
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
