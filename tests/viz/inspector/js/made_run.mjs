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
    views: [view()],
    values: values.map((value) => ({ ...plain, short: value.name, ...value })),
    ...changes,
  };
}

function view() {
  const plain = { x: 0, y: 0, w: 100, h: 42, detail: "", shape: "2", sign: "", inside: null, after: false };
  const boxes = [
    { ...plain, name: "z", short: "z", role: "layer", values: [2] },
    { ...plain, name: "inner step", short: "inner", role: "layer", values: [null], inside: 0 },
  ];
  return { title: "the step", width: 200, height: 100, boxes, edges: [["M0,0L1,1", "M1,1Z"]] };
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
