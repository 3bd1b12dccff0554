// What the colours of the run mean, and the switch between fixed scales and scales that fit the numbers.

import { make } from "./dom.js";

export function legend(run, clock) {
  const any = (kind) => run.series.some((series) => series[kind]);
  const strange = (kind) => run.series.some((series) => series.any(kind));
  const [low, high] = [make("span", {}), make("span", {})];
  const fixed = any("gate") ? fitButton(run, clock, low, high) : null;
  return make(
    "div",
    { class: "rv-legend" },
    key(run.payload.colours.signed, "negative", "positive"),
    any("gate") ? key(run.payload.colours.gate, low, high) : null,
    fixed,
    any("whole") ? key(run.payload.colours.whole, "whole: smallest", "largest") : null,
    strange("nan") ? make("span", { class: "rv-key" }, make("i", { class: "rv-nan" }), "NaN") : null,
    strange("infinite")
      ? make("span", { class: "rv-key" }, make("i", { class: "rv-infinite" }), "infinite")
      : null,
  );
}

function key(stops, low, high) {
  const ramp = make("i", {
    class: "rv-ramp",
    style: `background:linear-gradient(to right,${stops.join(",")})`,
  });
  return make("span", { class: "rv-key" }, low, ramp, high);
}

// Gates and probabilities have a scale from 0 to 1; those of an untrained model all look the same on it.
function fitButton(run, clock, low, high) {
  const button = make(
    "button",
    {
      type: "button",
      class: "rv-fit",
      title: "Gates and probabilities: colours from the smallest to the largest number in place of 0 to 1",
    },
    "fit scales",
  );
  const show = () => {
    button.setAttribute("aria-pressed", String(Boolean(run.fitted)));
    low.textContent = run.fitted ? "its smallest" : "0";
    high.textContent = run.fitted ? "its largest" : "1";
  };
  button.addEventListener("click", () => {
    run.fitted = !run.fitted;
    show();
    clock.changed(clock);
  });
  show();
  return button;
}
