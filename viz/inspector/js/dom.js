// Elements of the page, and the two pieces that every panel is made of.

const SVG = "http://www.w3.org/2000/svg";

const FOCUSABLE = ["button", "select", "input", "summary"];

// An element. Text is set as text: nothing that a user named is ever read as HTML.
export function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "rect", "path", "text", "tspan", "image", "title", "circle", "line"].includes(tag);
  const node = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  // JupyterLab captures key presses unless the focused element itself opts out.
  if (FOCUSABLE.includes(tag) || "tabindex" in attributes) attributes["data-lm-suppress-shortcuts"] = "true";
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on")
      for (const [kind, handler] of Object.entries(value)) node.addEventListener(kind, handler);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export function section(title, content, kind = "") {
  return make(
    "div",
    { class: `rv-section ${kind}`, role: "group", "aria-label": title },
    make("div", { class: "rv-heading" }, title),
    content,
  );
}

export function select(name, options, change) {
  const node = make(
    "select",
    { on: { change: () => change(Number(node.value)) } },
    ...options.map(([value, text]) => make("option", { value }, text)),
  );
  return { node, label: make("label", { class: "rv-choice" }, make("span", {}, name), node) };
}
