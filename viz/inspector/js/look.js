// What the reader looks at: which models are open in the diagram, which box was chosen, and what is lit.

export class Look {
  constructor(views) {
    Object.assign(this, { views, open: new Set(), chosen: null, lit: new Set(), owner: null });
    this.forget();
  }

  // Nobody is told of changes any more: what was shown is made anew.
  forget() {
    this.listeners = { layout: [], light: [] };
  }

  on(kind, listener) {
    this.listeners[kind].push(listener);
  }

  tell(kind) {
    for (const listener of this.listeners[kind]) listener(this);
  }

  toggle(box) {
    if (!this.open.delete(box.inside)) this.open.add(box.inside);
    this.choose(box);
  }

  openAll(on) {
    this.open = new Set(on ? this.views.keys() : []);
    this.tell("layout");
  }

  // A box was clicked: its equations come first.
  choose(box) {
    this.chosen = { ...box, values: this.valuesIn(box) };
    this.tell("layout");
  }

  // Light these values wherever they are drawn or written; nothing lights none.
  light(values = [], owner = null) {
    [this.lit, this.owner] = [new Set(values), owner];
    this.tell("light");
  }

  isOpen(box) {
    return opens(box) && this.open.has(box.inside);
  }

  // The values of a box, and of all that is in it.
  valuesIn(box) {
    const own = box.values.filter((v) => v !== null && v !== undefined);
    if (!opens(box)) return own;
    return [
      ...own,
      ...this.views[box.inside].boxes.flatMap((inner) => (isPort(inner) ? [] : this.valuesIn(inner))),
    ];
  }
}

export function opens(box) {
  return box.inside !== null && box.inside !== undefined;
}

// Whether a box stands for what its model reads or hands out.
export function isPort(box) {
  return !["layer", "operation", "cell"].includes(box.role);
}
