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
    const toggle = (name, on) => (on ? this.classes.add(name) : this.classes.delete(name));
    this.classList = { toggle, add: (name) => this.classes.add(name) };
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
    if (name === "value") this.value = String(value);
    if (name === "class") this.className = String(value);
    if (name === "hidden") this.hidden = true;
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  hasAttribute(name) {
    return name in this.attributes;
  }

  remove() {
    const siblings = this.parentNode?.childNodes ?? [];
    if (siblings.includes(this)) siblings.splice(siblings.indexOf(this), 1);
    this.parentNode = null;
  }

  focus() {
    document.activeElement = this;
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
  // It goes on to the elements around, until one stops it.
  fire(kind, event = {}) {
    const sent = { target: this, prevented: false, stopped: false, ...event };
    sent.preventDefault = () => (sent.prevented = true);
    sent.stopPropagation = () => (sent.stopped = true);
    for (let node = this; node && !sent.stopped; node = node.parentNode)
      for (const handler of node.listeners[kind] || []) handler(sent);
    return sent;
  }

  // A tag, a class, or the value of an attribute: one of them.
  matches(selector) {
    return selector.split(",").some((part) => {
      const [, tag, kind, name, value] = part.trim().match(/^(\w*)(?:\.([\w-]+))?(?:\[(\w+)=(\w+)\])?/);
      const kinds = ` ${this.className} `;
      return (
        (!tag || tag === this.tag) &&
        (!kind || kinds.includes(` ${kind} `)) &&
        (!name || this.attributes[name] === value)
      );
    });
  }

  closest(selector) {
    return this.matches(selector) ? this : (this.parentNode?.closest(selector) ?? null);
  }

  contains(other) {
    return other === this || this.all("").includes(other);
  }

  getBoundingClientRect() {
    return { left: 0, top: 0, width: 100, height: 100 };
  }

  // All elements below with this tag or, with a dot before it, this class; all of them for "".
  all(wanted) {
    const inside = this.childNodes.filter((child) => child instanceof Element);
    const fits = (node) => !wanted || node.matches(wanted);
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
