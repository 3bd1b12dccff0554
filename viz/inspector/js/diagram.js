// The diagram of the step, with the values of the timestep in its boxes. Models in it open in place.

import { make, section } from "./dom.js";
import { valuesOf } from "./equations.js";
import { opens } from "./look.js";
import { drawn, nest } from "./nest.js";
import { strip } from "./rows.js";

// A diagram is drawn smaller rather than scrolled, as far as it can be read: to this where it is too wide. How
// much smaller one that is too high becomes stands in the style sheet.
const SMALLEST = { shut: 0.95, open: 0.8 };

function diagram(run, { choose, toggle }) {
  const { look } = run;
  const scene = nest(look.views, look.open);
  const [strips, lights, buttons] = [[], [], new Map()];
  const frames = scene.frames.map((one) => {
    const { node, button } = frameNode(one, () => toggle(one));
    buttons.set(one.key, button);
    return node;
  });
  const boxes = scene.boxes.map((one) => {
    const { node, colours } = boxNode(run, one, { choose, toggle });
    if (colours) strips.push(colours);
    buttons.set(one.key, node);
    const values = valuesOf(run, one.box);
    lights.push({ key: one.key, node, values });
    node.addEventListener("pointerenter", () => look.light(values, one.key));
    node.addEventListener("pointerleave", () => look.light());
    node.addEventListener("focus", () => look.light(values, one.key));
    node.addEventListener("blur", () => look.light());
    return node;
  });
  const edges = scene.edges.map(({ from, to, points }) => {
    const [line, head] = drawn(points);
    const node = make(
      "g",
      { class: "rv-arrow" },
      make("path", { d: line, class: "rv-edge" }),
      make("path", { d: head, class: "rv-head" }),
    );
    return { from, to, node };
  });
  const [width, height] = [scene.width, scene.height];
  const least = (look.open.size ? SMALLEST.open : SMALLEST.shut) * width;
  const node = make(
    "svg",
    {
      viewBox: `0 0 ${width.toFixed(1)} ${height.toFixed(1)}`,
      role: "group",
      "aria-label": `Diagram of ${look.views[0].title}`,
      class: "rv-diagram",
      style: `--rv-width:${width.toFixed(1)}px;--rv-least-width:${least.toFixed(1)}px;--rv-ratio:${(width / height).toFixed(4)}`,
    },
    ...frames,
    ...edges.map((edge) => edge.node),
    ...boxes,
  );
  const light = () => showLight(look, lights, edges);
  return { node, width, buttons, light, update: (now) => strips.forEach((one) => one.update(now)) };
}

// The lit boxes, and their arrows: of a box those in and out, of a term of an equation those out of it.
function showLight(look, lights, edges) {
  const lit = new Set(
    lights.filter(({ values }) => values.some((v) => look.lit.has(v))).map(({ key }) => key),
  );
  for (const { key, node } of lights)
    node.classList.toggle("rv-lit", look.owner ? key === look.owner : lit.has(key));
  for (const { from, to, node } of edges)
    node.classList.toggle("rv-lit", look.owner ? [from, to].includes(look.owner) : lit.has(from));
}

function boxNode(run, { box, x, y }, { choose, toggle }) {
  const node = make("g", {
    class: `rv-box rv-box-${box.role}`,
    transform: `translate(${x.toFixed(1)},${y.toFixed(1)})`,
  });
  const shown = box.values.find((v) => v !== null && v !== undefined);
  const keys =
    shown === undefined || box.role !== "cell" ? "" : run.values[shown].key.replace(/\[\d+\]$/, "");
  const words = [box.name, box.detail !== box.name && box.detail, box.shape && `shape ${box.shape}`, keys]
    .filter(Boolean)
    .join(", ");
  const series =
    shown === undefined ? null : box.after ? run.after[shown] || run.series[shown] : run.series[shown];
  node.append(
    make("title", {}, words),
    make("rect", { width: box.w, height: box.h, rx: box.sign ? box.h / 2 : 5, class: "rv-frame" }),
  );
  if (box.sign)
    node.append(
      make("text", { x: box.w / 2, y: box.h / 2 + 4, "text-anchor": "middle", class: "rv-sign" }, box.sign),
    );
  else node.append(...boxText(box, series));
  let colours = null;
  if (series && !box.sign) {
    const top = box.h < 40 ? 19 : 24;
    colours = strip(series, { x: 6, y: top, width: box.w - 12, height: box.h - top - 5 });
    node.append(colours.node);
  }
  if (series || opens(box)) {
    const act = () => (opens(box) ? toggle({ box }) : choose(shown, box));
    pressed(node, act, opens(box) ? `${words}: open` : `${words}: show over the whole run`);
    if (opens(box)) node.setAttribute("aria-expanded", "false");
    if (series && box.sign)
      node.rvHover = (_x, _y, { t, unit }) => ({ series, t, unit: Math.min(unit, series.units - 1) });
  }
  return { node, colours };
}

// An open model: its frame, and above in it a bar with its name, which shuts it.
function frameNode({ box, x, y, w, h }, act) {
  const button = make(
    "g",
    { class: "rv-box rv-bar-of-frame" },
    make("title", {}, [box.name, box.detail].filter(Boolean).join(", ")),
    make("rect", { width: w, height: 24, rx: 5, class: "rv-frame" }),
    make(
      "text",
      { x: 8, y: 16, class: "rv-box-name" },
      `▾ ${box.short}`,
      make(
        "tspan",
        { class: "rv-box-shape" },
        box.detail && box.detail !== box.name ? `  ${box.detail}` : "",
      ),
    ),
  );
  pressed(button, act, `${box.name}: shut`);
  button.setAttribute("aria-expanded", "true");
  const node = make(
    "g",
    { class: "rv-open", transform: `translate(${x.toFixed(1)},${y.toFixed(1)})` },
    make("rect", { width: w, height: h, rx: 6, class: "rv-open-frame" }),
    button,
  );
  return { node, button };
}

function pressed(node, act, name) {
  const press = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  const given = { tabindex: 0, role: "button", "data-lm-suppress-shortcuts": "true", "aria-label": name };
  for (const [key, value] of Object.entries(given)) node.setAttribute(key, value);
  node.addEventListener("click", act);
  node.addEventListener("keydown", press);
}

function boxText(box, series) {
  const shape = opens(box) ? `${box.shape} ▸`.trim() : box.shape;
  const small = box.role === "state" ? (box.after ? " after" : " before") : "";
  const y = series ? (box.h < 40 ? 14 : 16) : box.h / 2 + 4;
  const name = make("text", { x: 7, y, class: "rv-box-name" }, box.short);
  if (small) name.append(make("tspan", { class: "rv-box-shape" }, small));
  return [name, make("text", { x: box.w - 7, y, "text-anchor": "end", class: "rv-box-shape" }, shape)];
}

export function diagramPanel(run, choose) {
  const { look } = run;
  const { views } = look;
  const holder = make("div", {
    class: "rv-scroll rv-diagram-holder",
    tabindex: 0,
    role: "group",
    "aria-label": "Diagram",
  });
  let [current, last] = [null, null];
  const draw = () => {
    current = diagram(run, {
      choose: (shown, box) => {
        look.choose(box);
        choose(shown);
      },
      toggle: ({ box }) => {
        look.toggle(box);
        // The box and the bar of its frame are one thing to the keyboard.
        const button = current.buttons.get(placeOf(views, box));
        button?.focus?.();
        if (look.isOpen(box)) button.parentNode.scrollIntoView?.({ block: "nearest", inline: "center" });
      },
    });
    holder.replaceChildren(current.node);
    if (last) current.update(last);
    current.light();
  };
  // A wide diagram beside the states would be too small to read; below a low one the equations have room.
  const { width, height } = views[0];
  const place = width > 700 ? "rv-wide" : height < 340 ? "rv-low" : "rv-high";
  // A box that is chosen changes nothing here: the diagram is drawn anew only where something opens.
  let shown = "";
  look.on("layout", () => {
    const now = [...look.open].join();
    if (now === shown) return;
    shown = now;
    // An open diagram is high: it gets the room of a high one for as long as it is open.
    for (const kind of ["rv-wide", "rv-low", "rv-high"])
      node.parentNode?.classList.toggle(kind, kind === (look.open.size ? "rv-high" : place));
    draw();
    const room = { "--rv-room": roomOf(current.width), "--rv-share": look.open.size ? "62%" : "54%" };
    for (const [name, size] of Object.entries(room)) node.parentNode?.style?.setProperty(name, size);
  });
  look.on("light", () => current.light());
  const node = section(
    "This timestep",
    [views.length > 1 ? openers(look) : null, holder].filter(Boolean),
    "rv-step",
  );
  draw();
  return { node, place, room: roomOf(width), update: (now) => current.update((last = now)) };
}

// As wide as the panel must be to show a diagram in full size.
function roomOf(width) {
  return `${Math.ceil(width) + 28}px`;
}

function placeOf(views, box) {
  const number = views.findIndex((view) => view.boxes.includes(box));
  return `${number}.${views[number].boxes.indexOf(box)}`;
}

function openers(look) {
  const button = (text, on) =>
    make("button", { type: "button", class: "rv-opener", on: { click: () => look.openAll(on) } }, text);
  return make(
    "div",
    { class: "rv-openers" },
    make("span", {}, "A box with ▸ opens by a click or Enter."),
    button("Open all", true),
    button("Shut all", false),
  );
}
