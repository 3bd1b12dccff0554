// The names of values as a book writes them: `i` for an input gate, with the timestep and the cell.

const LETTERS = {
  "input gate": "i",
  "forget gate": "f",
  "output gate": "o",
  "update gate": "z",
  "reset gate": "r",
};

const FIXED = new WeakMap();

// `{text, full, cell, time, role}`: the symbol of a value, its own name, the model that it stands in as seen
// from `place`, and its time.
export function symbolOf(run, v, place = "") {
  const value = run.values[v];
  const made = run.values.find((state) => state.role === "state" && endsAt(run, state.next) === v);
  const shown = value.role === "state" ? value : made && value.unnamed ? made : value;
  const cut = shown.name.lastIndexOf("/") + 1;
  const around = shown.name.slice(0, cut);
  const fixed = isFixed(run, v);
  const past = value.role === "state" || value.role === "readout";
  const own = fixed || past ? shown.name.slice(cut) : shown.name.slice(cut).replace(/_t$/, "");
  return {
    text: value.role === "readout" ? fedName(own) : shortened(run, own, around),
    full: own,
    cell: seenFrom(around, place),
    time: fixed ? "" : past ? "t−1" : "t",
    role: shown.role,
  };
}

// Whether a value is the same at every timestep: a constant, or computed of these alone.
function isFixed(run, v) {
  const { fixed, role, law } = run.values[v];
  if (fixed || role === "constant") return true;
  if (role !== "inner" || !law.of.some((part) => part.v !== undefined)) return false;
  if (!FIXED.has(run)) FIXED.set(run, new Map());
  const known = FIXED.get(run);
  if (!known.has(v))
    known.set(
      v,
      law.of.every((part) => part.n !== undefined || (part.v !== undefined && isFixed(run, part.v))),
    );
  return known.get(v);
}

// What a step reads of the timestep before: `y_tm1` is `y` then, and without a name it is the output.
function fedName(own) {
  const name = own.replace(/_tm1$/, "");
  return name === "readout" ? "y" : name;
}

// What stands below the name of a matrix or bias: the letter of the value that it helps to compute.
export function letterOf(run, v) {
  const value = run.values[v];
  if (value.unnamed || value.role === "output") return "";
  const cut = value.name.lastIndexOf("/") + 1;
  return shortened(run, value.name.slice(cut), value.name.slice(0, cut));
}

function shortened(run, own, around) {
  if (own === "candidate") return run.values.some(({ name }) => name === `${around}update gate`) ? "n" : "g";
  return LETTERS[own] ?? own;
}

// Of the models around a value those that are not around `place`, whose equations say these in their heading; of a
// value of a model further out that model alone.
function seenFrom(around, place) {
  if (around === place) return "";
  const [theirs, here] = [around.split("/").slice(0, -1), place.split("/").slice(0, -1)];
  const apart = theirs.findIndex((name, i) => name !== here[i]);
  return apart < 0 ? (theirs.at(-1) ?? "") : theirs.slice(apart).join("/");
}

// The value that a state takes on, behind those that only repeat it.
function endsAt(run, v) {
  while (v !== null && v !== undefined && run.values[v].law.law === "same") {
    const { v: next } = run.values[v].law.of[0];
    if (next === undefined) break;
    v = next;
  }
  return v;
}
