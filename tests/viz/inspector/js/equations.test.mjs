import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom_stub.mjs";
import { equations } from "../../../../viz/inspector/js/equations.js";
import { workedNumbers } from "../../../../viz/inspector/js/worked_numbers.js";
import { BIAS, EXPECTED, madeRun, payload, sigmoid, W } from "./made_run.mjs";

const texts = (panel) => panel.all(".rv-equation").map((line) => line.textContent);
const three = (number) => number.toFixed(3).replace("-", "−");

function shown(now, changes) {
  const { panel, update } = workedNumbers(madeRun(changes));
  update({ t: 0, sample: 0, unit: 0, ...now });
  return panel;
}

test("the equations of one unit run from the input to the next state, sums over weights last", () => {
  const found = equations(madeRun(), 1);
  assert.deepEqual(
    found.map(({ v, e, tree }) => [v, e, tree.kind]),
    [
      [3, 1, "call"],
      [4, 1, "sum"],
      [2, 1, "linear"],
    ],
  );
});

test("an equation has the names of its values and the numbers of its timestep", () => {
  for (const [sample, t, unit] of [
    [0, 0, 0],
    [0, 2, 1],
    [1, 0, 1],
  ]) {
    const { x, h, z, g, after } = EXPECTED[sample][t];
    const lines = texts(shown({ sample, t, unit }));
    const plus = (number) => (number < 0 ? ` − ${three(-number)}` : ` + ${three(number)}`);
    const times = (i) => {
      const factor = x[i] < 0 ? `(${three(x[i])})` : three(x[i]);
      return `${three(Math.abs(W[i][unit]))} · ${factor}`;
    };
    const sign = (i, first) => (W[i][unit] < 0 ? (first ? "−" : " − ") : first ? "" : " + ");
    assert.deepEqual(lines, [
      `g[${unit}]=\u00a0σ(z[${unit}])= σ(${three(z[unit])}) = ${three(g[unit])}`,
      `ht[${unit}]=\u00a0ht−1[${unit}] + g[${unit}]= ${three(h[unit])}${plus(g[unit])} = ${three(after[unit])}`,
      `z[${unit}]=\u00a0Σ W[i, ${unit}] · x[i] + b[${unit}]= ${sign(0, true)}${times(0)}${sign(1)}${times(1)}` +
        `${plus(BIAS[unit])} = ${three(z[unit])}`,
    ]);
  }
});

test("the numbers of an equation give its result", () => {
  for (const sample of [0, 1])
    for (const unit of [0, 1]) {
      const lines = texts(shown({ sample, unit, t: 2 }));
      for (const line of lines) {
        const [, written, result] = line.match(/= ([^=]*) = ([^=]*)$/);
        const code = written.replaceAll("−", "-").replaceAll("·", "*").replaceAll("σ", "sigmoid");
        const value = new Function("sigmoid", `return ${code}`)(sigmoid);
        assert.ok(Math.abs(value - Number(result.replace("−", "-"))) < 2e-3, line);
      }
    }
});

test("a long sum shows three terms and the rest as one number", () => {
  const given = payload();
  const numbers = [1, 2, 3, 4, 5, 10, 20, 30, 40, 50]; // x, then the weights of one unit
  const plain = { ...given.values[0], rows: 1, frames: 1, fixed: true };
  const values = [
    { ...plain, columns: 5, shape: [5], start: 0 },
    {
      ...plain,
      name: "y",
      role: "output",
      columns: 1,
      shape: [],
      start: 5,
      law: { law: "linear", of: [{ v: 0 }], matrix: 5, shape: [5, 1] },
    },
  ];
  const run = madeRun({
    samples: [0],
    values,
    data: Buffer.from(new Float32Array(numbers).buffer).toString("base64"),
  });
  const { panel, update } = workedNumbers(run);
  update({ t: 0, sample: 0, unit: 0 });
  assert.match(texts(panel)[0], /\+ 30\.000 · 3\.000 \+ 410\.000 \(2 more\)/); // 40 * 4 + 50 * 5
});

test("a difference in a product stands in brackets", () => {
  const given = payload();
  given.values[2].law = { law: "difference", of: [{ n: 1 }, { v: 0 }] };
  given.values[2].auto = true;
  given.values[3].law = { law: "product", of: [{ v: 2 }, { v: 0 }] };
  const line = texts(shown({}, { values: given.values }))[0];
  assert.match(line, /\(1\.000 − x\[0\]\) · x\[0\]= \(1\.000 − 1\.000\) · 1\.000/);
});

test("what only hands numbers on is looked through", () => {
  const given = payload();
  given.values[2].law = { law: "take", start: 1, of: [{ v: 0 }] };
  const lines = texts(shown({}, { values: given.values }));
  assert.ok(lines[0].startsWith("g[0]=\u00a0σ(x[1])"), lines[0]);
});

test("a masked timestep has no equations", () => {
  const panel = shown({ sample: 1, t: 1 });
  assert.equal(texts(panel).length, 0);
  assert.match(panel.textContent, /Masked: what the step computes at this timestep is thrown away/);
});
