// The inspector: steps through a run that was computed beforehand. `render({model, el})` is all that is
// public; the model hands over "payload" (the run) and "style", and for the live editor what edits need.

const ICONS = {
  first: "M3,3h2v10h-2zM13,3v10l-7,-5z", back: "M11,3v10l-7,-5z", play: "M4,2.5v11l9,-5.5z",
  pause: "M4,3h3v10h-3zM9,3h3v10h-3z", next: "M5,3v10l7,-5z", last: "M3,3v10l7,-5zM11,3h2v10h-2z",
};

function button(name, icon, press) {
  const shape = make("path", { d: ICONS[icon] });
  const node = make("button", { type: "button", class: "rv-button", "aria-label": name, title: name, on: { click: press } },
    make("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, shape));
  node.rvIcon = (other) => shape.setAttribute("d", ICONS[other]);
  return node;
}

// The clock: which timestep, sample and unit is shown, and playing through them.
class Clock {
  constructor(run, first, changed) {
    Object.assign(this, { run, t: 0, sample: first, unit: 0, playing: false, speed: 3, changed, rate: null });
  }

  go(t) {
    const inside = Math.max(0, Math.min(this.run.steps - 1, t));
    if (inside !== this.t) this.set({ t: inside });
  }

  set(change) {
    Object.assign(this, change);
    this.changed(this);
  }

  play(on) {
    this.playing = on && this.run.steps > 1;
    if (this.playing && this.t === this.run.steps - 1) this.t = 0;
    this.changed(this);
    let [last, due] = [performance.now(), 0];
    const tick = (time) => {
      if (!this.playing || this.alive?.() === false) return;
      due += ((time - last) / 1000) * this.speed;
      last = time;
      const whole = Math.floor(due);
      due -= whole;
      if (whole) this.go(this.t + whole);
      if (this.t === this.run.steps - 1) return this.play(false);
      requestAnimationFrame(tick);
    };
    if (this.playing) requestAnimationFrame(tick);
  }
}

function controls(run, clock) {
  const play = button("Play", "play", () => clock.play(!clock.playing));
  const slider = make("input", { type: "range", class: "rv-slider", min: 0, max: Math.max(0, run.steps - 1), step: 1, "aria-label": "Timestep" });
  slider.addEventListener("input", () => clock.go(Number(slider.value)));
  const samples = select("sample", run.payload.samples.map((name, i) => [i, name]), (sample) => clock.set({ sample }));
  const most = Math.max(1, ...run.values.map((value) => value.rows * value.columns));
  const biggest = run.series.find((series) => series.units === most);
  const units = select("unit", [...Array(most).keys()].map((i) => [i, biggest ? biggest.unitName(i).replace(/[[\]]/g, "") || "0" : i]), (unit) => clock.set({ unit }));
  const speed = select("speed", [[1, "1 a second"], [3, "3 a second"], [10, "10 a second"], [30, "30 a second"], [60, "60 a second"]], (rate) => clock.set({ speed: rate }));
  speed.node.value = clock.speed;
  const title = make("span", { class: "rv-now" });
  const label = make("span", { class: "rv-token" });
  const masked = make("span", { class: "rv-chip" }, "masked");
  const steps = [["First timestep", "first", () => clock.go(0)], ["Previous timestep", "back", () => clock.go(clock.t - 1)], null,
    ["Next timestep", "next", () => clock.go(clock.t + 1)], ["Last timestep", "last", () => clock.go(run.steps - 1)]];
  const buttons = steps.map((step) => (step ? button(...step) : play));
  const node = make("div", { class: "rv-controls" },
    make("div", { class: "rv-title" }, make("b", {}, run.payload.title), title, label, masked),
    make("div", { class: "rv-bar" }, make("div", { class: "rv-buttons", role: "group", "aria-label": "Step through time" }, buttons), slider,
      run.samples > 1 ? samples.label : null, units.label, speed.label));
  const update = ({ t, sample, unit, playing }) => {
    const text = `t = ${t} of ${run.steps - 1}`;
    slider.value = t;
    slider.setAttribute("aria-valuetext", [text, run.label(sample, t)].filter(Boolean).join(", "));
    title.textContent = text;
    label.textContent = run.label(sample, t);
    label.hidden = !run.payload.labels;
    masked.hidden = !run.masked(sample, t);
    [samples.node.value, units.node.value] = [sample, unit];
    play.rvIcon(playing ? "pause" : "play");
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    play.title = playing ? "Pause" : "Play";
  };
  return { node, update };
}

// Numbers beside the pointer.
function hover(root, run, clock) {
  const tip = make("div", { class: "rv-tip", "aria-hidden": "true", hidden: "" });
  root.addEventListener("pointermove", (event) => {
    let node = event.target;
    while (node && node !== root && !node.rvHover) node = node.parentNode;
    const box = node?.rvHover && node.getBoundingClientRect();
    const place = (from, size, at) => Math.min(0.99999, Math.max(0, (at - from) / size));
    const found = box && node.rvHover(place(box.left, box.width, event.clientX), place(box.top, box.height, event.clientY), clock);
    tip.hidden = !found;
    if (!found) return;
    const { series, t, unit } = found;
    const when = series.fixed ? "" : t < 0 ? "before t = 0" : `t = ${t}`;
    tip.replaceChildren(make("b", {}, `${series.name}${series.unitName(unit)} = ${series.write(series.at(clock.sample, t, unit))}`), ` ${when}`);
    const frame = root.getBoundingClientRect();
    tip.style.left = `${Math.min(event.clientX - frame.left + 12, frame.width - tip.offsetWidth - 4)}px`;
    tip.style.top = `${event.clientY - frame.top + 16}px`;
  });
  root.addEventListener("pointerleave", () => (tip.hidden = true));
  return tip;
}

function keys(root, clock) {
  root.addEventListener("keydown", (event) => {
    const go = { ArrowLeft: clock.t - 1, ArrowRight: clock.t + 1, Home: 0, End: clock.run.steps - 1 }[event.key];
    const busy = event.target.matches("select, input:not([type=range])") || event.ctrlKey || event.metaKey || event.altKey;
    if (go === undefined || busy) return;
    event.preventDefault();
    event.stopPropagation();
    clock.go(go);
  });
}

// The picture that is there for when no script runs is an output of its own: hidden once this one runs.
function hideStill(el, tail) {
  const area = tail && el.closest(".jp-OutputArea, .jp-Cell-outputWrapper, .output");
  for (const image of area ? area.querySelectorAll("img") : [])
    if (image.src.endsWith(tail)) (image.closest(".jp-OutputArea-child") || image).style.display = "none";
}

function build(root, payload, live) {
  const run = new Run(payload);
  run.first = run.values.some((value) => value.role === "state") ? -1 : 0;
  run.columns = run.steps - run.first;
  const notes = payload.notes.length ? make("p", { class: "rv-note rv-cut" }, make("b", {}, "Cut for size: "), payload.notes.join("; "), ".") : null;
  let parts = [];
  const clock = new Clock(run, payload.first, (now) => parts.forEach((part) => part.update(now)));
  clock.alive = () => root.isConnected;
  const whole = runPanel(run, clock);
  const worked = workedNumbers(run);
  const bar = controls(run, clock);
  const step = diagramPanel(run, whole.choose);
  const side = [readoutPanel(run), maskPanel(run), statesPanel(run), gatesPanel(run)].filter(Boolean);
  const table = numbersTable(run);
  const editor = live ? live(run, clock) : null;
  parts = [bar, step, ...side, whole, { update: worked.update }, table, editor].filter(Boolean);
  const body = make("div", { class: `rv-body ${step.place}`, style: `--rv-room:${step.room}px` }, step.node, make("div", { class: "rv-side" }, side.map((part) => part.node)), worked.panel);
  const tip = hover(root, run, clock);
  keys(root, clock);
  root.replaceChildren(...[bar.node, notes, editor && editor.node, body, whole.node, table.node, tip].filter(Boolean));
  clock.changed(clock);
  return clock;
}

function render({ model, el }) {
  const payload = model.get("payload");
  const root = make("div", { class: "rv-inspector", tabindex: -1, role: "group", "aria-label": `Inspector of ${payload.title}` });
  const style = make("style", {}, model.get("sheet"));
  const live = model.get("edit") ? (run, clock) => editPanel(run, clock, model) : null;
  const clock = build(root, payload, live);
  const holder = make("div", { class: "rv-root" }, style, root);
  el.replaceChildren(holder);
  hideStill(el, payload.stillTail);
  requestAnimationFrame(() => hideStill(el, payload.stillTail));
  return () => clock && clock.play(false);
}

export default { render };
