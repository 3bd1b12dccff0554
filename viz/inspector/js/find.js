// Find: when is a unit high? Every timestep of every sample where it is, with its label.

import { make, select } from "./dom.js";
import { findTimesteps, usualThreshold } from "./found.js";
import { grouped } from "./numbers.js";

// More buttons than this are too many to read.
const MOST = 300;
const [CHOSEN, ANY] = [-2, -1];

export function findPanel(run, clock) {
  const every = () => run.values.map((value, i) => (value.role === "state" ? run.after[i] : run.series[i]));
  const all = every();
  const order = ["state", "output", "inner", "readout", "input"];
  const choices = run.values
    .map((value, i) => [i, value.name, order.indexOf(value.role)])
    .filter(([i, , rank]) => rank >= 0 && !all[i].fixed && (run.values[i].role !== "inner" || all[i].gate))
    .sort(([, , a], [, , b]) => a - b);
  if (!choices.length)
    return {
      node: make("p", { class: "rv-note" }, "Nothing changes in this run."),
      update() {},
      refresh() {},
    };
  const what = select("when is", choices, () => restart());
  const which = select(
    "which",
    [
      [CHOSEN, "the chosen one"],
      [ANY, "any"],
    ],
    () => restart(),
  );
  const side = select(
    "",
    [
      [1, "at least"],
      [0, "at most"],
    ],
    () => restart(),
  );
  side.node.setAttribute("aria-label", "at least or at most");
  const box = make("input", {
    type: "number",
    step: "any",
    "aria-label": "Threshold",
    on: { input: () => show() },
  });
  const said = make("p", { class: "rv-note", role: "status" });
  const results = make("div", { class: "rv-found" });
  let [unit, hits, now] = [0, [], clock];
  const series = () => every()[Number(what.node.value)];
  const searched = () => {
    if (Number(which.node.value) === ANY && series().units > 1) return ANY;
    return Math.min(unit, series().units - 1);
  };
  const above = () => Number(side.node.value) === 1;
  const restart = () => {
    box.value = usualThreshold(series(), searched(), above());
    show();
  };
  const show = () => {
    const threshold = Number(box.value);
    const found =
      box.value === "" ? [] : findTimesteps(series(), { unit: searched(), above: above(), threshold });
    said.textContent = sentence(run, series(), searched(), found);
    hits = found.slice(0, MOST).map((hit) => hitButton(run, series(), hit, clock));
    results.replaceChildren(...bySample(run, hits));
    mark();
  };
  const mark = () =>
    hits.forEach(({ node, hit }) => {
      node.classList.toggle("rv-current", hit.t === now.t && hit.sample === now.sample);
    });
  const update = (next) => {
    now = { t: next.t, sample: next.sample };
    const changed = unit !== next.unit || box.value === "" || box.value === undefined;
    unit = next.unit;
    if (changed) restart();
    else mark();
  };
  const form = make("div", { class: "rv-find" }, what.label, which.label, side.label, box);
  const refresh = () => box.value !== "" && box.value !== undefined && show();
  return { node: make("div", {}, form, said, results), update, refresh };
}

function sentence(run, series, unit, found) {
  const all = run.samples * run.steps;
  const samples = new Set(found.map(({ sample }) => sample)).size;
  const name = `${series.name}${unit === ANY ? ", any unit" : series.unitName(unit)}`;
  const many = found.length > MOST ? ` The first ${MOST} are shown.` : "";
  return `${name}: ${grouped(found.length)} of ${grouped(all)} timesteps, in ${samples} of ${run.samples} samples.${many}`;
}

function hitButton(run, series, hit, clock) {
  const { sample, t, number } = hit;
  const label = run.label(sample, t);
  const node = make(
    "button",
    {
      type: "button",
      class: "rv-hit",
      title: around(run, sample, t),
      on: { click: () => clock.set({ sample, t }) },
    },
    make("span", { class: "rv-hit-time" }, `t = ${t}`),
    label ? make("b", {}, label) : null,
    make("span", {}, series.write(number)),
  );
  return { node, hit };
}

// The labels before and after a timestep, to read it in its place.
function around(run, sample, t) {
  if (!run.payload.labels) return "";
  const times = [...Array(7).keys()].map((i) => t - 3 + i).filter((time) => time >= 0 && time < run.steps);
  return times
    .map((time) => (time === t ? `[${run.label(sample, time)}]` : run.label(sample, time)))
    .join(" ");
}

function bySample(run, hits) {
  const samples = [...new Set(hits.map(({ hit }) => hit.sample))];
  return samples.map((sample) =>
    make(
      "div",
      { class: "rv-found-sample" },
      run.samples > 1
        ? make("div", { class: "rv-group-name" }, `sample ${run.payload.samples[sample]}`)
        : null,
      make(
        "div",
        { class: "rv-hits" },
        hits.filter(({ hit }) => hit.sample === sample).map(({ node }) => node),
      ),
    ),
  );
}
