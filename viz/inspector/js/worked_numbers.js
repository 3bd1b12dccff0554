// The panel of equations, worked with the numbers of the timestep.

import { make, section } from "./dom.js";
import { equations, placeOf } from "./equations.js";
import { written } from "./numbers.js";
import { isWhole, nameOf, spell } from "./spelling.js";

// The panel. `update` writes the numbers of another timestep into it.
export function workedNumbers(run) {
  const list = make("div", { class: "rv-lines" });
  const panel = section(
    "Worked numbers",
    make("div", { class: "rv-equations", tabindex: 0, role: "group", "aria-label": "Equations" }, list),
    "rv-worked",
  );
  const number = (v, e) => [written(run.now(v, e))];
  const line = ({ v, e, tree }, place) => {
    const name = (w, f) => nameOf(run, w, run.series[w].unitName(f), place);
    const values = isWhole(tree) ? spell(run, tree, number, true) : [];
    const left = make("span", { class: "rv-left" }, ...name(v, e));
    // Beside a long name there is no room for the rest.
    const kind = left.textContent.length > 24 ? "rv-equation rv-stacked" : "rv-equation";
    return make(
      "p",
      { class: kind },
      left,
      make("span", { class: "rv-right" }, "=\u00a0", ...spell(run, tree, name, false)),
      make(
        "span",
        { class: "rv-right" },
        ...(values.length ? ["= ", ...values, " "] : []),
        make("span", { class: "rv-result" }, "= ", written(run.now(v, e))),
      ),
    );
  };
  const update = ({ t, sample, unit }) => {
    run.now = (v, e) => run.series[v].at(sample, t, e);
    if (run.masked(sample, t)) {
      return list.replaceChildren(
        make("p", { class: "rv-note" }, "Masked: what the step computes at this timestep is thrown away."),
      );
    }
    let last = "";
    list.replaceChildren(
      ...equations(run, unit).flatMap((equation) => {
        const place = placeOf(run, equation.v);
        const heading = place && place !== last ? [make("p", { class: "rv-place" }, place.slice(0, -1))] : [];
        last = place;
        return [...heading, line(equation, place)];
      }),
    );
  };
  return { panel, update };
}
