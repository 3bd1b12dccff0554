// What is wrong with a diagram whose boxes are open: boxes that overlap, arrows that do not end at their boxes
// or run through others. `node nesting.mjs views.json` says it for many choices of open boxes.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawn, nest } from "../../viz/inspector/js/nest.js";

const apart = (a, b) => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
const within = (a, b) => a.x >= b.x && a.y >= b.y && a.x + a.w <= b.x + b.w && a.y + a.h <= b.y + b.h;
const holds = ({ x, y, w, h }, [px, py], by = 0.01) =>
  px > x + by && px < x + w - by && py > y + by && py < y + h - by;
const touches = ({ x, y, w, h }, [px, py]) =>
  px >= x - 0.6 && px <= x + w + 0.6 && py >= y - 0.6 && py <= y + h + 0.6;

// Points along the smooth line that is drawn.
function pointsOf(path) {
  const numbers = (text) => text.trim().split(/[ ,]+/).map(Number);
  const found = [];
  let here = null;
  for (const [, kind, text] of path.matchAll(/([MLQ])([^MLQZ]*)/g)) {
    const n = numbers(text);
    const to = [n.at(-2), n.at(-1)];
    for (let k = 1; here && k <= 10; k++) {
      const [t, u] = [k / 10, 1 - k / 10];
      const mid = kind === "Q" ? [n[0], n[1]] : [(here[0] + to[0]) / 2, (here[1] + to[1]) / 2];
      found.push([0, 1].map((i) => u * u * here[i] + 2 * u * t * mid[i] + t * t * to[i]));
    }
    here = to;
  }
  return found;
}

export function faults(views, open, { through = true } = {}) {
  const { width, height, boxes, frames, edges } = nest(views, open);
  const found = [];
  const inside = (one, frame) => {
    const number = Number(one.key.split(".")[0]);
    const around = (view) =>
      view === frame.box.inside ||
      views.some((other, i) => i !== view && other.boxes.some((box) => box.inside === view) && around(i));
    return around(number);
  };
  const whole = { x: 0, y: 0, w: width, h: height };
  boxes.forEach((a, i) => {
    if (!within(a, whole)) found.push(`${a.key} stands out of the picture`);
    for (const b of boxes.slice(i + 1)) if (!apart(a, b)) found.push(`${a.key} overlaps ${b.key}`);
    for (const frame of frames)
      if (inside(a, frame) ? !within(a, frame) : !apart(a, frame)) found.push(`${a.key} and frame ${frame.key}`);
  });
  const of = Object.fromEntries(boxes.map((box) => [box.key, box]));
  for (const { from, to, points } of edges) {
    const name = `${from} -> ${to}`;
    if (!of[from] || !of[to]) found.push(`${name} ends at no box`);
    else {
      if (!touches(of[from], points[0])) found.push(`${name} does not begin at its box`);
      if (!touches(of[to], points.at(-1))) found.push(`${name} does not end at its box`);
      const line = pointsOf(drawn(points)[0]);
      if (through)
        for (const box of boxes)
          if (box.key !== from && box.key !== to && line.some((point) => holds(box, point, 1)))
            found.push(`${name} runs through ${box.key}`);
      if (through)
        for (const frame of frames)
          if (!inside(of[from], frame) && !inside(of[to], frame) && line.some((point) => holds(frame, point, 1)))
            found.push(`${name} runs through the frame ${frame.key}`);
    }
  }
  return found;
}

// All choices of open boxes where there are few, else each alone, all, and some.
function choices(views) {
  const numbers = [...views.keys()].slice(1);
  const subsets = numbers.length <= 6 ? 2 ** numbers.length : 64;
  const bits = (k) => (numbers.length <= 6 ? k : Math.imul(k + 1, 2654435761) >>> 0);
  const some = [...Array(subsets).keys()].map((k) => numbers.filter((_, i) => (bits(k) >>> (i % 32)) & 1));
  return [...some, numbers, ...numbers.map((n) => [n])].map((chosen) => new Set(chosen));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const views = JSON.parse(readFileSync(process.argv[2], "utf8"));
  const depth = (n) =>
    1 + Math.max(-1, ...views[n].boxes.filter((b) => b.inside !== null).map((b) => depth(b.inside)));
  const all = choices(views).map((open) => [[...open], faults(views, open)]);
  const wrong = all.filter(([, found]) => found.length).map(([open, found]) => ({ open, found }));
  console.log(JSON.stringify({ tried: all.length, depth: depth(0), wrong: wrong.slice(0, 5), count: wrong.length }));
}
