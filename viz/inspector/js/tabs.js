// Panels of which one is shown: a row of tabs above it, as the ARIA pattern of tabs has it.

import { make } from "./dom.js";

// `panels`: `{name, node, update}` each. Only the panel that is shown is kept up to date.
export function tabs(panels) {
  let [shown, last] = [0, null];
  const buttons = panels.map(({ name }, i) =>
    make("button", { type: "button", role: "tab", class: "rv-tab", on: { click: () => show(i) } }, name),
  );
  const bodies = panels.map(({ name, node }) =>
    make("div", { class: "rv-tab-body rv-scroll", role: "tabpanel", "aria-label": name, tabindex: 0 }, node),
  );
  const list = make("div", { class: "rv-tabs", role: "tablist", "aria-label": "Values" }, buttons);
  const show = (place) => {
    shown = place;
    buttons.forEach((button, i) => {
      button.setAttribute("aria-selected", String(i === place));
      button.setAttribute("tabindex", i === place ? 0 : -1);
      bodies[i].hidden = i !== place;
    });
    if (last) panels[place].update(last);
  };
  list.addEventListener("keydown", (event) => {
    const ways = { ArrowLeft: shown - 1, ArrowRight: shown + 1, Home: 0, End: panels.length - 1 };
    const place = Object.hasOwn(ways, event.key) ? ways[event.key] : null;
    if (place === null) return;
    event.preventDefault();
    event.stopPropagation();
    show((place + panels.length) % panels.length);
    buttons[shown].focus();
  });
  show(0);
  // The same panels, made anew: those that are other elements now take the place of the old ones.
  const refill = (next) => {
    next.forEach(({ node }, i) => {
      if (node !== panels[i].node) bodies[i].replaceChildren(node);
    });
    panels = next;
  };
  const update = (now) => panels[shown].update((last = now));
  return { node: make("div", { class: "rv-section rv-side" }, list, bodies), update, refill, show };
}
