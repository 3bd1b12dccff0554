// As much of a browser as the panels ask for: a tree of elements with attributes, text and listeners.

class Element {
  constructor(tag) {
    Object.assign(this, {
      tag,
      attributes: {},
      childNodes: [],
      listeners: {},
      parentNode: null,
      hidden: false,
    });
    this.classes = new Set();
    this.style = { setProperty: (name, value) => (this.style[name] = value) };
    this.classList = { toggle: (name, on) => (on ? this.classes.add(name) : this.classes.delete(name)) };
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
    if (name === "value") this.value = String(value);
    if (name === "class") this.className = String(value);
  }

  append(...children) {
    for (const child of children) {
      if (child instanceof Element) child.parentNode = this;
      // The first option of a select is the chosen one.
      if (child.tag === "option") this.value ??= child.value;
      this.childNodes.push(child instanceof Element ? child : String(child));
    }
  }

  replaceChildren(...children) {
    this.childNodes = [];
    this.append(...children);
  }

  get lastChild() {
    return this.childNodes.at(-1);
  }

  get textContent() {
    return this.childNodes.map((child) => child.textContent ?? child).join("");
  }

  set textContent(text) {
    this.childNodes = [String(text)];
  }

  addEventListener(kind, handler) {
    this.listeners[kind] = [...(this.listeners[kind] || []), handler];
  }

  // What a browser does on a click, a key, a change; returns the event.
  fire(kind, event = {}) {
    const sent = { target: this, prevented: false, ...event };
    Object.assign(sent, { preventDefault: () => (sent.prevented = true), stopPropagation: () => {} });
    for (const handler of this.listeners[kind] || []) handler(sent);
    return sent;
  }

  matches(selector) {
    return selector.split(",").some((part) => part.trim() === this.tag);
  }

  closest() {
    return null;
  }

  getBoundingClientRect() {
    return { left: 0, top: 0, width: 100, height: 100 };
  }

  // All elements below with this tag or, with a dot before it, this class.
  all(wanted) {
    const inside = this.childNodes.filter((child) => child instanceof Element);
    const fits = (node) =>
      wanted.startsWith(".") ? ` ${node.className} `.includes(` ${wanted.slice(1)} `) : node.tag === wanted;
    return inside.flatMap((node) => [...(fits(node) ? [node] : []), ...node.all(wanted)]);
  }

  one(wanted) {
    return this.all(wanted)[0];
  }
}

globalThis.document = {
  createElement: (tag) => new Element(tag),
  createElementNS: (_, tag) => new Element(tag),
};
const waiting = [];
globalThis.requestAnimationFrame = (callback) => waiting.push(callback);

// Run what waits for the next picture, at this time in milliseconds.
export function nextFrame(time) {
  for (const callback of waiting.splice(0)) callback(time);
}

export function element(tag = "div") {
  return new Element(tag);
}
