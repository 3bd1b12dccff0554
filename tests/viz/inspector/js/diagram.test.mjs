import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom_stub.mjs";
import { diagramPanel } from "../../../../viz/inspector/js/diagram.js";
import { madeRun } from "./made_run.mjs";

function shown() {
  const [run, chosen] = [madeRun(), []];
  const panel = diagramPanel(run, (v) => chosen.push(v));
  panel.update({ t: 0, sample: 0, unit: 0 });
  const named = (start) =>
    panel.node.all("g").find((node) => (node.attributes["aria-label"] || "").startsWith(start));
  const names = () =>
    panel.node.all(".rv-box-name").map((text) => text.textContent.replace(/ (before|after)$/, ""));
  return { run, panel, chosen, named, names };
}

test("a box shows its value over the run", () => {
  const { chosen, named, run } = shown();
  named("z").fire("click");
  assert.deepEqual(chosen, [2]);
  assert.deepEqual(run.look.chosen.values, [2]);
});

test("a model opens in place by a click or Enter and shuts again, with what surrounds it still in view", () => {
  const { named, names } = shown();
  const shut = names();
  assert.equal(named("inner step").attributes["aria-expanded"], "false");
  named("inner step").fire("click");
  assert.deepEqual(names().sort(), ["g", "h", "h", "h", "h", "output", "x", "z", "z", "▾ inner step"].sort());
  assert.equal(named("inner step").attributes["aria-expanded"], "true");
  const press = named("inner step").fire("keydown", { key: "Enter" });
  assert.equal(press.prevented, true);
  assert.deepEqual(names(), shut);
});

test("all models open and shut at once", () => {
  const { panel, run } = shown();
  const [open, shut] = panel.node.all("button");
  open.fire("click");
  assert.equal(run.look.open.has(1), true);
  shut.fire("click");
  assert.equal(run.look.open.size, 0);
});

test("under the pointer a box and its arrows are lit, and the values in it", () => {
  const { panel, named, run } = shown();
  const lit = (kind) => panel.node.all(kind).filter((node) => node.classes.has("rv-lit")).length;
  named("z").fire("pointerenter");
  assert.deepEqual([...run.look.lit], [2]);
  assert.deepEqual([lit(".rv-box"), lit(".rv-arrow")], [1, 2]);
  assert.equal(named("z").classes.has("rv-lit"), true);
  named("z").fire("pointerleave");
  assert.deepEqual([lit(".rv-arrow"), named("z").classes.has("rv-lit")], [0, false]);
});

test("a state before the timestep is lit as what was, after it as what the step computed", () => {
  const { named, run } = shown();
  const lit = (label) => {
    named(label).fire("focus");
    return [...run.look.lit];
  };
  assert.deepEqual(lit("h, state before"), [1]);
  assert.deepEqual(lit("h, state after"), [4]);
  assert.deepEqual(lit("output"), [5, 4]);
});

test("a term of an equation lights the boxes of its value, also one that holds it, and the arrows from them", () => {
  const { panel, named, run } = shown();
  run.look.light([3]); // the gate lies in the model that is shut
  assert.equal(named("inner step").classes.has("rv-lit"), true);
  assert.equal(named("z").classes.has("rv-lit"), false);
  assert.equal(panel.node.all(".rv-arrow").filter((node) => node.classes.has("rv-lit")).length, 2);
});
