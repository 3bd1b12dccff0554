import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom_stub.mjs";
import { symbolOf } from "../../../../viz/inspector/js/book_names.js";
import { madeRun } from "./made_run.mjs";

function symbol(name, changes = {}, place = "") {
  const run = madeRun();
  Object.assign(run.values[2], { name, ...changes });
  return symbolOf(run, 2, place);
}

test("of the models around a value those that the heading has said are left out", () => {
  const cell = (name, place) => symbol(name, {}, place).cell;
  assert.equal(cell("mid/in1/lstm 1/h", "mid/in1/lstm 2/"), "lstm 1");
  assert.equal(cell("mid/in1/lstm 1/h", "mid/gru/"), "in1/lstm 1");
  assert.equal(cell("mid/in1/lstm 1/h", "mid/in1/lstm 1/"), "");
  assert.equal(cell("mid/in1/lstm 1/h", ""), "mid/in1/lstm 1");
  assert.equal(cell("mid/in1/lstm 1/h", "other/in1/lstm 1/"), "mid/in1/lstm 1");
});

test("what is computed of constants alone has no time, as they have none", () => {
  const given = { law: { law: "unknown", of: [{ v: 0 }] } };
  assert.equal(symbol("keys", given).time, "t");
  const run = madeRun();
  Object.assign(run.values[0], { role: "constant", fixed: true });
  Object.assign(run.values[2], { name: "keys", ...given });
  Object.assign(run.values[3], { law: { law: "sum", of: [{ v: 2 }, { n: 1 }] } });
  assert.deepEqual(
    [0, 2, 3].map((v) => symbolOf(run, v).time),
    ["", "", ""],
  );
  run.values[4].law = { law: "sum", of: [{ v: 2 }, { v: 1 }] };
  assert.equal(symbolOf(run, 4).time, "t");
});

test("a name that says its timestep says it once", () => {
  assert.deepEqual([symbol("x_t").text, symbol("x_t").time], ["x", "t"]);
  assert.equal(symbol("last_t_mean").text, "last_t_mean");
});

test("a value of a model further out has that model's name alone, one of the step none", () => {
  assert.equal(symbol("mid/x", {}, "mid/in1/lstm 1/").cell, "mid");
  assert.equal(symbol("x", {}, "mid/in1/").cell, "");
});
