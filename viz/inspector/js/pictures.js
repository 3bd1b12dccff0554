// Images as images: square pixels, a gap between the channels.

import { make } from "./dom.js";

const GAP = 1; // in pixels of the image

// How many channels stand in a row, so that their pixels are largest in a place of this shape.
export function inRow(channels, width, height, room) {
  const size = (count) =>
    Math.min(
      room.width / (count * (width + GAP) - GAP),
      room.height / (Math.ceil(channels / count) * (height + GAP) - GAP),
    );
  const counts = [...Array(channels).keys()].map((i) => i + 1);
  return counts.reduce((best, count) => (size(count) > size(best) ? count : best), 1);
}

// The channels of one timestep, each a window that slides over the film of all timesteps.
export function pictures(series, box) {
  const { rows, frameWidth: width, channels } = series;
  const count = inRow(channels, width, rows, box || { width: 260, height: 72 });
  const windows = [...Array(channels).keys()].map((channel) => {
    const [x, y] = [(channel % count) * (width + GAP), Math.floor(channel / count) * (rows + GAP)];
    return channelWindow(series, channel, { x, y, width, height: rows });
  });
  const [wide, high] = [count * (width + GAP) - GAP, Math.ceil(channels / count) * (rows + GAP) - GAP];
  const node = make(
    "svg",
    {
      class: "rv-strip rv-image",
      viewBox: `-0.1 -0.1 ${wide + 0.2} ${high + 0.2}`,
      preserveAspectRatio: box ? "xMidYMid" : "xMinYMid",
      "aria-hidden": "true",
      ...box,
    },
    windows.flatMap((one) => one.nodes),
  );
  return { node, update: (now) => windows.forEach((one) => one.update(now)) };
}

function channelWindow(series, channel, place) {
  const { rows, columns, run } = series;
  const left = channel * place.width;
  const film = make("image", { preserveAspectRatio: "none", class: "rv-pixels", width: columns });
  const view = make("svg", { ...place, preserveAspectRatio: "none" }, film);
  const marker = make("rect", {
    class: "rv-unit",
    "vector-effect": "non-scaling-stroke",
    width: 1,
    height: 1,
  });
  const frame = make("rect", { ...place, class: "rv-picture-frame", "vector-effect": "non-scaling-stroke" });
  frame.rvHover = (x, y, { t }) => {
    const unit = Math.floor(y * rows) * columns + left + Math.floor(x * place.width);
    return { series, t, unit };
  };
  let drawn;
  const update = ({ t, sample, unit }) => {
    if (drawn !== series.look(sample)) {
      film.setAttribute("href", series.film(sample));
      film.setAttribute("height", (rows + 2) * (series.fixed ? 1 : run.steps));
      drawn = series.look(sample);
    }
    view.setAttribute("viewBox", `${left} ${1 + (series.fixed ? 0 : t * (rows + 2))} ${place.width} ${rows}`);
    const column = (unit % columns) - left;
    const inside = unit < series.units && column >= 0 && column < place.width;
    marker.setAttribute("visibility", inside ? "visible" : "hidden");
    marker.setAttribute("x", place.x + column);
    marker.setAttribute("y", place.y + Math.floor(unit / columns));
  };
  return { nodes: [view, marker, frame], update };
}
