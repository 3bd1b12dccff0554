import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom_stub.mjs";
import { equations } from "../../../../viz/inspector/js/equations.js";
import { workedNumbers } from "../../../../viz/inspector/js/worked_numbers.js";
import { BIAS, box, EXPECTED, encoded, madeRun, payload, sigmoid, view, W } from "./made_run.mjs";

const texts = (panel) => panel.all(".rv-equation").map((line) => line.textContent);
const three = (number) => number.toFixed(3).replace("-", "−");

function shown(now, changes, look = (run) => run.look.open.add(1)) {
  const run = madeRun(changes);
  look(run);
  const { panel, update } = workedNumbers(run);
  update({ t: 0, sample: 0, unit: 0, ...now });
  panel.run = run;
  return panel;
}

test("the equations run bottom-up, those of an open model under its name", () => {
  const run = madeRun();
  run.look.open.add(1);
  const found = equations(run, 1).map(({ title, lines }) => [
    title,
    lines.map(({ v, e, tree }) => [v, e, tree.kind]),
  ]);
  assert.deepEqual(found, [
    ["", [[2, 1, "linear"]]], // prettier-ignore
    [
      "inner step",
      [
        [3, 1, "call"],
        [4, 1, "sum"],
      ],
    ], // prettier-ignore
  ]);
});

test("a model that is shut is a function of what it reads", () => {
  const lines = texts(shown({}, {}, () => {}));
  assert.equal(lines.length, 2);
  assert.equal(lines[1], `ht=\u00a0inner step(zt, ht−1)= ${three(EXPECTED[0][0].after[0])}`);
});

test("an equation has the names of its values and the numbers of its timestep, without terms that are zero", () => {
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
    const sum = h[unit] === 0 ? "" : `= ${three(h[unit])}${plus(g[unit])} `; // at the start: 0 and the gate
    assert.deepEqual(lines, [
      `zt=\u00a0W xt + b= ${sign(0, true)}${times(0)}${sign(1)}${times(1)}${plus(BIAS[unit])} = ${three(z[unit])}`,
      `gt=\u00a0σ(zt)= σ(${three(z[unit])}) = ${three(g[unit])}`,
      `ht=\u00a0ht−1 + gt${sum}= ${three(after[unit])}`,
    ]);
  }
});

test("the numbers of an equation give its result", () => {
  for (const sample of [0, 1])
    for (const unit of [0, 1]) {
      const lines = texts(shown({ sample, unit, t: 2 }));
      assert.equal(lines.length, 3);
      for (const line of lines) {
        const [, written, result] = line.match(/= ([^=]*) = ([^=]*)$/);
        const code = written.replaceAll("−", "-").replaceAll("·", "*").replaceAll("σ", "sigmoid");
        const value = new Function("sigmoid", `return ${code}`)(sigmoid);
        assert.ok(Math.abs(value - Number(result.replace("−", "-"))) < 2e-3, line);
      }
    }
});

// A sum over the weights of one unit.
function longSum(x, weights) {
  const plain = { ...payload().values[0], rows: 1, frames: 1, fixed: true };
  const law = { law: "linear", of: [{ v: 0 }], matrix: x.length, shape: [x.length, 1] };
  const y = { ...plain, name: "y", role: "inner", columns: 1, shape: [1], start: 2 * x.length, law };
  const boxes = [box("x", 0, 80, { role: "input", values: [0] }), box("y", 0, 10, { values: [1] })];
  return {
    samples: [0],
    values: [{ ...plain, columns: x.length, shape: [x.length], start: 0 }, y],
    views: [view("the step", boxes, [[0, 1]], 0)],
    data: encoded([...x, ...weights, 0]),
  };
}

test("a long sum shows three terms, and the rest as one number that cannot be read as a factor", () => {
  const [line] = texts(shown({}, longSum([1, 2, 3, 4, 5], [10, 20, 30, 40, 50])));
  assert.match(line, /\+ 30\.000 · 3\.000 \+ \[2 more terms: 410\.000\]/); // 40 * 4 + 50 * 5
});

test("of a sum over weights the terms that are zero are left out", () => {
  const [line] = texts(shown({}, longSum([0, 0, 0, 1, 0], [10, 20, 30, 40, 50])));
  assert.match(line, /= 40\.000 · 1\.000 =/);
});

test("products of vectors have a dot in a circle, those with a number a plain one, and sums in them brackets", () => {
  const given = payload();
  given.values[2].law = { law: "difference", of: [{ n: 1 }, { v: 0 }] };
  given.values[2].auto = true;
  given.values[3].law = { law: "product", of: [{ v: 2 }, { v: 0 }] };
  const line = texts(shown({}, { values: given.values }))[0];
  assert.match(line, /^gt=\u00a0\(1 − xt\) ⊙ xt= \(1 − 1\.000\) · 1\.000 =/);
  given.values[3].law = { law: "product", of: [{ v: 0 }, { n: 0.5 }] };
  assert.match(texts(shown({}, { values: given.values }))[1], /^gt=\u00a0xt · 0\.500/);
});

test("what only hands numbers on is looked through", () => {
  const given = payload();
  given.values[2].law = { law: "take", start: 1, of: [{ v: 0 }] };
  const lines = texts(shown({}, { values: given.values }));
  assert.ok(lines[0].startsWith("gt=\u00a0σ(xt)= σ(2.000)"), lines[0]);
});

test("gates have the letters of books, with their names above, and matrices the letter of their gate", () => {
  const given = payload();
  Object.assign(given.values[2], { unnamed: true });
  Object.assign(given.values[2].law, { letter: "W" });
  Object.assign(given.values[3], { name: "input_gate", said: "input gate" });
  const panel = shown({}, { values: given.values });
  assert.match(texts(panel)[0], /^input gateit=\u00a0σ\(Wi xt \+ bi\)/);
});

// `y = tanh(…)` of several unnamed products, each of a source `[letter, role, name, whether it has a bias]`.
function products(...sources) {
  const plain = { ...payload().values[0], rows: 1, columns: 1, shape: [1], start: 0, frames: 1 };
  const given = sources.map(([, role, name]) => ({ ...plain, role, name, next: null }));
  const made = sources.map(([letter, , , bias], i) => {
    const law = {
      law: "linear",
      letter,
      of: [{ v: i }],
      matrix: 0,
      shape: [1, 1],
      ...(bias ? { bias: 0 } : {}),
    };
    return { ...plain, name: `dense ${i}`, role: "inner", unnamed: true, law };
  });
  const of = made.map((_, i) => ({ v: sources.length + i }));
  const sum = { ...plain, name: "add", role: "inner", unnamed: true, auto: true, law: { law: "sum", of } };
  const tanh = { law: "function", function: "tanh", of: [{ v: 2 * sources.length }] };
  const values = [...given, ...made, sum, { ...plain, name: "n", role: "inner", law: tanh }];
  const last = values.length - 1;
  return {
    samples: [0],
    values,
    views: [view("", [box("n", 0, 10, { values: [last] })], [], 0)],
    data: encoded([1]),
  };
}

test("what was fed back is the output of the timestep before", () => {
  const [line] = texts(shown({}, products(["V", "readout", "y_tm1", false], ["W", "input", "x", false])));
  assert.match(line, /^nt=\u00a0tanh\(Vn yt−1 \+ Wn xt\)/);
  const [other] = texts(shown({}, products(["V", "readout", "readout", false])));
  assert.match(other, /^nt=\u00a0tanh\(Vn yt−1\)/);
  const [token] = texts(shown({}, products(["V", "readout", "last_token", false])));
  assert.match(token, /Vn last_tokent−1/);
});

test("each bias of an equation has a mark of its own", () => {
  const [x, h, y] = [
    ["W", "input", "x", true],
    ["U", "state", "h", true],
    ["V", "readout", "y_tm1", true],
  ];
  const right = (...sources) => texts(shown({}, products(...sources)))[0].match(/tanh\(.*?\)/)[0];
  assert.equal(right(x, h, y), "tanh(Wn xt + bn + Un ht−1 + b′n + Vn yt−1 + b′′n)");
  assert.equal(right(y, h, x), "tanh(Vn yt−1 + b′′n + Un ht−1 + b′n + Wn xt + bn)");
  assert.equal(right([...x.slice(0, 3), false], h), "tanh(Wn xt + Un ht−1 + bn)");
});

test("what fits no law is written by its form, with the names of what it reads", () => {
  const right = (form, more = {}, of = [{ v: 0 }, { v: 1 }]) => {
    const given = payload();
    Object.assign(given.values[2], { law: { law: "unknown", of, form } }, more);
    const [line] = texts(shown({}, { values: given.values }));
    return line.match(/=\u00a0(.*?)=/)[1];
  };
  const [W, b, x, h] = [{ weight: "W" }, { weight: "b" }, { of: 0 }, { of: 1 }];
  assert.equal(right([W, " ", x, " + ", b], { name: "keys" }), "Wkeys xt + bkeys");
  assert.equal(
    right(["conv(", W, ", ", x, ") + ", b], { name: "conv2d 2", unnamed: true }),
    "conv(W2, xt) + b2",
  );
  assert.equal(right(["sigma(", x, " * ", h, ") - 1"]), "σ(xt ⊙ ht−1) − 1");
  assert.equal(right([x, " ", h]), "xt ht−1");
});

test("what is written into a form has brackets where it needs them", () => {
  const right = (form) => {
    const given = payload();
    Object.assign(given.values[2], { auto: true, law: { law: "sum", of: [{ v: 0 }, { v: 1 }] } });
    Object.assign(given.values[3], { law: { law: "unknown", of: [{ v: 2 }, { v: 0 }], form } });
    return texts(shown({}, { values: given.values }))[0].match(/=\u00a0(.*?)=/)[1];
  };
  assert.equal(right([{ weight: "W" }, " ", { of: 0 }]), "Wg (xt + ht−1)");
  assert.equal(right(["f(", { of: 0 }, ", ", { of: 1 }, ")"]), "f(xt + ht−1, xt)");
  assert.equal(right([{ of: 1 }, " + ", { of: 0 }]), "xt + xt + ht−1");
  assert.equal(right([{ of: 1 }, " + ", { of: 0 }, " * ", { of: 1 }]), "xt + (xt + ht−1) ⊙ xt");
});

test("the equations of the box that was clicked come first", () => {
  const panel = shown({}, {}, (run) => {
    run.look.open.add(1);
    run.look.choose(run.payload.views[1].boxes[3]);
  });
  assert.deepEqual(
    texts(panel).map((line) => line.slice(0, 2)),
    ["ht", "zt", "gt"],
  );
  assert.match(panel.all(".rv-place")[0].textContent, /^\+, which was clicked/);
});

test("a term under the pointer lights its value, and is lit itself wherever it stands", () => {
  const panel = shown({});
  const { look } = panel.run;
  const terms = panel.all(".rv-term").filter((node) => node.rvLights[0] === 3);
  assert.equal(terms.length, 2); // the gate at the left of its own equation, and in the sum
  panel.one(".rv-lines").fire("pointerover", { target: terms[1] });
  assert.deepEqual([...look.lit], [3]);
  assert.ok(terms.every((node) => node.classes.has("rv-lit")));
  look.light([2]);
  assert.ok(!terms.some((node) => node.classes.has("rv-lit")));
  panel.one(".rv-lines").fire("pointerleave");
  assert.equal(look.lit.size, 0);
});

test("a masked timestep has no equations", () => {
  const panel = shown({ sample: 1, t: 1 });
  assert.equal(texts(panel).length, 0);
  assert.match(panel.textContent, /Masked: what the step computes at this timestep is thrown away/);
});
