import assert from "node:assert/strict";
import { test } from "node:test";
import { nest, stretched } from "../../../../viz/inspector/js/nest.js";
import { faults } from "../../../support/nesting.mjs";
import { box, view } from "./made_run.mjs";

// Rows of boxes of random widths with arrows from row to row; in some boxes stands another diagram.
function random(seed) {
  let state = seed;
  const draw = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const views = [];
  const make = (depth) => {
    const number = views.push(null) - 1;
    const [rows, boxes] = [[], []];
    const height = 3 + draw(2);
    for (let row = 0; row < height; row++) {
      let x = 6 + draw(30);
      rows.push([]);
      for (let i = 0; i < 1 + draw(3); i++) {
        const w = 60 + draw(90);
        rows[row].push(boxes.length);
        boxes.push(box(`${number}.${row}.${i}`, x, 6 + 62 * (height - 1 - row), { w }));
        x += w + 10 + draw(40);
      }
    }
    const edges = new Map();
    for (let row = 1; row < height; row++)
      for (const to of rows[row]) {
        const from = rows[row - 1][draw(rows[row - 1].length)];
        edges.set(`${from} ${to}`, [from, to, [[0, 0]]]);
      }
    views[number] = view(`view ${number}`, boxes, [...edges.values()], rows[height - 1].length);
    for (const place of rows.slice(1, -1).flat())
      if (depth < 3 && draw(2)) Object.assign(boxes[place], { role: "cell", inside: make(depth + 1) });
    return number;
  };
  make(0);
  return views;
}

test("to any depth no boxes overlap, and each arrow begins and ends at its boxes and passes by the others", () => {
  let deepest = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const views = random(seed);
    const depth = (n) =>
      1 + Math.max(-1, ...views[n].boxes.filter((b) => b.inside).map((b) => depth(b.inside)));
    deepest = Math.max(deepest, depth(0));
    const numbers = [...views.keys()].slice(1);
    for (const open of [[], numbers, numbers.filter((n) => n % 2), ...numbers.map((n) => [n])])
      assert.deepEqual(faults(views, new Set(open)), [], `seed ${seed}, open ${open}`);
  }
  assert.equal(deepest, 3);
});

test("with nothing open everything stands where it was laid out", () => {
  const views = random(7);
  const scene = nest(views, new Set());
  assert.deepEqual([scene.width, scene.height], [views[0].width, views[0].height]);
  assert.deepEqual(
    scene.boxes.map(({ x, y, w, h }) => [x, y, w, h]),
    views[0].boxes.map(({ x, y, w, h }) => [x, y, w, h]),
  );
});

test("an open diagram has the size that it was laid out with, whatever stands around it", () => {
  const views = random(3);
  const place = views[0].boxes.findIndex((one) => one.inside);
  const { inside } = views[0].boxes[place];
  const scene = nest(views, new Set([inside]));
  const mine = scene.boxes.filter((one) => one.view === inside);
  const alone = views[inside].boxes;
  for (const one of mine) {
    assert.ok(Math.abs(one.x - mine[0].x - (alone[one.place].x - alone[mine[0].place].x)) < 1e-9);
    assert.ok(Math.abs(one.y - mine[0].y - (alone[one.place].y - alone[mine[0].place].y)) < 1e-9);
  }
});

test("a stretched line is nowhere steeper than it must be, and spans side by side need their sizes both", () => {
  const map = stretched([
    [10, 20, 30],
    [15, 25, 50],
    [40, 50, 5],
    [60, 70, 20],
  ]);
  // 5 at steepness 3, then 10 at 5; what need not grow keeps its size.
  assert.deepEqual([0, 10, 15, 25, 40, 50, 60, 70].map(map), [0, 10, 25, 75, 90, 100, 110, 130]);
});
