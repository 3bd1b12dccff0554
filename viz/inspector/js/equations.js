// The equations of one timestep and one unit as trees, in the order in which the step runs.

export const SIGNS = { sum: " + ", difference: " − ", product: " · ", quotient: " / ", power: " ^ " };

const CALLS = ["max", "min", "mean"];

const LINES = 40;

export function unitsOf(run, v) {
  return run.values[v].rows * run.values[v].columns;
}

// `{v, e}` is element e of value v. Operations that only pass numbers on (a split, a reshape) are skipped.
function through(run, v, e) {
  for (let i = 0; i < 50; i++) {
    const { law } = run.values[v];
    let [part, element] = [law.of[0], e];
    if (law.law === "take") element = e + law.start;
    else if (law.law === "join") {
      const place = law.sizes.findIndex((size) => {
        if (element < size) return true;
        element -= size;
        return false;
      });
      part = law.of[place];
    } else if (law.law !== "same") break;
    if (!part || part.v === undefined || element >= unitsOf(run, part.v)) break;
    [v, e] = [part.v, element];
  }
  return { v, e };
}

// The element of an argument that an elementwise operation reads for its own element e.
function elementOf(run, part, e) {
  if (part.n !== undefined) return { number: part.n };
  if (part.v === undefined) return { unknown: part.name };
  return through(run, part.v, unitsOf(run, part.v) === 1 ? 0 : e);
}

// The right side of an equation as a tree; unnamed operations are written into the one that reads them.
function expression(run, { v, e }, depth = 0) {
  const { law } = run.values[v];
  const inner = (part) => {
    const at = elementOf(run, part, e);
    return at.v !== undefined && run.values[at.v].auto && depth < 4 ? expression(run, at, depth + 1) : at;
  };
  if (law.law in SIGNS || CALLS.includes(law.law)) return { kind: law.law, parts: law.of.map(inner) };
  if (law.law === "function") return { kind: "call", name: law.function, parts: law.of.map(inner) };
  if (law.law === "linear") return { kind: "linear", law, e, v: law.of[0].v };
  if (law.law === "shift")
    return { kind: "sum", parts: [...law.of.map(inner), { number: run.numbers[law.bias + e], bias: e }] };
  return { kind: law.law, of: law.of, e };
}

// The equations behind the outputs and the next states, in the order in which the step runs.
export function equations(run, unit) {
  const found = new Map();
  const visit = ({ v, e }) => {
    const key = `${v}/${e}`;
    if (v === undefined || found.has(key) || found.size >= LINES) return;
    const tree = expression(run, { v, e });
    if (tree.kind === "given" || (tree.of && !tree.of.some((part) => part.v !== undefined))) return;
    found.set(key, { v, e, tree });
    walk(tree);
  };
  const walk = (tree) => {
    if (tree.parts) tree.parts.forEach((part) => (part.kind ? walk(part) : visit(part)));
    else if (tree.of)
      tree.of.forEach(
        (part) =>
          part.v !== undefined && visit(elementOf(run, part, Math.min(tree.e, unitsOf(run, part.v) - 1))),
      );
    else if (tree.v !== undefined) visit(through(run, tree.v, Math.min(unit, unitsOf(run, tree.v) - 1)));
  };
  run.values.forEach((value, v) => {
    const start = value.role === "output" ? v : value.next;
    if (start !== undefined && start !== null)
      visit(through(run, start, Math.min(unit, unitsOf(run, start) - 1)));
  });
  const lines = [...found.values()].sort((a, b) => a.v - b.v || a.e - b.e);
  // Within each model the short equations come first, and the sums over weights that they need after them.
  const places = [...new Set(lines.map((line) => placeOf(run, line.v)))];
  const isSum = (line) => line.tree.kind === "linear";
  return places.flatMap((place) => {
    const here = lines.filter((line) => placeOf(run, line.v) === place);
    return [...here.filter((line) => !isSum(line)), ...here.filter(isSum)];
  });
}

export function placeOf(run, v) {
  const { name } = run.values[v];
  return name.slice(0, name.lastIndexOf("/") + 1);
}
