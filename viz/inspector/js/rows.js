// Rows of the panels: one frame of a series as a strip of colours, with its name and a number.

import { make } from "./dom.js";

// One frame of a series as a row of colours: a window that slides over the film of all frames.
export function strip(series, box = {}) {
  const picture = make("image", { preserveAspectRatio: "none", class: "rv-pixels", width: series.columns });
  const marker = make("rect", {
    class: "rv-unit",
    "vector-effect": "non-scaling-stroke",
    width: 1,
    height: 1,
  });
  const node = make(
    "svg",
    { class: "rv-strip", preserveAspectRatio: "none", "aria-hidden": "true", ...box },
    picture,
    marker,
  );
  let drawn, shown;
  const update = ({ t, sample, unit }) => {
    if (drawn !== sample) {
      picture.setAttribute("href", series.film(sample));
      picture.setAttribute("height", (series.rows + 2) * (series.fixed ? 1 : series.run.steps));
      drawn = sample;
    }
    const y = 1 + (series.fixed ? 0 : t * (series.rows + 2));
    node.setAttribute("viewBox", `0 ${y} ${series.columns} ${series.rows}`);
    marker.setAttribute("y", y + Math.floor(unit / series.columns));
    if (shown !== unit) {
      marker.setAttribute("x", unit % series.columns);
      marker.setAttribute("visibility", unit < series.units && series.units > 1 ? "visible" : "hidden");
      shown = unit;
    }
  };
  node.rvHover = (x, y, { t }) => {
    const unit = Math.floor(y * series.rows) * series.columns + Math.floor(x * series.columns);
    return { series, t, unit };
  };
  return { node, update };
}

// The number of the chosen unit, beside a strip.
export function readout(series) {
  const node = make("span", { class: "rv-value" });
  const update = ({ t, sample, unit }) => {
    node.textContent = series.write(series.at(sample, t, Math.min(unit, series.units - 1)));
  };
  return { node, update };
}

// How many numbers of the sample that is shown are NaN or infinite, in the first of these that has any.
export function warning(every) {
  const node = make("span", { class: "rv-warning" });
  const update = (sample) => {
    node.textContent = every.map((series) => series.warning(sample)).find(Boolean) || "";
    node.hidden = !node.textContent;
  };
  return { node, update };
}

// A long name in two parts: its path in small letters, and its last part.
export function nameParts(name) {
  const cut = name.lastIndexOf("/") + 1;
  return [cut ? make("small", {}, name.slice(0, cut)) : null, make("b", {}, name.slice(cut))];
}

export function labelled(text, series, detail) {
  const [colours, number] = [strip(series), readout(series)];
  const parts = [make("span", { class: "rv-row-name", title: series.name }, text), colours.node, number.node];
  const more = detail ? make("span", { class: "rv-detail" }) : null;
  const update = (now) => {
    colours.update(now);
    number.update(now);
    if (more) more.textContent = detail(now);
  };
  if (series.rows > 1) colours.node.style.setProperty("--rv-strip", `${Math.min(96, 8 * series.rows)}px`);
  return { node: make("div", { class: "rv-row" }, ...parts, more), update };
}
