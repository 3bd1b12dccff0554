// The numbers of a run, their colours, and pictures made of them. Joined with the other parts by html.py.

const SVG = "http://www.w3.org/2000/svg";
const FOCUSABLE = ["button", "select", "input", "summary"];

// An element. Text is set as text: nothing that a user named is ever read as HTML.
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "rect", "path", "text", "tspan", "image", "title", "circle", "line"].includes(tag);
  const node = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  // JupyterLab takes keys away from an element unless that very element says otherwise.
  if (FOCUSABLE.includes(tag) || "tabindex" in attributes) attributes["data-lm-suppress-shortcuts"] = "true";
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [kind, handler] of Object.entries(value)) node.addEventListener(kind, handler);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function ramp(stops) {
  const colours = [];
  for (let i = 0; i < 254; i++) {
    const place = (i / 253) * (stops.length - 1);
    const k = Math.min(Math.floor(place), stops.length - 2);
    const [a, b] = [stops[k], stops[k + 1]].map((hex) => [1, 3, 5].map((j) => parseInt(hex.slice(j, j + 2), 16)));
    colours.push(a.map((from, j) => Math.round(from + (b[j] - from) * (place - k))));
  }
  return [...colours, [255, 0, 229], [0, 229, 255]]; // NaN, infinity: in neither map
}

// A picture of colour numbers, 8 bits each, as the text of an image file: BMP needs no canvas and no library.
function bitmap(width, height, colours, at) {
  const stride = (width + 3) & ~3;
  const bytes = new Uint8Array(1078 + stride * height);
  const view = new DataView(bytes.buffer);
  bytes.set([66, 77]);
  [bytes.length, 0, 1078, 40, width, -height].forEach((word, i) => view.setInt32(2 + 4 * i, word, true));
  view.setInt16(26, 1, true);
  view.setInt16(28, 8, true);
  view.setInt32(46, 256, true);
  colours.forEach(([red, green, blue], i) => bytes.set([blue, green, red, 0], 54 + 4 * i));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) bytes[1078 + y * stride + x] = at(x, y);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return `data:image/bmp;base64,${btoa(text)}`;
}

function written(number) {
  if (number === undefined) return "–";
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  const size = Math.abs(number);
  const text = size !== 0 && (size < 0.001 || size >= 10000) ? number.toExponential(2) : number.toFixed(3);
  return text.replace(/^-0\.000$/, "0.000").replaceAll("-", "−");
}

// One value as it runs over the timesteps, as it is drawn and hovered.
class Series {
  // `at(sample, t, unit)` gives a number; `shape` names its units.
  constructor(run, { name, rows, columns, shape, gate = false, whole = false, fixed = false, at, first = 0 }) {
    Object.assign(this, { run, name, rows, columns, shape, gate, whole, fixed, at, first });
    this.units = rows * columns;
    this.measure();
  }

  measure() {
    this.limit = this.nan = this.infinite = 0;
    const end = this.fixed ? 1 : this.run.steps;
    for (let s = 0; s < this.run.samples; s++)
      for (let t = this.fixed ? 0 : this.first; t < end; t++)
        for (let u = 0; u < this.units; u++) {
          const number = this.at(s, t, u);
          if (Number.isFinite(number)) this.limit = Math.max(this.limit, Math.abs(number));
          else if (Number.isNaN(number)) this.nan++;
          else this.infinite++;
        }
    this.limit ||= 1;
  }

  colour(number) {
    if (Number.isNaN(number)) return 254;
    if (!Number.isFinite(number)) return 255;
    const part = this.gate ? number : (number / this.limit + 1) / 2;
    return Math.round(Math.min(1, Math.max(0, part)) * 253);
  }

  get colours() {
    return this.gate ? this.run.gateColours : this.run.signedColours;
  }

  get range() {
    return this.gate ? "0 to 1" : `±${written(this.limit)}`;
  }

  get warning() {
    const parts = [this.nan && `${this.nan} NaN`, this.infinite && `${this.infinite} infinite`].filter(Boolean);
    return parts.length ? parts.join(", ") : "";
  }

  unitName(unit) {
    if (!this.shape.length) return "";
    if (this.shape.length === 1) return `[${unit}]`;
    const [row, rest] = [Math.floor(unit / this.columns), unit % this.columns];
    if (this.shape.length === 2) return `[${row}, ${rest}]`;
    return `[${row}, ${rest % this.shape[1]}, ${Math.floor(rest / this.shape[1])}]`;
  }

  // Frames one below the other, each as rows and columns: a strip shows one of them.
  film(sample) {
    const [frames, rows, columns] = [this.fixed ? 1 : this.run.steps, this.rows, this.columns];
    return bitmap(columns, rows * frames, this.colours, (x, y) =>
      this.colour(this.at(sample, Math.floor(y / rows), (y % rows) * columns + x)),
    );
  }

  // Time from left to right, units from top to bottom; one column for the state before the first timestep.
  map(sample, units) {
    return bitmap(this.run.steps - this.first, units, this.colours, (x, y) =>
      this.colour(this.at(sample, x + this.first, y)),
    );
  }
}

// A payload, decoded.
class Run {
  constructor(payload) {
    Object.assign(this, { payload, steps: payload.steps, samples: payload.samples.length });
    const text = atob(payload.data);
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    this.numbers = new Float32Array(bytes.buffer);
    this.signedColours = ramp(payload.colours.signed);
    this.gateColours = ramp(payload.colours.gate);
    this.values = payload.values;
    this.series = this.values.map((value) => this.read(value, value.name, 0));
    this.after = this.values.map((value, i) => value.role === "state" && this.read(value, value.name, 1, this.series[i]));
    this.change = this.values.map((value, i) => value.role === "state" && this.difference(value, i));
  }

  read(value, name, later, like) {
    const units = value.rows * value.columns;
    const at = (sample, t, unit) => {
      const frame = value.fixed ? 0 : t + value.lag + later;
      return unit < units ? this.numbers[value.start + (sample * value.frames + frame) * units + unit] : undefined;
    };
    const series = new Series(this, { ...value, name, at, first: later ? -1 : 0 });
    if (like) like.limit = series.limit = Math.max(like.limit, series.limit); // before and after: one scale
    return series;
  }

  difference(value, i) {
    const at = (sample, t, unit) => this.after[i].at(sample, t, unit) - this.series[i].at(sample, t, unit);
    return new Series(this, { ...value, name: `change of ${value.name}`, gate: false, at });
  }

  // Where a number that is drawn stands in the run, in words.
  where(series, t, unit) {
    return `${series.name}${series.unitName(unit)}`;
  }

  masked(sample, t) {
    return this.payload.mask ? !this.payload.mask[sample][t] : false;
  }

  label(sample, t) {
    return this.payload.labels ? this.payload.labels[sample][t] : "";
  }

  source(readout, sample, t) {
    return this.payload.sourceNames[this.payload.sources[readout][sample][t]];
  }
}
