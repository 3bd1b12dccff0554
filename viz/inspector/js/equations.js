// The equations of one timestep and one unit as trees: of everything that is open in the diagram, bottom-up.

import { letterOf } from "./book_names.js";
import { isPort, opens } from "./look.js";

export const SIGNS = { sum: " + ", difference: " − ", product: " · ", quotient: " / ", power: " ^ " };

const CALLS = ["max", "min", "mean"];

const LINES = 60;

export function unitsOf(run, v) {
  return run.values[v].rows * run.values[v].columns;
}

export function placeOf(run, v) {
  const { name } = run.values[v];
  return name.slice(0, name.lastIndexOf("/") + 1);
}

// `{v, e}` is element e of value v. Operations that only pass numbers on (a split, a reshape) are skipped.
export function through(run, v, e) {
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

// How the equations of a run are written: what is written into the equation that reads it.
export class Style {
  constructor(run) {
    Object.assign(this, { run, affine: new Set(), readers: new Map(), ends: new Set(), marks: new Map() });
    for (const view of run.look.views)
      if (view.kind === "affine")
        for (const box of view.boxes) if (!isPort(box)) for (const v of box.values) this.affine.add(v);
    run.values.forEach((value, v) => {
      // What becomes a state or is handed out has an equation of its own.
      if (value.next !== null && value.next !== undefined) this.ends.add(through(run, value.next, 0).v);
      for (const part of value.law.of) {
        if (part.v === undefined || value.law.law === "same") continue;
        const at = through(run, part.v, 0);
        this.readers.set(at.v, [...(this.readers.get(at.v) || []), v]);
      }
    });
  }

  inlined(v) {
    const value = this.run.values[v];
    if (this.ends.has(v)) return false;
    if (value.auto) return true;
    const own = value.law.letter === value.name.split("/").pop();
    if (value.law.law === "linear" && !value.law.function) return this.affine.has(v) || value.unnamed || own;
    return this.isSquashed(v);
  }

  // The tanh of one value that has a name, read once: a book writes it where it is read.
  isSquashed(v) {
    const { run } = this;
    const { law, gate } = run.values[v];
    if (law.law !== "function" || gate || law.of[0].v === undefined) return false;
    const read = through(run, law.of[0].v, 0);
    return (
      !this.inlined(read.v) && run.values[read.v].role !== "input" && (this.readers.get(v) || []).length === 1
    );
  }

  // The right side of the equation of one element, as a tree; `owner` is the value whose equation it is.
  tree({ v, e }, owner = v, depth = 0) {
    const { run } = this;
    const { law } = run.values[v];
    const inner = (part) => {
      const at = elementOf(run, part, e);
      return at.v !== undefined && depth < 8 && this.inlined(at.v) ? this.tree(at, owner, depth + 1) : at;
    };
    const self = { v, e };
    if (law.law in SIGNS || CALLS.includes(law.law)) return { kind: law.law, self, parts: law.of.map(inner) };
    if (law.law === "function")
      return { kind: "call", self, name: law.function, parts: law.of.map(inner), valid: law.valid };
    if (law.law === "linear") {
      const known = this.affine.has(v) && depth > 0; // its sum over weights has an equation of its own
      return { kind: "linear", self, law, known, owner, mark: this.mark(owner, v), v: law.of[0].v };
    }
    if (law.law === "shift") {
      const parts = law.of.map(inner);
      const bias = { number: run.numbers[law.bias + e], bias: e, owner, mark: this.mark(owner, v) };
      return { kind: "sum", self, parts: [...parts, bias] };
    }
    const read = law.form && law.of.map(inner);
    return { kind: law.law, self, of: law.of, e, form: law.form, read };
  }

  // How many other biases of its owner's equation come before the one that is added at `v`: those of a product with
  // a state come after the rest, those of one with the last output at the end.
  mark(owner, v) {
    if (!this.marks.has(owner)) {
      this.marks.set(owner, new Map()); // while the tree is made that is asked for
      const found = biases(this.tree({ v: owner, e: 0 }));
      const rank = ({ letter }) => ["U", "V"].indexOf(letter);
      found.sort((one, other) => rank(one) - rank(other));
      this.marks.set(owner, new Map(found.map((bias, i) => [bias.v, i])));
    }
    return this.marks.get(owner).get(v) ?? 0;
  }

  line(v, e, more = {}) {
    return { v, e, tree: this.tree({ v, e }), ...more };
  }
}

// `{v, letter}` of each bias that a tree adds: of the value that adds it, and of the matrix of the product before it.
function biases(tree) {
  if (tree.kind === "linear")
    return tree.law.bias === undefined ? [] : [{ v: tree.self.v, letter: tree.law.letter }];
  const inner = (tree.parts || []).filter((part) => part.kind).flatMap(biases);
  if (!tree.parts?.some((part) => part.bias !== undefined)) return inner;
  const [first] = tree.parts;
  return [...inner, { v: tree.self.v, letter: first.kind === "linear" ? first.law.letter : "" }];
}

// `[{title, lines}]`: the equations of everything that is open, each model's where it runs; those of the box
// that was clicked first, and the models that it opened.
export function equations(run, unit, style = new Style(run)) {
  const sections = [];
  ofView(run, style, unit, 0, sections);
  return chosenFirst(run, style, unit, sections);
}

function ofView(run, style, unit, number, sections) {
  const view = run.look.views[number];
  let section = null;
  const add = (line) => {
    if (!line) return;
    if (!section) sections.push((section = { title: number ? view.title : "", view: number, lines: [] }));
    if (sections.reduce((count, one) => count + one.lines.length, 0) < LINES) section.lines.push(line);
  };
  for (const box of view.boxes) {
    if (isPort(box)) continue;
    if (run.look.isOpen(box)) {
      section = null; // what follows reads what is in it
      if (run.look.views[box.inside].kind === "affine") sections.push(affineSection(run, style, unit, box));
      else ofView(run, style, unit, box.inside, sections);
    } else if (box.role === "cell" && opens(box)) add(cellLine(run, unit, box));
    else if (!opens(box)) add(boxLine(run, style, unit, box));
  }
}

function boxLine(run, style, unit, box) {
  const v = box.values.find((place) => place !== null && place !== undefined);
  if (v === undefined || ["given", "same", "take", "join"].includes(run.values[v].law.law)) return null;
  if (style.inlined(v) && style.readers.has(v)) return null;
  return style.line(v, Math.min(unit, unitsOf(run, v) - 1), { what: box.detail || box.name });
}

// A model that is shut is a function: what it hands out, by its name, of what it reads.
function cellLine(run, unit, box) {
  const view = run.look.views[box.inside];
  const first = view.boxes.findIndex((inner) => !isPort(inner));
  const place = (v) => through(run, v, Math.min(unit, unitsOf(run, v) - 1));
  const known = (values) => values.filter((v) => v !== null && v !== undefined);
  const made = known(box.values).map(place);
  const results = made.filter(({ v }, i) => made.findIndex((other) => other.v === v) === i);
  if (!results.length) return null;
  const of = view.boxes.slice(0, first).flatMap((port) => known(port.values).map((v) => ({ v, e: 0 })));
  const tree = { kind: "cell", name: box.name, parts: of };
  return { ...results[0], results, tree, what: box.detail };
}

// The sums over weights of an affine box: for each of its results the products that it adds up.
function affineSection(run, style, unit, box) {
  const view = run.look.views[box.inside];
  const lines = [];
  for (const port of view.boxes.slice(view.boxes.length - view.ends)) {
    const [v] = port.values;
    if (v === null || v === undefined) continue;
    const row = Math.min(unit, unitsOf(run, v) - 1);
    const at = through(run, v, row);
    const reader = nextNamed(run, style, v);
    for (const part of linearParts(style.tree(at, reader)))
      if (!lines.some((line) => line.v === part.self.v && line.e === part.self.e))
        lines.push({ ...part.self, tree: { ...part, known: false, summed: true, row } });
  }
  return { title: view.title, view: box.inside, lines: lines.slice(0, LINES) };
}

function linearParts(tree) {
  if (tree.kind === "linear") return [tree];
  return (tree.parts || []).flatMap((part) => (part.kind ? linearParts(part) : []));
}

// The value into whose equation this one is written.
function nextNamed(run, style, v) {
  const seen = new Set();
  for (let at = v; !seen.has(at); ) {
    seen.add(at);
    const next = run.values.findIndex(({ law }) => law.of.some((part) => part.v === at));
    if (next < 0) return at;
    at = next;
    if (!style.inlined(at) && run.values[at].law.law !== "same") return at;
  }
  return v;
}

function chosenFirst(run, style, unit, sections) {
  const { chosen } = run.look;
  if (!chosen) return sections;
  if (run.look.isOpen(chosen)) {
    const mine = (one) => one.view === chosen.inside;
    return [...sections.filter(mine), ...sections.filter((one) => !mine(one))];
  }
  const places = chosen.values.map((v) => computed(run, v, chosen)).filter((v) => v !== null);
  const wanted = (line) => [line, ...(line.results || [])].some(({ v }) => places.includes(v));
  let lines = sections.flatMap((one) => one.lines.filter(wanted));
  if (!lines.length)
    lines = [...new Set(places)]
      .filter((v) => !["given", "same"].includes(run.values[v].law.law))
      .slice(0, 4)
      .map((v) => style.line(v, Math.min(unit, unitsOf(run, v) - 1)));
  if (!lines.length) return sections;
  const first = { title: `${chosen.name}, which was clicked`, view: chosen.view, lines, chosen: true };
  const rest = sections.map((one) => ({ ...one, lines: one.lines.filter((line) => !lines.includes(line)) }));
  return [first, ...rest.filter((one) => one.lines.length)];
}

// The values that a box stands for, also those that its own only repeat: a state after the timestep is what the
// step computed.
export function valuesOf(run, box) {
  return run.look.valuesIn(box).flatMap((v) => {
    if (run.values[v].role !== "state") return [v, through(run, v, 0).v];
    const next = box.after ? computed(run, v, box) : null;
    return [next ?? v];
  });
}

// The value whose equation says how a box got its numbers; a state before the timestep was computed earlier.
function computed(run, v, box) {
  const { role, next } = run.values[v];
  if (role !== "state") return through(run, v, 0).v;
  return box.after && next !== null && next !== undefined ? through(run, next, 0).v : null;
}

// The letter and subscript of a matrix in the equation of its owner: `W` and `i` for the input gate.
export function matrixName(run, { law, self, owner }) {
  const letter = law.letter || "W";
  const given = run.values[self.v].name.split("/").pop() === letter;
  return [letter, given || self.v === owner ? "" : letterOf(run, owner)];
}

// Of a bias; a second one in the same equation has a mark, a third one two.
export function biasName(run, owner, mark, own = false) {
  return [`b${"′".repeat(mark)}`, own ? "" : letterOf(run, owner)];
}
