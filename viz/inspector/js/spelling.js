// An equation as a book writes it, with the names of its values; and with their numbers.

import { letterOf, symbolOf } from "./book_names.js";
import { make } from "./dom.js";
import { biasName, matrixName, SIGNS, through, unitsOf } from "./equations.js";
import { written } from "./numbers.js";

const SHOWN_TERMS = 3;

// A text that lights the values that it stands for.
export function term(values, ...text) {
  const node = make("span", { class: "rv-term" }, ...text);
  node.rvLights = values;
  return node;
}

// A name in an equation: `h` with the timestep below it, and above it the cell where it is not this one's.
export function nameOf(run, v, place = "") {
  const { text, full, cell, time, role } = symbolOf(run, v, place);
  return term(
    [v],
    make("b", { class: `rv-role-${role}`, title: text === full ? null : full }, text),
    cell ? make("sup", {}, cell) : null,
    time ? make("sub", {}, time) : null,
  );
}

// A number that stands in the step itself: the 1 of `1 − z`.
function brief(number) {
  return Number.isInteger(number) ? String(number).replace("-", "−") : written(number);
}

function signed(text) {
  return typeof text === "string" && text.startsWith("−");
}

// With names. Vectors are multiplied unit by unit: a dot in a circle.
export function inNames(run, tree, place) {
  if (tree.number !== undefined)
    return tree.bias === undefined
      ? [brief(tree.number)]
      : [lettered(...biasName(run, tree.owner, tree.mark))];
  if (tree.unknown) return [tree.unknown];
  if (!tree.kind) return [nameOf(run, tree.v, place)];
  if (tree.kind === "linear") return linearInNames(run, tree, place);
  if (tree.kind === "cell")
    return called(
      tree.name,
      tree.parts.map((part) => multiplied(run, operandOf(run, part.v), place)),
    );
  if (!tree.parts) return otherInNames(run, tree, place);
  const parts = inBrackets(tree, (part) => inNames(run, part, place));
  if (tree.kind in SIGNS) return joined(parts, tree.kind, isVector(run, tree) ? " ⊙ " : SIGNS.product);
  // Of a softmax over some of its places: which of them count.
  if (tree.valid?.v !== undefined) parts.push(nameIn(run, tree.valid, place));
  return called(tree.name === "sigmoid" ? "σ" : tree.name || tree.kind, parts);
}

// With numbers; a term that is zero is left out.
export function inNumbers(run, tree) {
  if (tree.number !== undefined) return [tree.bias === undefined ? brief(tree.number) : written(tree.number)];
  // Of a run with other weights a number that they gave is written alone.
  if (tree.self && run.unlike?.has(tree.self.v)) return [written(run.now(tree.self.v, tree.self.e))];
  if (!tree.kind) return [written(run.now(tree.v, tree.e))];
  if (tree.kind === "lookup" && tree.of[0].v !== undefined)
    return [`E[${brief(run.now(through(run, tree.of[0].v, 0).v, 0))}]`];
  if (tree.kind === "linear") return linearInNumbers(run, tree);
  if (!tree.parts || tree.kind === "cell") return [];
  const sum = tree.kind === "sum";
  const left = sum ? tree.parts.filter((part) => numberOf(run, part) !== 0) : tree.parts;
  if (!left.length) return [written(0)];
  const parts = inBrackets({ ...tree, parts: left }, (part) => inNumbers(run, part));
  if (tree.kind in SIGNS) return joined(parts, tree.kind, SIGNS.product);
  if (tree.name === "softmax") return ["exp(", ...parts[0], ") / Σ exp"];
  return called(tree.name === "sigmoid" ? "σ" : tree.name || tree.kind, parts);
}

// Whether all that an equation reads was kept when the run was cut for size.
export function isWhole(tree) {
  return tree.unknown === undefined && (tree.parts || []).every(isWhole);
}

function isVector(run, { parts }) {
  const sized = parts.filter((part) => part.number === undefined);
  return (
    sized.length > 1 &&
    sized.every((part) => part.unknown !== undefined || unitsOf(run, part.self ? part.self.v : part.v) > 1)
  );
}

function numberOf(run, part) {
  if (part.number !== undefined) return part.number;
  if (part.kind === "product" && part.parts.some((inner) => numberOf(run, inner) === 0)) return 0;
  const at = part.self || part;
  return at.v === undefined ? NaN : run.now(at.v, at.e);
}

function inBrackets(tree, say) {
  const tight = tree.kind !== "sum" && tree.kind in SIGNS;
  return tree.parts.map((part, i) => {
    const said = say(part);
    const loose = ["sum", "difference"].includes(part.kind) || (part.kind === "linear" && tight);
    const behind = tree.kind !== "difference" || i > 0;
    return tight && behind && loose && said.length > 1 ? ["(", ...said, ")"] : said;
  });
}

function called(name, parts) {
  return [`${name}(`, ...parts.flatMap((part, i) => (i ? [", ", ...part] : part)), ")"];
}

// Terms with a sign between them; a negative number never follows another sign directly.
function joined(parts, kind, times) {
  const sign = kind === "product" ? times : SIGNS[kind];
  return parts.flatMap((part, i) => {
    if (!i) return part;
    if (!signed(part[0])) return [sign, ...part];
    return kind === "sum" ? [" − ", part[0].slice(1), ...part.slice(1)] : [sign, "(", ...part, ")"];
  });
}

function lettered(letter, below) {
  return make("span", {}, make("i", {}, letter), below ? make("sub", {}, below) : null);
}

function operandOf(run, v) {
  while (run.values[v].law.law === "same" && run.values[v].law.of[0].v !== undefined)
    v = run.values[v].law.of[0].v;
  return v;
}

// What a matrix is multiplied with: one vector, or several that are joined into one.
function multiplied(run, v, place) {
  const { law } = run.values[v];
  if (law.law !== "join") return [nameOf(run, v, place)];
  const names = law.of.map((part) =>
    part.v === undefined ? [part.name ?? ""] : multiplied(run, operandOf(run, part.v), place),
  );
  return ["[", ...names.flatMap((name, i) => (i ? ["; ", ...name] : name)), "]"];
}

function linearInNames(run, tree, place) {
  const [letter, below] = matrixName(run, tree);
  const product = term(
    [tree.self.v],
    lettered(letter, below),
    " ",
    ...multiplied(run, operandOf(run, tree.v), place),
  );
  const bias =
    tree.law.bias === undefined
      ? []
      : [" + ", lettered(...biasName(run, tree.owner, tree.mark, tree.owner === tree.self.v))];
  return activated(tree.law, [product, ...bias]);
}

// The product with a matrix as a sum: of one row of the matrix with the vector.
export function inSum(run, tree, place) {
  const [letter, below] = matrixName(run, tree);
  const row = unitsOf(run, tree.self.v) > 1 ? `[${tree.row}, j]` : "[j]";
  return [
    "Σ",
    make("sub", {}, "j"),
    " ",
    lettered(letter, below),
    `${row} · `,
    ...multiplied(run, operandOf(run, tree.v), place),
    "[j]",
  ];
}

function linearInNumbers(run, tree) {
  const { law, self } = tree;
  const bias = law.bias === undefined ? 0 : run.numbers[law.bias + self.e];
  const shift = bias === 0 ? [] : [[written(bias)]];
  if (tree.known && !law.function) return [written(run.now(self.v, self.e))];
  const [rows, columns] = law.shape;
  const v = operandOf(run, tree.v);
  const products = [...Array(rows).keys()]
    .map((i) => [run.numbers[law.matrix + i * columns + self.e], run.now(v, i)])
    .filter(([weight, number]) => weight * number !== 0);
  const terms = products
    .slice(0, SHOWN_TERMS)
    .map(([weight, number]) => joined([[written(weight)], [written(number)]], "product", SIGNS.product));
  const more = products.slice(SHOWN_TERMS);
  const rest = more.reduce((sum, [weight, number]) => sum + weight * number, 0);
  if (more.length) terms.push([`[${more.length} more term${more.length > 1 ? "s" : ""}: ${written(rest)}]`]);
  const every = [...terms, ...shift];
  return activated(law, every.length ? joined(every, "sum") : [written(0)]);
}

function activated(law, text) {
  if (!law.function) return text;
  return [law.function === "sigmoid" ? "σ(" : `${law.function}(`, ...text, ")"];
}

// By the pieces of its form: text, and in it the names of what it reads and the letters of its weights.
function formInNames(run, tree, place) {
  return tree.form.flatMap((piece, i) => {
    if (typeof piece === "string") return [inSigns(piece)];
    if (piece.weight)
      return [lettered(piece.weight, letterOf(run, tree.self.v) || numberBehind(run, tree.self.v))];
    const part = tree.read[piece.of];
    if (!part.kind)
      return part.v === undefined ? inNames(run, part, place) : nameIn(run, tree.of[piece.of], place);
    const said = inNames(run, part, place);
    const alone = /(^|[(,+] ?)$/.test(tree.form[i - 1] ?? "") && /^([),]|$| \+)/.test(tree.form[i + 1] ?? "");
    const loose = part.kind in SIGNS || part.kind === "linear" || part.form;
    return loose && !alone && said.length > 1 ? ["(", ...said, ")"] : said;
  });
}

// Of the second layer of a kind without names: 2.
function numberBehind(run, v) {
  return / (\d+)$/.exec(run.values[v].name)?.[1] ?? "";
}

function inSigns(text) {
  return text
    .replaceAll("*", "⊙")
    .replaceAll("-", "−")
    .replace(/\bsigma\(/g, "σ(");
}

function nameIn(run, part, place) {
  return multiplied(run, operandOf(run, part.v), place);
}

function otherInNames(run, tree, place) {
  if (tree.form) return formInNames(run, tree, place);
  const read = tree.of.map((part) => {
    if (part.v === undefined) return [part.name ?? written(part.n)];
    return nameIn(run, part, place);
  });
  if (tree.kind === "lookup") return ["E[", ...read.flat(), "]"];
  return called(tree.what || "f", read);
}
