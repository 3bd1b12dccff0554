// The bar above: title, buttons, slider, choices.

import { make, select } from "./dom.js";
import { partingMark, partsAt } from "./parting.js";
import { unitOption, unitsToChoose } from "./units.js";

const ICONS = {
  first: "M3,3h2v10h-2zM13,3v10l-7,-5z",
  back: "M11,3v10l-7,-5z",
  play: "M4,2.5v11l9,-5.5z",
  pause: "M4,3h3v10h-3zM9,3h3v10h-3z",
  next: "M5,3v10l7,-5z",
  last: "M3,3v10l7,-5zM11,3h2v10h-2z",
};

function button(name, icon, press) {
  const shape = make("path", { d: ICONS[icon] });
  const node = make(
    "button",
    { type: "button", class: "rv-button", "aria-label": name, title: name, on: { click: press } },
    make("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, shape),
  );
  node.rvIcon = (other) => shape.setAttribute("d", ICONS[other]);
  return node;
}

export function controls(run, clock, help) {
  const play = button("Play", "play", () => clock.play(!clock.playing));
  const slider = make("input", {
    type: "range",
    class: "rv-slider",
    min: 0,
    max: Math.max(0, run.steps - 1),
    step: 1,
    "aria-label": "Timestep",
  });
  slider.addEventListener("input", () => clock.go(Number(slider.value)));
  // The middle of the slider's button is half a button from each end.
  const part = (t) => Math.max(0, t) / Math.max(1, run.steps - 1);
  const mark = partingMark(run, (t) => `calc(8px + (100% - 16px) * ${part(t)})`);
  const samples = select(
    "sample",
    run.payload.samples.map((name, i) => [i, name]),
    (sample) => clock.set({ sample }),
  );
  const units = unitChoice(run, clock);
  const speed = select(
    "speed",
    [
      [1, "1 a second"],
      [3, "3 a second"],
      [10, "10 a second"],
      [30, "30 a second"],
      [60, "60 a second"],
    ],
    (rate) => clock.set({ speed: rate }),
  );
  speed.node.value = clock.speed;
  const title = make("span", { class: "rv-now" });
  const label = make("span", { class: "rv-token" });
  const masked = make("span", { class: "rv-chip" }, "masked");
  const steps = [
    ["First timestep", "first", () => clock.go(0)],
    ["Previous timestep", "back", () => clock.go(clock.t - 1)],
    null,
    ["Next timestep", "next", () => clock.go(clock.t + 1)],
    ["Last timestep", "last", () => clock.go(run.steps - 1)],
  ];
  const buttons = steps.map((step) => (step ? button(...step) : play));
  const node = make(
    "div",
    { class: "rv-controls" },
    make("div", { class: "rv-title" }, make("b", {}, run.payload.title), title, label, masked),
    make(
      "div",
      { class: "rv-bar" },
      make("div", { class: "rv-buttons", role: "group", "aria-label": "Step through time" }, buttons),
      mark ? make("span", { class: "rv-marked-slider" }, slider, mark.node) : slider,
      run.samples > 1 ? samples.label : null,
      units.label,
      speed.label,
      help.button,
    ),
  );
  const update = ({ t, sample, unit, playing }) => {
    const text = `t = ${t} of ${run.steps - 1}`;
    slider.value = t;
    const parts = partsAt(run, sample) === t && "here the runs part";
    slider.setAttribute("aria-valuetext", [text, run.label(sample, t), parts].filter(Boolean).join(", "));
    mark?.update({ sample });
    title.textContent = text;
    label.textContent = run.label(sample, t);
    label.hidden = !run.payload.labels;
    masked.hidden = !run.masked(sample, t);
    samples.node.value = sample;
    units.update(unit);
    play.rvIcon(playing ? "pause" : "play");
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    play.title = playing ? "Pause" : "Play";
  };
  return { node, update };
}

// The list of units. A unit beyond them (of a wide input, chosen by a click) is an option while it is chosen.
function unitChoice(run, clock) {
  const most = unitsToChoose(run);
  const option = (unit) => [unit, unitOption(run, unit)];
  const choice = select("unit", [...Array(most).keys()].map(option), (unit) => clock.set({ unit }));
  const other = make("option", { value: most });
  const update = (unit) => {
    if (unit < most) other.remove();
    else {
      other.value = other.textContent = unit;
      choice.node.append(other);
    }
    choice.node.value = unit;
  };
  return { ...choice, update };
}
