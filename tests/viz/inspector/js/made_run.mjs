// A run made by hand: two units that gather what a gate lets through, over three timesteps, for two samples.
//
//   z = x W + b,   g = sigmoid(z),   next h = h + g,   output = next h

import { Run } from "../../../../viz/inspector/js/run.js";

export const W = [
  [0.5, -1],
  [2, 0.25],
];
export const BIAS = [0.125, -0.5];
export const X = [
  [
    [1, 2],
    [0, -1],
    [3, 0.5],
  ],
  [
    [-1, 1],
    [0.5, 0.5],
    [2, -2],
  ],
];

export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

// The same run, computed with loops: for each sample and timestep `{x, h, z, g, after}`, each of two units.
export const EXPECTED = X.map((sample) => {
  let h = [0, 0];
  return sample.map((x) => {
    const z = [0, 1].map((e) => x[0] * W[0][e] + x[1] * W[1][e] + BIAS[e]);
    const g = z.map(sigmoid);
    const after = h.map((number, e) => number + g[e]);
    const row = { x, h, z, g, after };
    h = after;
    return row;
  });
});

// `numbers` holds for each sample and frame the units of a value; a state has a frame more than there are steps.
export function payload(changes = {}) {
  const numbers = [];
  const put = (rows) => numbers.push(...rows.flat(2)) - rows.flat(2).length;
  const of = (name) => put(EXPECTED.map((sample) => sample.map((row) => row[name])));
  const h = put(EXPECTED.map((sample) => [sample[0].h, ...sample.map((row) => row.after)]));
  const [x, z, g, matrix, bias] = [of("x"), of("z"), of("g"), put([W]), put([[BIAS]])];
  const plain = {
    rows: 1,
    columns: 2,
    shape: [2],
    frames: 3,
    lag: 0,
    fixed: false,
    gate: false,
    whole: false,
    next: null,
  };
  const given = { law: "given", of: [] };
  const values = [
    { name: "x", role: "input", start: x, law: given },
    { name: "h", role: "state", start: h, frames: 4, next: 4, law: given },
    {
      name: "z",
      role: "inner",
      start: z,
      law: { law: "linear", of: [{ v: 0 }], matrix, bias, shape: [2, 2] },
    },
    {
      name: "g",
      role: "inner",
      start: g,
      gate: true,
      opens: true,
      law: { law: "function", function: "sigmoid", of: [{ v: 2 }] },
    },
    {
      name: "add",
      role: "inner",
      start: h,
      frames: 4,
      lag: 1,
      unnamed: true,
      law: { law: "sum", of: [{ v: 1 }, { v: 3 }] },
    },
    { name: "output", role: "output", start: h, frames: 4, lag: 1, law: { law: "same", of: [{ v: 4 }] } },
    { name: "readout", role: "readout", start: x, law: given },
  ];
  return {
    title: "gatherer",
    steps: 3,
    samples: [0, 4],
    first: 0,
    notes: [],
    labels: null,
    mask: [
      [true, true, true],
      [true, false, true],
    ],
    sources: [
      [
        [0, 1, 2],
        [0, 1, 3],
      ],
    ],
    sourceNames: ["start", "own output", "truth", "both"],
    colours: { signed: ["#000000", "#ffffff"], gate: ["#ffffff", "#ff0000"], whole: ["#0000ff", "#00ff00"] },
    data: encoded(numbers),
    views: views(),
    values: values.map((value) => ({ ...plain, short: value.name, ...value })),
    ...changes,
  };
}

// A box of a diagram, at a place.
export function box(name, x, y, changes = {}) {
  const plain = {
    w: 100,
    h: 42,
    detail: "",
    shape: "2",
    role: "layer",
    sign: "",
    inside: null,
    after: false,
  };
  return { ...plain, name, short: name, x, y, values: [], ...changes };
}

// An arrow from one box up to another, as a straight Bezier curve.
export function edge(boxes, from, to, ports = [[0, 0]]) {
  const [a, b] = [boxes[from], boxes[to]];
  const [start, end] = [
    [a.x + a.w / 2, a.y],
    [b.x + b.w / 2, b.y + b.h],
  ]; // prettier-ignore
  return { from, to, ports, curve: [...start, ...start, ...end, ...end] };
}

export function view(title, boxes, edges, ends = 1) {
  const right = Math.max(...boxes.map(({ x, w }) => x + w)) + 6;
  const bottom = Math.max(...boxes.map(({ y, h }) => y + h)) + 6;
  return {
    title,
    kind: "",
    width: right,
    height: bottom,
    ends,
    boxes,
    edges: edges.map((e) => edge(boxes, ...e)),
  };
}

// The step, in which a model opens that holds the gate and the sum.
function views() {
  const step = [
    box("x", 6, 150, { role: "input", values: [0] }),
    box("h", 116, 150, { role: "state", detail: "state before", values: [1] }),
    box("z", 6, 80, { values: [2] }),
    box("inner step", 116, 80, { role: "cell", values: [4], inside: 1 }),
    box("output", 6, 6, { role: "output", values: [5] }),
    box("h", 116, 6, { role: "state", detail: "state after", values: [1], after: true }),
  ];
  const inner = [
    box("z", 6, 200, { role: "input", values: [2], h: 34 }),
    box("h", 116, 200, { role: "state", values: [1], h: 34 }),
    box("g", 6, 130, { values: [3] }),
    box("+", 80, 70, { role: "operation", values: [4], sign: "+", w: 24, h: 24 }),
    box("h", 80, 6, { role: "output", values: [4], h: 34 }),
  ];
  return [
    view(
      "the step",
      step,
      [
        [0, 2],
        [2, 3, [[0, 0]]],
        [1, 3, [[0, 1]]],
        [3, 4],
        [3, 5],
      ],
      2,
    ), // prettier-ignore
    view("inner step", inner, [
      [0, 2],
      [2, 3],
      [1, 3],
      [3, 4],
    ]), // prettier-ignore
  ];
}

export function encoded(numbers) {
  return Buffer.from(new Float32Array(numbers).buffer).toString("base64");
}

export function madeRun(changes) {
  const run = new Run(payload(changes));
  run.first = -1;
  run.columns = run.steps + 1;
  return run;
}

// Equal but for what 32 bits round off.
export function near(one, other) {
  return Math.abs(one - other) < 1e-6;
}
