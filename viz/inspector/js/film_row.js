// An image over the run: one small picture for each timestep, or for as many as there is room for.

import { bitmap } from "./colours.js";
import { make } from "./dom.js";
import { mapRow } from "./maps.js";
import { nameParts, readout, warning } from "./rows.js";

const MOST = 40;
const CHANNELS = 4;

// The timesteps that have a picture: all of them, or every second, third, ...
export function framesOf(first, steps) {
  const gap = Math.ceil((steps - first) / MOST);
  return [...Array(steps - first).keys()].map((i) => i + first).filter((t) => (t - first) % gap === 0);
}

export function filmRow(series, name = series.short) {
  const { run, first } = series;
  const times = framesOf(first, run.steps);
  const channels = Math.min(CHANNELS, series.channels);
  const gap = times[1] - times[0] || 1;
  const cells = times.map((t) => frameCell(series, t, channels, gap));
  const lead = ((first - run.first) / run.columns) * 100;
  const film = make(
    "div",
    { class: "rv-film", "aria-hidden": "true", style: `margin-left:${lead}%` },
    cells.map((cell) => cell.node),
  );
  const [warn, number] = [warning([series]), readout(series)];
  const more = channels < series.channels ? `, the first ${channels} of ${series.channels} channels` : "";
  const size = make("span", {}, `${series.shape.join(" × ")}, ${series.range}${more}`);
  let drawn;
  const update = (now) => {
    if (drawn !== series.look(now.sample)) cells.forEach((cell) => cell.redraw(now.sample));
    drawn = series.look(now.sample);
    cells.forEach((cell) => cell.update(now));
    warn.update(now.sample);
    number.update(now);
  };
  return { node: mapRow([...nameParts(name), size, warn.node], film, number.node), update };
}

// One timestep: its channels one below the other.
function frameCell(series, t, channels, gap) {
  const { rows, frameWidth: width, columns, run } = series;
  const parts = [...Array(channels).keys()].map((channel) => framePicture(series, t, channel));
  const share = Math.min(gap, run.steps - t) / (run.steps - series.first);
  const node = make(
    "div",
    { class: "rv-film-frame", style: `width:${share * 100}%` },
    parts.map((part) => part.node),
  );
  const redraw = (sample) =>
    parts.forEach(({ image }, channel) =>
      image.setAttribute(
        "href",
        bitmap(width, rows, series.colours, (x, y) =>
          series.colour(series.at(sample, t, y * columns + channel * width + x)),
        ),
      ),
    );
  const update = (now) => {
    const here = now.t >= t && now.t < t + gap;
    node.classList.toggle("rv-here", here);
    for (const { mark } of parts) mark(now.unit, here);
  };
  return { node, redraw, update };
}

function framePicture(series, t, channel) {
  const { rows, frameWidth: width, columns, run } = series;
  const image = make("image", { class: "rv-pixels", width, height: rows, preserveAspectRatio: "none" });
  const marker = make("rect", {
    class: "rv-unit",
    "vector-effect": "non-scaling-stroke",
    width: 1,
    height: 1,
  });
  const node = make("svg", { class: "rv-film-picture", viewBox: `0 0 ${width} ${rows}` }, image, marker);
  node.rvHover = (x, y) => {
    const unit = Math.floor(y * rows) * columns + channel * width + Math.floor(x * width);
    return { series, t: Math.min(t, run.steps - 1), unit };
  };
  const mark = (unit, here) => {
    const x = (unit % columns) - channel * width;
    const seen = here && unit < series.units && x >= 0 && x < width;
    marker.setAttribute("visibility", seen ? "visible" : "hidden");
    marker.setAttribute("x", x);
    marker.setAttribute("y", Math.floor(unit / columns));
  };
  return { node, image, mark };
}
