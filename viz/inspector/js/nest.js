// Diagrams set into the boxes that they belong to: where everything stands when some boxes are open.
//
// Each diagram was laid out by itself, with all its boxes shut. An open box grows to the size of the diagram
// in it: everything at its right moves to the right and everything below it down, by a map that only ever
// stretches. So boxes that did not overlap still do not, and a curve that passed by a box still does.

// The room around the diagram in an open box: its title stands in the room above.
export const ROOM = { side: 10, above: 34, below: 16, between: 40 };

const SAMPLES = 12;
const FINE = 60;

// `{width, height, boxes, frames, edges}` of a view; `open` holds the numbers of the views that are open.
// Boxes and frames are `{key, view, place, box, x, y, w, h}`, edges `{from, to, points}`, from and to being keys.
export function nest(views, open, number = 0) {
  const view = views[number];
  const inner = view.boxes.map((box) => (isOpen(box, open) ? nest(views, open, box.inside) : null));
  const rows = rowsOf(view.boxes);
  const spans = view.boxes.map((box, i) => (inner[i] ? freeSpan(view, i, inner) : [box.x, box.x + box.w]));
  const { across, down } = maps(view.boxes, inner, { rows, spans });
  const all = { boxes: [], frames: [], edges: [] };
  const placed = view.boxes.map((box, i) => {
    const { w, h } = inner[i] ? roomFor(inner[i]) : box;
    const [from, to] = spans[i].map(across);
    const [x, y] = [
      clamp(middle(across, box.x, box.w) - w / 2, from, to - w),
      middle(down, box.y, box.h) - h / 2,
    ];
    const one = { key: `${number}.${i}`, view: number, place: i, box, x, y, w, h };
    if (inner[i]) {
      one.inner = shifted(inner[i], x + ROOM.side, y + ROOM.above);
      for (const kind of ["boxes", "frames", "edges"]) all[kind].push(...one.inner[kind]);
      all.frames.push(one);
    } else all.boxes.push(one);
    return one;
  });
  const bands = rows.map((row) => ({ top: down(row.top), bottom: down(row.bottom) }));
  const as = inner.some(Boolean) ? { across, down } : null;
  for (const edge of view.edges) all.edges.push(...routes(edge, { views, placed, rows, bands, as }));
  // A frame lies below what stands in it.
  all.frames.sort((a, b) => b.w * b.h - a.w * a.h);
  return { width: across(view.width), height: down(view.height), ...all };
}

// The rows of a diagram from top to bottom: `{top, bottom, boxes}`, the boxes by their places.
function rowsOf(boxes) {
  const rows = new Map();
  boxes.forEach(({ y, h }, i) => {
    const key = [...rows.keys()].find((other) => Math.abs(other - y - h / 2) < 1) ?? y + h / 2;
    const row = rows.get(key) || { top: y, bottom: y + h, boxes: [] };
    row.boxes.push(i);
    rows.set(key, { ...row, top: Math.min(row.top, y), bottom: Math.max(row.bottom, y + h) });
  });
  return [...rows.values()].sort((a, b) => a.top - b.top);
}

// How x and y move where boxes are open. Then arrows run further to the side: the rows stand further apart.
function maps(boxes, inner, { rows, spans }) {
  const sizes = boxes.map((box, i) => (inner[i] ? roomFor(inner[i]) : box));
  const gaps = inner.some(Boolean)
    ? rows.slice(1).map((row, i) => [rows[i].bottom, row.top, ROOM.between])
    : [];
  return {
    across: stretched(spans.map(([from, to], i) => [from, to, sizes[i].w])),
    down: stretched([...boxes.map((box, i) => [box.y, box.y + box.h, sizes[i].h]), ...gaps]),
  };
}

// From where to where a box may grow before anything has to move: up to what stands beside it and to the arrows
// that pass by; two open boxes share what is between them.
function freeSpan(view, place, inner) {
  const { x, y, w, h } = view.boxes[place];
  const [top, bottom] = [y - ROOM.side, y + h + ROOM.side];
  let [from, to] = [Math.min(x, ROOM.side), Math.max(x + w, view.width - ROOM.side)];
  const keep = (left, right) => {
    if (right <= x + w / 2) from = Math.max(from, Math.min(x, right + ROOM.side));
    else to = Math.min(to, Math.max(x + w, left - ROOM.side));
  };
  view.boxes.forEach((box, i) => {
    if (i === place || box.y >= bottom || box.y + box.h <= top) return;
    const half = inner[i] ? (box.x < x ? x - box.x - box.w : box.x - x - w) / 2 : 0;
    keep(box.x - half, box.x + box.w + half);
  });
  for (const edge of view.edges) {
    if (edge.from === place || edge.to === place) continue;
    for (const [at, height] of along(edge.curve, FINE)) if (height > top && height < bottom) keep(at, at);
  }
  return [from, to];
}

export function isOpen(box, open) {
  return box.inside !== null && box.inside !== undefined && open.has(box.inside);
}

function roomFor({ width, height }) {
  return { w: width + 2 * ROOM.side, h: height + ROOM.above + ROOM.below };
}

function middle(map, start, size) {
  return (map(start) + map(start + size)) / 2;
}

function shifted(scene, dx, dy) {
  const move = (one) => ({ ...one, x: one.x + dx, y: one.y + dy });
  return {
    boxes: scene.boxes.map(move),
    frames: scene.frames.map((frame) => ({ ...move(frame), inner: null })),
    edges: scene.edges.map((edge) => ({ ...edge, points: edge.points.map(([x, y]) => [x + dx, y + dy]) })),
  };
}

// A map of the line onto itself that is nowhere steeper than it must be, and never less steep than 1, so that
// each span `[from, to, size]` becomes at least as long as its size.
export function stretched(spans) {
  const grown = spans.filter(([from, to, size]) => size > to - from);
  const marks = [...new Set(grown.flatMap((span) => span.slice(0, 2)))].sort((a, b) => a - b);
  const pieces = marks.slice(1).map((end, i) => {
    const start = marks[i];
    const over = grown.filter(([from, to]) => from <= start && end <= to);
    return [start, end, Math.max(1, ...over.map(([from, to, size]) => size / (to - from)))];
  });
  return (at) =>
    at +
    pieces.reduce((more, [start, end, steep]) => more + (steep - 1) * clamp(at - start, 0, end - start), 0);
}

function clamp(number, least, most) {
  return Math.min(Math.max(number, least), Math.max(least, most));
}

// The arrows of one edge: one, or where it begins or ends at an open box one for each port.
function routes(edge, { views, placed, rows, bands, as }) {
  const [source, target] = [placed[edge.from], placed[edge.to]];
  const plain = along(edge.curve, as ? FINE : SAMPLES);
  if (!as) {
    const end = onBorder(target, plain[plain.length - 1][0], 1);
    const before = plain.filter(([, y], i) => !i || y > end[1] + 2);
    return [{ from: source.key, to: target.key, points: [...before, end] }];
  }
  const way = plain.map(([x, y]) => [as.across(x), as.down(y)]);
  const [low, high] = [edge.from, edge.to].map((place) => rows.findIndex((row) => row.boxes.includes(place)));
  // Past the rows between them it goes as it was laid out; in the gaps next to its ends it swings over.
  const between = low - high > 1 ? within(way, bands[low - 1].bottom, bands[high + 1].top) : [];
  const found = new Map();
  for (const [port, entry] of edge.ports) {
    const [from, start] = leaving(source, views, port, way[0][0]);
    const [to, end] = arriving(target, entry, way[way.length - 1][0]);
    const up = turned(start, bands[low].top, (bands[low - 1]?.bottom ?? 0) - bands[low].top);
    const on = turned(end, bands[high].bottom, (bands[high + 1]?.top ?? 0) - bands[high].bottom);
    found.set(`${from} ${to}`, { from, to, points: [start, ...up, ...between, ...on.reverse(), end] });
  }
  return [...found.values()];
}

// The part of a line that leads upwards between two heights, both ends included.
function within(way, bottom, top) {
  const at = (y) => {
    const i = Math.max(
      1,
      way.findIndex((point, k) => k && point[1] <= y),
    );
    const [[x0, y0], [x1, y1]] = [way[i - 1], way[i]];
    return [x0 + ((x1 - x0) * (y - y0)) / (y1 - y0 || 1), y];
  };
  // Two points close to each end: the corner there is cut by no more than they are apart.
  const inner = way.filter(([, y]) => y < bottom - 1 && y > top + 1);
  return [at(bottom), at(bottom - 1), ...inner, at(top + 1), at(top)];
}

// The points on which a line leaves its box straight, up to the edge of its row and somewhat into the gap.
function turned([x], edge, gap) {
  return [
    [x, edge],
    [x, edge + 0.45 * gap],
  ];
}

// The points of its Bézier curves.
function along(curve, samples) {
  const at = (i) => [curve[2 * i], curve[2 * i + 1]];
  const points = [at(0)];
  for (let i = 0; i + 3 < curve.length / 2; i += 3)
    for (let k = 1; k <= samples; k++) {
      const [t, u] = [k / samples, 1 - k / samples];
      const weights = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
      points.push([0, 1].map((side) => weights.reduce((sum, w, j) => sum + w * at(i + j)[side], 0)));
    }
  return points;
}

// From which box an arrow starts, and where: out of an open box it comes from one of its results.
function leaving(one, views, port, x) {
  if (!one.inner) return [one.key, onBorder(one, x, -1)];
  const view = views[one.box.inside];
  const end = one.inner.boxes.find(
    ({ key }) => key === `${one.box.inside}.${view.boxes.length - view.ends + port}`,
  );
  return [end.key, [end.x + end.w / 2, end.y]];
}

// At which box an arrow ends, and where: in an open box it goes on to what that reads.
function arriving(one, entry, x) {
  if (!one.inner) return [one.key, onBorder(one, x, 1)];
  const start = one.inner.boxes.find(({ key }) => key === `${one.box.inside}.${entry}`);
  return [start.key, [start.x + start.w / 2, start.y + start.h]];
}

// The point of a box's upper (-1) or lower (1) border that is nearest to x. A sign is round at its ends.
function onBorder({ box, x: left, y: top, w, h, inner }, x, side) {
  const radius = box.sign && !inner ? h / 2 : 0;
  const here = clamp(x, left + Math.max(4, radius * 0.3), left + w - Math.max(4, radius * 0.3));
  const beyond = radius ? Math.max(0, radius - (here - left), radius - (left + w - here)) : 0;
  return [here, top + h / 2 + side * (radius ? Math.sqrt(radius * radius - beyond * beyond) : h / 2)];
}

// A smooth line through points as `[line, head]`, as SVG writes paths; its arrowhead ends at the last point.
export function drawn(points) {
  const [tip, before] = [points[points.length - 1], farFrom(points)];
  const length = Math.hypot(tip[0] - before[0], tip[1] - before[1]) || 1;
  const [dx, dy] = [(tip[0] - before[0]) / length, (tip[1] - before[1]) / length];
  const base = [tip[0] - HEAD * dx, tip[1] - HEAD * dy];
  const line = [...points.filter(([x, y]) => Math.hypot(x - tip[0], y - tip[1]) > HEAD), base];
  const middles = line.slice(1).map(([x, y], i) => [(x + line[i][0]) / 2, (y + line[i][1]) / 2]);
  const curves = middles.slice(1).map((next, i) => `Q${pair(line[i + 1])} ${pair(next)}`);
  const path = `M${pair(line[0])}${middles.length ? `L${pair(middles[0])}` : ""}${curves.join("")}L${pair(base)}`;
  const corners = [tip, [base[0] - 3.2 * dy, base[1] + 3.2 * dx], [base[0] + 3.2 * dy, base[1] - 3.2 * dx]];
  return [path, `M${corners.map(pair).join("L")}Z`];
}

const HEAD = 7;

function farFrom(points) {
  const tip = points[points.length - 1];
  return points.findLast(([x, y]) => Math.hypot(x - tip[0], y - tip[1]) >= HEAD) || points[0];
}

function pair([x, y]) {
  return `${x.toFixed(1)},${y.toFixed(1)}`;
}
