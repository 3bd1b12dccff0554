// The step's equations, written with the numbers of one timestep and one unit.

const SIGNS = { sum: " + ", difference: " − ", product: " · ", quotient: " / ", power: " ^ " };
const CALLS = ["max", "min", "mean"];
const SHOWN_TERMS = 3;
const LINES = 40;

function unitsOf(run, v) {
  return run.values[v].rows * run.values[v].columns;
}

// `{v, e}` is element e of value v. What only hands numbers on (a split, a reshape) is looked through.
function through(run, v, e) {
  for (let i = 0; i < 50; i++) {
    const { law } = run.values[v];
    let [part, element] = [law.of[0], e];
    if (law.law === "take") element = e + law.start;
    else if (law.law === "join") {
      const place = law.sizes.findIndex((size) => (element < size ? true : ((element -= size), false)));
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
  if (law.law === "shift") return { kind: "sum", parts: [...law.of.map(inner), { number: run.numbers[law.bias + e], bias: e }] };
  return { kind: law.law, of: law.of, e };
}

// The equations behind the outputs and the next states, in the order in which the step runs.
function equations(run, unit) {
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
    else if (tree.of) tree.of.forEach((part) => part.v !== undefined && visit(elementOf(run, part, Math.min(tree.e, unitsOf(run, part.v) - 1))));
    else if (tree.v !== undefined) visit(through(run, tree.v, Math.min(unit, unitsOf(run, tree.v) - 1)));
  };
  run.values.forEach((value, v) => {
    const start = value.role === "output" ? v : value.next;
    if (start !== undefined && start !== null) visit(through(run, start, Math.min(unit, unitsOf(run, start) - 1)));
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

function placeOf(run, v) {
  const { name } = run.values[v];
  return name.slice(0, name.lastIndexOf("/") + 1);
}

// A name as an equation has it: `h` with t−1 below for a state that is read, t for one that is made.
function nameOf(run, v, unitName, place = "") {
  const value = run.values[v];
  const made = run.values.find((state) => state.role === "state" && state.next === v);
  const [text, below] = value.role === "state" ? [value.name, "t−1"] : made && value.unnamed ? [made.name, "t"] : [value.name, ""];
  const short = text.startsWith(place) ? text.slice(place.length) : text;
  const role = made && value.unnamed ? "state" : value.role;
  return [make("b", { class: `rv-role-${role}` }, short), below ? make("sub", {}, below) : "", unitName ?? ""];
}

function signed(text) {
  return typeof text === "string" && text.startsWith("−");
}

// The tree as text: `say(v, e)` says what is written for an element, its name or its number.
function spell(run, tree, say, numbers) {
  if (tree.number !== undefined) return [tree.bias === undefined || numbers ? written(tree.number) : `b[${tree.bias}]`];
  if (tree.unknown) return [tree.unknown];
  if (!tree.kind) return say(tree.v, tree.e);
  if (tree.kind === "linear") return spellLinear(run, tree, say, numbers);
  if (!tree.parts) return numbers ? [] : spellOther(run, tree);
  const parts = tree.parts.map((part) => {
    const loose = tree.kind !== "sum" && tree.kind in SIGNS && ["sum", "difference"].includes(part.kind);
    return loose ? ["(", ...spell(run, part, say, numbers), ")"] : spell(run, part, say, numbers);
  });
  if (tree.kind in SIGNS) return joined(parts, tree.kind);
  if (tree.name === "softmax") return numbers ? ["exp(", ...parts[0], ") / Σ exp"] : ["softmax at ", ...parts[0]];
  return [tree.name === "sigmoid" ? "σ" : tree.name || tree.kind, "(", ...parts.flatMap((part, i) => (i ? [", ", ...part] : part)), ")"];
}

// Parts with a sign between them; a negative number is not written behind another sign.
function joined(parts, kind) {
  return parts.flatMap((part, i) => {
    if (!i) return part;
    if (!signed(part[0])) return [SIGNS[kind], ...part];
    return kind === "sum" ? [" − ", part[0].slice(1), ...part.slice(1)] : [SIGNS[kind], "(", ...part, ")"];
  });
}

// Whether all that an equation reads was kept when the run was cut for size.
function isWhole(tree) {
  return tree.unknown === undefined && (tree.parts || []).every(isWhole);
}

function spellOther(run, tree) {
  const read = tree.of.map((part) => part.name ?? (part.v === undefined ? written(part.n) : run.values[part.v].name));
  return [tree.kind === "lookup" ? "the row of the table for " : "made of ", read.join(", ")];
}

function spellLinear(run, { law, e, v }, say, numbers) {
  const [rows, columns] = law.shape;
  while (run.values[v].law.law === "same" && run.values[v].law.of[0].v !== undefined) v = run.values[v].law.of[0].v;
  const active = law.function ? [law.function === "sigmoid" ? "σ(" : `${law.function}(`] : [];
  const close = active.length ? [")"] : [];
  const bias = law.bias === undefined ? [] : [numbers ? [written(run.numbers[law.bias + e])] : [`b[${e}]`]];
  if (!numbers) return [...active, `Σ W[i, ${e}] · `, ...nameOf(run, v, "[i]"), ...(bias.length ? [" + ", ...bias[0]] : []), ...close];
  const weight = (i) => run.numbers[law.matrix + i * columns + e];
  const terms = [...Array(Math.min(rows, SHOWN_TERMS)).keys()].map((i) => joined([[written(weight(i))], say(v, i)], "product"));
  let rest = 0;
  for (let i = SHOWN_TERMS; i < rows; i++) rest += weight(i) * run.now(v, i);
  if (rows > SHOWN_TERMS) terms.push([written(rest), ` (${rows - SHOWN_TERMS} more)`]);
  return [...active, ...joined([...terms, ...bias], "sum"), ...close];
}

// The panel. `update` writes the numbers of another timestep into it.
function workedNumbers(run) {
  const list = make("div", { class: "rv-lines" });
  const panel = section("Worked numbers", make("div", { class: "rv-equations", tabindex: 0, role: "group", "aria-label": "Equations" }, list), "rv-worked");
  const number = (v, e) => [written(run.now(v, e))];
  const line = ({ v, e, tree }, place) => {
    const name = (w, f) => nameOf(run, w, run.series[w].unitName(f), place);
    const values = isWhole(tree) ? spell(run, tree, number, true) : [];
    const left = make("span", { class: "rv-left" }, ...name(v, e));
    // Beside a long name there is no room for the rest.
    const kind = left.textContent.length > 24 ? "rv-equation rv-stacked" : "rv-equation";
    return make("p", { class: kind },
      left,
      make("span", { class: "rv-right" }, "=\u00a0", ...spell(run, tree, name, false)),
      make("span", { class: "rv-right" }, ...(values.length ? ["= ", ...values, " "] : []),
        make("span", { class: "rv-result" }, "= ", written(run.now(v, e)))));
  };
  const update = ({ t, sample, unit }) => {
    run.now = (v, e) => run.series[v].at(sample, t, e);
    if (run.masked(sample, t)) {
      return list.replaceChildren(make("p", { class: "rv-note" }, "Masked: what the step computes at this timestep is thrown away."));
    }
    let last = "";
    list.replaceChildren(...equations(run, unit).flatMap((equation) => {
      const place = placeOf(run, equation.v);
      const heading = place && place !== last ? [make("p", { class: "rv-place" }, place.slice(0, -1))] : [];
      last = place;
      return [...heading, line(equation, place)];
    }));
  };
  return { panel, update };
}
