// The live editor: numbers that timesteps read are dragged or typed, the kernel computes both runs.

import { Asking } from "./asking.js";
import { changeList, placeOf } from "./change_list.js";
import { make, select } from "./dom.js";
import { changeable, dragCells } from "./drag_cell.js";
import { dragLine, keyStep } from "./drag_line.js";
import { unitsOf } from "./equations.js";
import { stage } from "./stage.js";
import { bothRuns } from "./two_runs.js";
import { wholeUnit } from "./units.js";

// After the last press of a key, in milliseconds, the new number counts as chosen.
const PAUSE = 400;

const NO_NUMBER = "Type a number first, such as 0.5.";

// What can be changed, the states first.
function targetsOf(run) {
  return run.values
    .map((value, i) => [i, value])
    .filter(([, value]) => changeable(value))
    .sort(([, a], [, b]) => (b.role === "state") - (a.role === "state"))
    .map(([i, value]) => [i, `${value.role} ${value.name}`]);
}

// `refresh(shown)` is called with the payload and the numbers that the page shows from now on.
export function editPanel(run, clock, model, refresh) {
  const base = [run.payload, run.numbers];
  const state = { changed: true, mode: "inputs kept", last: clock, pending: null, committing: false };
  let version = 0; // of what is shown
  const asking = new Asking(model, () => show());
  const answer = () => ({ edits: [], runs: {}, missing: {}, undo: false, ...model.get("answer") });
  const free = () => !state.committing;
  const ask = (wish) => {
    state.committing ||= !wish.preview;
    asking.ask(wish);
  };

  const what = select("change", targetsOf(run), () => show());
  const box = make("input", { type: "number", step: "any", "aria-label": "New value" });
  const change = make("button", { type: "submit", class: "rv-action" }, "Change");
  const undo = make("button", { type: "button", class: "rv-action rv-plain", title: "Ctrl+Z" }, "Undo");
  const where = make("span", { class: "rv-where" });
  const target = () => Number(what.node.value);
  const unitOf = (i) => Math.min(state.last.unit, unitsOf(run, i) - 1);
  // The change of the number in view to `value`.
  const changeTo = (value) => ({
    role: run.values[target()].role,
    name: run.values[target()].key,
    unit: wholeUnit(run.values[target()], unitOf(target())),
    t: state.last.t,
    sample: run.payload.samples[state.last.sample],
    value,
  });

  // A number that is dragged, or moved by keys, is shown before it is chosen.
  const preview = (value) => {
    state.pending = changeTo(value);
    box.value = value;
    ask({ preview: true, change: state.pending, mode: modeShown() });
  };
  const commit = (wish = { change: state.pending }) => {
    clearTimeout(state.timer);
    state.pending = null;
    ask(wish);
  };
  const line = dragLine(run, {
    choose: (t) => clock.go(t),
    drag: preview,
    drop: (value) => commit(value === null ? {} : undefined),
  });
  const inView = () => state.pending?.value ?? numbers().shown(state.last.t);
  const choose = (value) => {
    if (value === target()) return;
    if (state.pending) commit();
    what.node.value = value;
    show();
  };
  const cells = dragCells(run, {
    free,
    choose,
    hold: ({ value, t, unit }) => {
      choose(value);
      clock.set({ t, unit });
    },
    now: inView,
    range: () => line.range(),
    write: (value) => {
      const series = run.series[target()];
      return `${series.name}${series.unitName(unitOf(target()))} at t = ${state.last.t}: ${series.write(value)}`;
    },
    drag: preview,
    drop: (value) => commit(value === null ? {} : undefined),
    type: () => acts.type(),
  });
  const acts = {
    // A number that is not chosen yet is left as it was.
    undo: () => free() && (state.pending ? commit({}) : answer().undo && commit({ undo: true })),
    cancel: () => line.cancel() || cells.cancel(),
    // The number in view is typed; `open` shows the panel where it is.
    type: () => {
      acts.open?.();
      box.focus();
      box.select?.();
    },
    nudge: (steps) => {
      if (!free()) return;
      const whole = run.values[target()].whole;
      const step = keyStep(line.range(), whole);
      preview(Number((Math.round((inView() + steps * step) / step) * step).toPrecision(6)));
      show();
      clearTimeout(state.timer);
      state.timer = setTimeout(() => state.pending && commit(), PAUSE);
    },
  };

  const runs = () => answer().runs[modeShown()];
  const modeShown = () => (answer().missing[state.mode] ? "inputs kept" : state.mode);
  // What timesteps read of the number in view, in both runs.
  const numbers = () => {
    const [i, { sample }] = [target(), state.last];
    const [own, pair] = [run.series[i], run.beside[i]];
    const [was, is] = pair ? (pair.secondLess ? [own, pair.before] : [pair.before, own]) : [own, null];
    const of = (series) => series && ((t) => series.at(sample, t, unitOf(i)));
    return { was: of(was), is: of(is), shown: of(is ?? was) };
  };

  const above = stage(run, clock, {
    show: (changed) => reshow({ changed }),
    mode: (mode) => reshow({ mode }),
  });
  const list = changeList({
    go: (edit) => {
      const place = placeOf(run, edit);
      if (!place) return;
      what.node.value = place.value;
      clock.set(place.at);
    },
    drop: (drop) => free() && commit({ drop }),
  });
  const form = make(
    "form",
    {
      on: {
        submit: (event) => {
          event.preventDefault();
          if (!free()) return;
          state.problem = box.value === "" ? NO_NUMBER : "";
          if (state.problem) show();
          else commit({ change: changeTo(Number(box.value)) });
        },
      },
    },
    what.label,
    where,
    make("label", { class: "rv-choice" }, "to", box),
    change,
    undo,
  );
  undo.addEventListener("click", acts.undo);
  const hint = make("p", { class: "rv-note rv-hint" });
  const node = make(
    "div",
    { class: "rv-section rv-edit", role: "group", "aria-label": "Change it" },
    form,
    make("div", { class: "rv-drag-and-list" }, line.node, list.node),
    hint,
  );

  const show = () => {
    const { edits, missing, error, undo: any } = answer();
    const { sample, t } = state.last;
    const [i, { was, is, shown }] = [target(), numbers()];
    const series = run.series[i];
    const write = (number) => series.write(number);
    const busy = asking.busy && state.committing;
    node.setAttribute("aria-busy", String(busy));
    for (const button of [change, undo]) button.setAttribute("aria-disabled", String(busy));
    box.readOnly = busy;
    undo.disabled = !any;
    if (!state.pending && !busy && !state.playing && !state.problem)
      box.value = Number(shown(t).toPrecision(4));
    const name = `${series.name}${series.unitName(unitOf(i))}`;
    const parted = is && is(t) !== was(t);
    const now = parted ? `was ${write(was(t))}, now ${write(is(t))}` : write(was(t));
    where.textContent = `${name} at t = ${t}: ${now},`;
    hint.textContent = `The line: ${name} as each timestep reads it. Drag its point, or a cell of the run, up or down; or press Alt+↑ and Alt+↓.`;
    const key = [version, i, sample, unitOf(i)].join();
    line.draw({ key, t, was, is, write, whole: series.whole, locked: busy, value: state.pending?.value });
    list.update(edits);
    const problem = state.problem || error;
    above.update({ sample }, { edits, missing, error: problem, busy, late: asking.late, ...state });
  };
  const reshow = (chosen = {}) => {
    Object.assign(state, chosen);
    version += 1;
    const { payload, numbers } = bothRuns(...base, runs(), state.changed);
    refresh(payload, numbers);
  };
  const update = (now) => {
    const place = [now.t, now.sample, now.unit].join();
    if (place !== state.place && state.pending) commit();
    if (place !== state.place) state.problem = "";
    Object.assign(state, { place, playing: now.playing });
    state.last = { t: now.t, sample: now.sample, unit: now.unit };
    show();
  };
  model.on("change:answer", () => {
    state.problem = "";
    if (asking.heard(answer()) && !asking.busy) state.committing = false;
    reshow();
  });
  return { node, update, above, acts, cells, begin: () => runs() && reshow() };
}
