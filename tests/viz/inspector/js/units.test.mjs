import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../../../viz/inspector/js/clock.js";
import { controls } from "../../../../viz/inspector/js/controls.js";
import { hover, picks } from "../../../../viz/inspector/js/hover.js";
import { keys, keysHelp } from "../../../../viz/inspector/js/keys.js";
import { heatMap } from "../../../../viz/inspector/js/maps.js";
import { chosenUnit, unitsToChoose } from "../../../../viz/inspector/js/units.js";
import { element } from "./dom_stub.mjs";
import { encoded, madeRun, payload } from "./made_run.mjs";

// The made run with an input of five units and eight sums, four for each unit of the state.
function wideRun() {
  const given = payload();
  const numbers = Array(200).fill(0.5);
  Object.assign(given.values[0], { columns: 5, shape: [5], start: 0 });
  Object.assign(given.values[2], { columns: 8, shape: [8], start: 0 });
  return madeRun({ values: given.values, data: encoded(numbers) });
}

function made(run = madeRun()) {
  const clock = new Clock(run, 0, () => {});
  return { run, clock, root: element() };
}

test("the units to choose from are those of states and outputs, not of wider inputs and sums", () => {
  assert.equal(unitsToChoose(wideRun()), 2);
  const { run, clock } = made(wideRun());
  const bar = controls(run, clock, keysHelp());
  const units = bar.node.all("select").at(-2);
  assert.deepEqual(
    units.all("option").map((option) => option.textContent),
    ["0", "1"],
  );
});

test("one of several gates side by side stands for its unit of the state; an input has units of its own", () => {
  const run = wideRun();
  const [X, Z] = [0, 2];
  assert.deepEqual(
    [0, 1, 5, 7].map((unit) => chosenUnit(run, run.series[Z], unit)),
    [0, 1, 1, 1],
  );
  assert.equal(chosenUnit(run, run.series[X], 4), 4);
});

test("a unit beyond the list is an option while it is chosen", () => {
  const { run, clock } = made(wideRun());
  const bar = controls(run, clock, keysHelp());
  const units = bar.node.all("select").at(-2);
  const options = (unit) => {
    clock.unit = unit;
    bar.update(clock);
    return [units.value, units.all("option").length];
  };
  assert.deepEqual(
    [options(4), options(1)],
    [
      [4, 3],
      [1, 2],
    ],
  );
});

test("a press on a map of the run chooses the timestep and the unit below the pointer", () => {
  const { run, clock, root } = made(wideRun());
  const map = heatMap(run.series[0]);
  root.append(map.node);
  picks(root, clock);
  const picture = map.node.one(".rv-map");
  picture.fire("pointerdown", { clientX: 60, clientY: 50 }); // of four columns and five rows, 100 pixels wide
  assert.deepEqual([clock.t, clock.unit], [1, 2]);
  picture.fire("pointermove", { clientX: 99, clientY: 5, buttons: 1 });
  assert.deepEqual([clock.t, clock.unit], [2, 2]); // dragging goes on through time alone
  picture.fire("pointerdown", { clientX: 10, clientY: 5 });
  assert.deepEqual([clock.t, clock.unit], [2, 2]); // the input has nothing before the first timestep
});

test("the start of a state is shown beside the pointer, and a press on it goes to the first timestep", () => {
  const { run, clock, root } = made();
  clock.t = 2;
  const map = heatMap(run.after[1]);
  root.append(map.node);
  const tip = hover(root, clock);
  picks(root, clock);
  map.node.one(".rv-map").fire("pointermove", { clientX: 10, clientY: 50 });
  assert.match(tip.textContent, /^h\[\d\] = 0\.000 before t = 0$/);
  map.node.one(".rv-map").fire("pointerdown", { clientX: 10, clientY: 50 });
  assert.equal(clock.t, 0);
});

test("arrows step through time and units, Home and End jump, Space plays, except where they mean something else", () => {
  const { run, clock, root } = made();
  run.steps = 9;
  const help = keysHelp();
  keys(root, clock, help);
  const after = (key, event = {}) => {
    root.fire("keydown", { key, target: element(), ...event });
    return [clock.t, clock.unit];
  };
  assert.deepEqual(after("ArrowRight"), [1, 0]);
  assert.deepEqual(after("End"), [8, 0]);
  assert.deepEqual(after("ArrowLeft"), [7, 0]);
  assert.deepEqual(
    [after("ArrowDown"), after("ArrowDown"), after("ArrowUp")],
    [
      [7, 1],
      [7, 1],
      [7, 0],
    ],
  );
  assert.deepEqual(after("a"), [7, 0]);
  assert.deepEqual(after("End", { target: element("select") }), [7, 0]);
  assert.deepEqual(after("End", { ctrlKey: true }), [7, 0]);
  const tab = element("button");
  tab.setAttribute("role", "tab");
  assert.deepEqual(after("Home", { target: tab }), [7, 0]);
  after(" ", { target: element("button") });
  assert.equal(clock.playing, false);
  after(" ");
  assert.equal(clock.playing, true);
  clock.play(false);
});

test("a question mark shows the list of keys and hides it, and so does its button", () => {
  const { clock, root } = made();
  const help = keysHelp();
  keys(root, clock, help);
  const press = (key) => root.fire("keydown", { key, target: element() }) && help.node.hidden;
  assert.deepEqual(
    [help.node.hidden, press("?"), press("?"), press("?"), press("Escape")],
    [true, false, true, false, true],
  );
  help.button.fire("click");
  assert.deepEqual([help.node.hidden, help.button.attributes["aria-expanded"]], [false, "true"]);
  assert.match(help.node.textContent, /Space.*play/);
});
