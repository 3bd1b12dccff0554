import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../../../viz/inspector/js/clock.js";
import { nextFrame } from "./dom_stub.mjs";

function clock(steps) {
  const seen = [];
  const made = new Clock({ steps }, 0, (now) => seen.push(now.t));
  return { made, seen };
}

test("a clock stays within the run, and says only what changed", () => {
  const { made, seen } = clock(4);
  for (const t of [2, 99, 3, -5]) made.go(t);
  assert.deepEqual(seen, [2, 3, 0]);
});

test("playing goes on by the speed, a frame that is late by several timesteps, and stops at the end", (t) => {
  t.mock.method(performance, "now", () => 0);
  const { made } = clock(5);
  made.set({ speed: 10 });
  made.play(true);
  const at = (time) => {
    nextFrame(time);
    return made.t;
  };
  assert.deepEqual([at(50), at(100), at(150), at(350)], [0, 1, 1, 3]);
  assert.equal(made.playing, true);
  assert.deepEqual([at(1000), made.playing], [4, false]);
});

test("playing starts anew at the end, and not at all in a run of one timestep", (t) => {
  t.mock.method(performance, "now", () => 0);
  const { made } = clock(3);
  made.go(2);
  made.play(true);
  assert.deepEqual([made.t, made.playing], [0, true]);
  made.play(false);
  const single = clock(1).made;
  single.play(true);
  assert.equal(single.playing, false);
});
