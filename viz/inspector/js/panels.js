// The panels of the inspector, each `{node, update(now)}`.

function select(name, options, change) {
  const node = make("select", { on: { change: () => change(Number(node.value)) } },
    ...options.map(([value, text]) => make("option", { value }, text)));
  return { node, label: make("label", { class: "rv-choice" }, make("span", {}, name), node) };
}

function statesPanel(run) {
  const [rows, parts] = [[], []];
  run.values.forEach((value, i) => {
    if (value.role !== "state") return;
    const three = [labelled("before", run.series[i]), labelled("after", run.after[i]), labelled("change", run.change[i])];
    parts.push(...three);
    const warn = warning([run.after[i], run.series[i]]);
    parts.push({ update: ({ sample }) => warn.update(sample) });
    rows.push(make("div", { class: "rv-group" },
      make("div", { class: "rv-group-name" }, make("b", { class: "rv-role-state" }, value.name),
        make("span", {}, `${run.series[i].range}, change ${run.change[i].range}`), warn.node),
      ...three.map((part) => part.node)));
  });
  return rows.length ? { node: section("States", rows), update: (now) => parts.forEach((part) => part.update(now)) } : null;
}

function gatesPanel(run) {
  const gates = run.values.map((value, i) => [value, run.series[i]]).filter(([value]) => value.gate && value.role === "inner");
  if (!gates.length) return null;
  const detail = ({ opens }, series) => ({ t, sample }) => {
    const numbers = [...Array(series.units).keys()].map((unit) => series.at(sample, t, unit));
    const count = (test) => numbers.filter(test).length;
    if (opens) return `${count((x) => x < 0.1)} shut (below 0.1), ${count((x) => x > 0.9)} open (above 0.9)`;
    // Weights and probabilities share something out.
    const largest = numbers.indexOf(Math.max(...numbers));
    return series.units > 1 && largest >= 0 ? `largest: ${series.unitName(largest)}, ${written(numbers[largest])}` : "";
  };
  const parts = gates.map(([value, series]) => labelled(nameParts(value.short), series, detail(value, series)));
  return { node: section("Gates and probabilities, 0 to 1", parts.map((part) => part.node), "rv-gates"), update: (now) => parts.forEach((part) => part.update(now)) };
}

const ORIGIN = ["start", "own", "truth", "both"];
const SAID = {
  start: "its first value: there is no output yet", own: "the model's own last output",
  truth: "the truth of the previous timestep (teacher forcing)", both: "the last output, which is equal to the truth",
};

function readoutPanel(run) {
  const parts = run.values.map((value, i) => [value, i]).filter(([value]) => value.role === "readout").map(([value, i], place) => {
    const chip = make("span", { class: "rv-chip" });
    const row = labelled(nameParts(value.short), run.series[i]);
    const update = (now) => {
      const code = ORIGIN[run.payload.sources[place][now.sample][now.t]];
      chip.className = `rv-chip rv-chip-${code}`;
      chip.textContent = `from ${SAID[code]}`;
      row.update(now);
    };
    return { node: make("div", { class: "rv-group" }, row.node, chip), update };
  });
  return parts.length ? { node: section("Readout", parts.map((part) => part.node)), update: (now) => parts.forEach((part) => part.update(now)) } : null;
}

function maskPanel(run) {
  if (!run.payload.mask) return null;
  const text = make("p", { class: "rv-note" });
  const update = ({ t, sample }) => {
    text.textContent = run.masked(sample, t)
      ? "This timestep is masked: it is as if it was not there. States and readout stay as they were."
      : "This timestep counts.";
  };
  return { node: section("Mask", text), update };
}

function diagramPanel(run, choose) {
  const holder = make("div", { class: "rv-scroll rv-diagram-holder", tabindex: 0, role: "group", "aria-label": "Diagram" });
  let [current, last] = [null, null];
  const views = run.payload.views;
  const show = (place) => {
    current = diagram(run, views[place], { open: show, choose });
    holder.replaceChildren(current.node);
    picker.node.value = place;
    if (last) current.update(last);
  };
  const picker = select("inside", views.map((view, i) => [i, view.title]), show);
  const node = section("This timestep", [views.length > 1 ? picker.label : null, holder].filter(Boolean), "rv-step");
  show(0);
  // Beside the states a wide diagram would be too small to read; under a low one there is room for the equations.
  const width = Math.max(...views.map((view) => view.width));
  const place = width > 700 ? "rv-wide" : views[0].height < 340 ? "rv-low" : "rv-high";
  return { node, place, room: Math.ceil(width) + 28, update: (now) => current.update((last = now)) };
}

function runPanel(run, clock) {
  const go = (t) => clock.go(t);
  const fixed = run.values.map((value, i) => (value.role === "state" ? run.after[i] : run.series[i]));
  const shown = fixed.filter((series, i) => !series.fixed && (run.values[i].role !== "inner" || series.gate));
  // What is the same numbers (an output that is a state) is one picture with both names.
  const rows = new Map();
  shown.forEach((series) => {
    const value = run.values[fixed.indexOf(series)];
    const key = `${value.start}/${value.lag + (value.role === "state" ? 1 : 0)}`;
    rows.set(key, [...(rows.get(key) || []), series]);
  });
  const parts = [];
  if (run.payload.mask) parts.push(track(run, "mask", (s, t) => (run.masked(s, t) ? "masked" : "valid"), [["valid", "counts"], ["masked", "masked"]]));
  run.values.filter((value) => value.role === "readout").forEach((value, i) =>
    parts.push(track(run, `${value.name} from`, (s, t) => ORIGIN[run.payload.sources[i][s][t]],
      [["start", "first value"], ["own", "own output"], ["truth", "truth"]])));
  parts.push(...[...rows.values()].map((same) => heatMap(same[0], go, [...new Set(same.map((series) => series.short))].join(" = "))));
  const extra = make("div");
  let [more, last] = [null, null];
  const choose = (place) => {
    const series = fixed[place];
    more = series && !series.fixed && !shown.includes(series) ? heatMap(series, go) : null;
    extra.replaceChildren(...(more ? [more.node] : []));
    others.node.value = more ? place : -1;
    if (last && more) more.update(last);
  };
  const rest = run.values.map((value, i) => [i, value.name]).filter(([i]) => !shown.includes(fixed[i]) && !fixed[i].fixed);
  const others = select("also show", [[-1, "nothing more"], ...rest], choose);
  const least = run.steps / 12;
  const gap = [1, 2, 5].flatMap((n) => [...Array(8).keys()].map((power) => n * 10 ** power)).sort((a, b) => a - b).find((n) => n >= least);
  const ticks = [...Array(run.steps).keys()].filter((t) => t % gap === 0).map((t) =>
    make("span", { style: `left:${((t - run.first + 0.5) / run.columns) * 100}%` }, String(t)));
  if (run.first < 0) ticks.push(make("span", { style: `left:${(0.5 / run.columns) * 100}%` }, run.steps <= 40 ? "start" : ""));
  const axis = make("div", { class: "rv-map-row", "aria-hidden": "true" }, make("div", { class: "rv-map-name" }, "timestep"), make("div", { class: "rv-axis" }, ticks));
  const tokens = labelRow(run, go);
  const node = section("The whole run", [...(tokens ? [tokens.node] : []), ...parts.map((part) => part.node), extra, axis,
    legend(run), rest.length ? others.label : null].filter(Boolean), "rv-run");
  const update = (now) => {
    last = now;
    [...parts, more, tokens].forEach((part) => part && part.update(now));
  };
  return { node, update, choose };
}

function labelRow(run, go) {
  if (!run.payload.labels || run.steps > 60) return null;
  const cells = [...Array(run.steps).keys()].map((t) => make("span", { class: "rv-cell", on: { click: () => go(t) } }));
  const row = make("div", { class: "rv-cells", style: `margin-left:${(-run.first / run.columns) * 100}%` }, cells);
  const node = make("div", { class: "rv-map-row" }, make("div", { class: "rv-map-name" }, make("b", {}, "label")), make("div", {}, row));
  const update = ({ t, sample }) => cells.forEach((cell, i) => {
    cell.textContent = cell.title = run.label(sample, i);
    cell.classList.toggle("rv-current", i === t);
  });
  return { node, update };
}

function legend(run) {
  const bar = (stops, words) => make("span", { class: "rv-key" }, words[0],
    make("i", { class: "rv-ramp", style: `background:linear-gradient(to right,${stops.join(",")})` }), words[1]);
  const any = (kind) => run.series.some((series) => series[kind]);
  const strange = (kind) => run.series.some((series) => series.any(kind));
  return make("div", { class: "rv-legend" }, bar(run.payload.colours.signed, ["negative", "positive"]),
    any("gate") ? bar(run.payload.colours.gate, ["0", "1"]) : null,
    any("whole") ? bar(run.payload.colours.whole, ["whole numbers: smallest", "largest"]) : null,
    strange("nan") ? make("span", { class: "rv-key" }, make("i", { class: "rv-nan" }), "NaN") : null,
    strange("infinite") ? make("span", { class: "rv-key" }, make("i", { class: "rv-infinite" }), "infinite") : null);
}

