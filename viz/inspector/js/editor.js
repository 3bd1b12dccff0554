// The live editor: change what one timestep reads. The kernel computes both futures.

import { make, section, select } from "./dom.js";
import { unitsOf } from "./equations.js";
import { comparison } from "./futures.js";

// The unit as it is counted where nothing was cut for size.
export function wholeUnit({ shape, columns }, unit) {
  if (shape.length < 2) return unit;
  const all = shape.slice(1).reduce((product, size) => product * size, 1);
  return Math.floor(unit / columns) * all + (unit % columns);
}

export function editPanel(run, clock, model) {
  const targets = run.values
    .map((value, i) => [i, value])
    .filter(([, value]) => ["state", "input", "readout"].includes(value.role) && !value.fixed);
  targets.sort(([, a], [, b]) => (b.role === "state") - (a.role === "state"));
  const names = targets.map(([i, value]) => [i, `${value.role} ${value.name}`]);
  const what = select("change", names, () => refill());
  const box = make("input", { type: "number", step: "any", "aria-label": "New value" });
  const change = make("button", { type: "submit", class: "rv-action" }, "Change");
  const undo = make("button", { type: "button", class: "rv-action rv-plain" }, "Undo");
  const where = make("span", { class: "rv-note" });
  const said = make("p", { class: "rv-note", role: "status" });
  const shown = run.values
    .map((value, i) => [i, value.name])
    .filter(([i]) => ["state", "output"].includes(run.values[i].role));
  const compare = select("compare", shown, () => refresh());
  const holder = make("div");
  let [futures, last] = [null, clock];
  const unitOf = (i) => Math.min(last.unit, unitsOf(run, i) - 1);
  const refill = () => {
    const i = Number(what.node.value);
    const number = run.series[i].at(last.sample, last.t, unitOf(i));
    box.value = Number(number.toPrecision(4));
    where.textContent = `unit ${run.series[i].unitName(unitOf(i)) || "0"} at t = ${last.t}, now ${run.series[i].write(number)},`;
  };
  const send = (edits) => {
    model.set("edits", edits);
    model.save_changes();
  };
  const form = make(
    "form",
    {
      on: {
        submit: (event) => {
          event.preventDefault();
          const i = Number(what.node.value);
          const edit = {
            role: run.values[i].role,
            name: run.values[i].key,
            unit: wholeUnit(run.values[i], unitOf(i)),
            t: last.t,
            sample: run.payload.samples[last.sample],
            value: Number(box.value),
          };
          send([...model.get("edits"), edit]);
        },
      },
    },
    what.label,
    where,
    make("label", { class: "rv-choice" }, "to", box),
    change,
    undo,
    compare.label,
  );
  undo.addEventListener("click", () => send(model.get("edits").slice(0, -1)));
  const refresh = () => {
    const answer = model.get("answer") || {};
    said.textContent =
      answer.said || "Choose a timestep and a unit above, then a new value: both futures are computed.";
    undo.disabled = !model.get("edits").length;
    const i = Number(compare.node.value);
    futures = answer.futures?.length ? comparison(run, i, answer.futures) : null;
    holder.replaceChildren(...(futures ? [futures.node] : []));
    if (futures) futures.update(last);
  };
  model.on("change:answer", refresh);
  const node = section("Change it", [form, said, holder], "rv-edit");
  const update = (now) => {
    last = { t: now.t, sample: now.sample, unit: now.unit };
    if (!now.playing) refill();
    if (futures) futures.update(last);
  };
  refresh();
  return { node, update };
}
