// An equation as text: with the names of its values, or with their numbers.

import { make } from "./dom.js";
import { SIGNS } from "./equations.js";
import { written } from "./numbers.js";

const SHOWN_TERMS = 3;

// A name in an equation: `h` with the subscript t−1 for a state that is read, t for one that is computed.
export function nameOf(run, v, unitName, place = "") {
  const value = run.values[v];
  const made = run.values.find((state) => state.role === "state" && state.next === v);
  const [text, below] =
    value.role === "state"
      ? [value.name, "t−1"]
      : made && value.unnamed
        ? [made.name, "t"]
        : [value.name, ""];
  const short = text.startsWith(place) ? text.slice(place.length) : text;
  const role = made && value.unnamed ? "state" : value.role;
  return [
    make("b", { class: `rv-role-${role}` }, short),
    below ? make("sub", {}, below) : "",
    unitName ?? "",
  ];
}

function signed(text) {
  return typeof text === "string" && text.startsWith("−");
}

// The tree as text: `say(v, e)` returns the text of an element, its name or its number.
export function spell(run, tree, say, numbers) {
  if (tree.number !== undefined)
    return [tree.bias === undefined || numbers ? written(tree.number) : `b[${tree.bias}]`];
  if (tree.unknown) return [tree.unknown];
  if (!tree.kind) return say(tree.v, tree.e);
  if (tree.kind === "linear") return spellLinear(run, tree, say, numbers);
  if (!tree.parts) return numbers ? [] : spellOther(run, tree);
  const parts = tree.parts.map((part) => {
    const loose = tree.kind !== "sum" && tree.kind in SIGNS && ["sum", "difference"].includes(part.kind);
    return loose ? ["(", ...spell(run, part, say, numbers), ")"] : spell(run, part, say, numbers);
  });
  if (tree.kind in SIGNS) return joined(parts, tree.kind);
  if (tree.name === "softmax")
    return numbers ? ["exp(", ...parts[0], ") / Σ exp"] : ["softmax at ", ...parts[0]];
  return [
    tree.name === "sigmoid" ? "σ" : tree.name || tree.kind,
    "(",
    ...parts.flatMap((part, i) => (i ? [", ", ...part] : part)),
    ")",
  ];
}

// Terms with a sign between them; a negative number never follows another sign directly.
function joined(parts, kind) {
  return parts.flatMap((part, i) => {
    if (!i) return part;
    if (!signed(part[0])) return [SIGNS[kind], ...part];
    return kind === "sum" ? [" − ", part[0].slice(1), ...part.slice(1)] : [SIGNS[kind], "(", ...part, ")"];
  });
}

// Whether all that an equation reads was kept when the run was cut for size.
export function isWhole(tree) {
  return tree.unknown === undefined && (tree.parts || []).every(isWhole);
}

function spellOther(run, tree) {
  const read = tree.of.map(
    (part) => part.name ?? (part.v === undefined ? written(part.n) : run.values[part.v].name),
  );
  return [tree.kind === "lookup" ? "the row of the table for " : "made of ", read.join(", ")];
}

function spellLinear(run, { law, e, v }, say, numbers) {
  const [rows, columns] = law.shape;
  while (run.values[v].law.law === "same" && run.values[v].law.of[0].v !== undefined)
    v = run.values[v].law.of[0].v;
  const active = law.function ? [law.function === "sigmoid" ? "σ(" : `${law.function}(`] : [];
  const close = active.length ? [")"] : [];
  const bias = law.bias === undefined ? [] : [numbers ? [written(run.numbers[law.bias + e])] : [`b[${e}]`]];
  if (!numbers)
    return [
      ...active,
      `Σ W[i, ${e}] · `,
      ...nameOf(run, v, "[i]"),
      ...(bias.length ? [" + ", ...bias[0]] : []),
      ...close,
    ];
  const weight = (i) => run.numbers[law.matrix + i * columns + e];
  const terms = [...Array(Math.min(rows, SHOWN_TERMS)).keys()].map((i) =>
    joined([[written(weight(i))], say(v, i)], "product"),
  );
  let rest = 0;
  for (let i = SHOWN_TERMS; i < rows; i++) rest += weight(i) * run.now(v, i);
  if (rows > SHOWN_TERMS) terms.push([written(rest), ` (${rows - SHOWN_TERMS} more)`]);
  return [...active, ...joined([...terms, ...bias], "sum"), ...close];
}
