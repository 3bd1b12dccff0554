// The panel of equations: as a book writes them, and worked with the numbers of the timestep.

import { symbolOf } from "./book_names.js";
import { make, section } from "./dom.js";
import { equations, placeOf, Style } from "./equations.js";
import { written } from "./numbers.js";
import { inNames, inNumbers, inSum, isWhole, nameOf } from "./spelling.js";

// The panel. `update` writes the numbers of another timestep into it.
export function workedNumbers(run) {
  const list = make("div", { class: "rv-lines" });
  const panel = section(
    "Worked numbers",
    make("div", { class: "rv-equations", tabindex: 0, role: "group", "aria-label": "Equations" }, list),
    "rv-worked",
  );
  const { look } = run;
  const style = new Style(run);
  let [last, terms] = [null, []];
  const show = () => {
    if (!last) return;
    const { t, sample, unit } = last;
    const lines = run.masked(sample, t)
      ? [make("p", { class: "rv-note" }, "Masked: what the step computes at this timestep is thrown away.")]
      : equations(run, unit, style).flatMap((one, i) =>
          paragraphs(run, { ...one, unit: i ? "" : `unit ${unit}` }, { t, sample }),
        );
    list.replaceChildren(...lines);
    terms = lights(list);
    light();
  };
  const light = () => {
    for (const node of terms)
      node.classList.toggle(
        "rv-lit",
        node.rvLights.some((v) => look.lit.has(v)),
      );
  };
  look.on("layout", show);
  look.on("light", light);
  list.addEventListener("pointerover", ({ target }) => {
    let node = target;
    while (node && node !== list && !node.rvLights) node = node.parentNode;
    look.light(node?.rvLights || []);
  });
  list.addEventListener("pointerleave", () => look.light());
  return {
    panel,
    update: (now) => {
      last = { t: now.t, sample: now.sample, unit: now.unit };
      show();
    },
  };
}

// All elements in one that light something.
function lights(node) {
  const inner = [...node.childNodes].flatMap((child) => (child.childNodes ? lights(child) : []));
  return node.rvLights ? [node, ...inner] : inner;
}

function paragraphs(run, { title, lines, chosen, unit }, now) {
  const heading =
    title || unit ? [make("p", { class: "rv-place" }, [title, unit].filter(Boolean).join(", "))] : [];
  return [...heading, ...lines.map((line) => paragraph(run, line, chosen, now))];
}

function paragraph(run, { v, e, tree, results = [{ v, e }], what }, chosen, now) {
  const place = tree.kind === "cell" ? "" : placeOf(run, v);
  const shown = tree.kind === "cell" || tree.parts || tree.kind === "linear" ? tree : { ...tree, what };
  const [own, second] = [worked(run, tree, results, now), workedBeside(run, tree, results, now)];
  const both = second && second.text !== own.text;
  const left = leftSide(run, { v, tree, results }, place);
  // Beside a long name there is no room for the rest.
  const long = left.textContent.length > 24 ? " rv-stacked" : "";
  const node = make(
    "p",
    { class: `rv-equation${long}${chosen ? " rv-chosen" : ""}` },
    fullName(run, v, tree, place),
    left,
    make(
      "span",
      { class: "rv-right" },
      "=\u00a0",
      ...(tree.summed ? inSum(run, tree, place) : inNames(run, shown, place)),
    ),
    workedLine(own, both && run.called[0]),
    both ? workedLine(second, run.called[1]) : null,
  );
  node.rvLights = results.map((one) => one.v);
  return node;
}

// The numbers of an equation in this run: `{values, result, text}`.
function worked(run, tree, results, { t, sample }) {
  Object.assign(run, { now: (v, e) => run.series[v].at(sample, t, e), unlike: null });
  return said(run, tree, results);
}

// The same in the second run; null where there is none, or it has not what the equation gives.
function workedBeside(run, tree, results, { t, sample }) {
  const { beside } = run.payload;
  if (!beside || results.some(({ v }) => !run.beside[v])) return null;
  let known = true;
  const now = (v, e) => {
    const number = run.beside[v]?.before.at(sample, t, e);
    known &&= number !== undefined;
    return number;
  };
  Object.assign(run, { now, unlike: new Set(beside.unlike) });
  const found = said(run, tree, results);
  return known ? found : { ...found, values: [], text: found.result };
}

function said(run, tree, results) {
  const result = results.map((one) => written(run.now(one.v, one.e))).join(", ");
  const values = isWhole(tree) ? inNumbers(run, tree) : [];
  const more = values.length && values.join("") !== result ? values : [];
  return { values: more, result, text: [...more, result].join("") };
}

function workedLine({ values, result }, called) {
  return make(
    "span",
    { class: "rv-right rv-worked-line" },
    called ? make("small", {}, `${called} `) : null,
    ...(values.length ? ["= ", ...values, " "] : []),
    make("span", { class: "rv-result" }, "= ", result),
  );
}

// The name that the diagram has, above an equation that has a letter for it.
function fullName(run, v, tree, place) {
  const { text, full } = symbolOf(run, v, place);
  return text === full || tree.kind === "cell" || tree.summed
    ? null
    : make("small", { class: "rv-full" }, full);
}

function leftSide(run, { v, tree, results }, place) {
  if (tree.summed) return make("span", { class: "rv-left" }, ...inNames(run, tree, place));
  const names = (tree.kind === "cell" ? results : [{ v }]).map((one) => nameOf(run, one.v, place));
  return make("span", { class: "rv-left" }, ...names.flatMap((name, i) => (i ? [", ", name] : [name])));
}
