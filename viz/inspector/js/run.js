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

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

// One value as it runs over the timesteps, as it is drawn and hovered.
class Series {
  // `at(sample, t, unit)` gives a number; `shape` names its units.
  constructor(run, { name, short = name, rows, columns, shape, gate = false, whole = false, fixed = false, at, first = 0 }) {
    Object.assign(this, { run, name, short, rows, columns, shape, gate, whole, fixed, at, first });
    this.units = rows * columns;
    this.all = shape.reduce((product, size) => product * size, 1); // before the run was cut for size
    this.measure();
  }

  // The largest size of a number, 0 where all are 0; the ends; and for each sample what is not finite.
  measure() {
    [this.limit, this.least, this.most, this.strange] = [0, Infinity, -Infinity, []];
    const end = this.fixed ? 1 : this.run.steps;
    for (let s = 0; s < this.run.samples; s++) {
      let [nan, infinite] = [0, 0];
      for (let t = this.fixed ? 0 : this.first; t < end; t++)
        for (let u = 0; u < this.units; u++) {
          const number = this.at(s, t, u);
          if (Number.isFinite(number)) {
            if (number > this.most) this.most = number;
            if (number < this.least) this.least = number;
          } else if (Number.isNaN(number)) nan++;
          else infinite++;
        }
      this.strange.push({ nan, infinite });
    }
    if (this.least <= this.most) this.limit = Math.max(Math.abs(this.least), Math.abs(this.most));
  }

  colour(number) {
    if (Number.isNaN(number)) return 254;
    if (!Number.isFinite(number)) return 255;
    const part = this.gate ? number : this.whole ? (number - this.least) / (this.most - this.least || 1) : (number / (this.limit || 1) + 1) / 2;
    return Math.round(Math.min(1, Math.max(0, part)) * 253);
  }

  get colours() {
    return this.gate ? this.run.gateColours : this.whole ? this.run.wholeColours : this.run.signedColours;
  }

  get range() {
    if (this.gate) return "0 to 1";
    if (this.least > this.most) return "no finite number";
    if (this.whole) return `${this.write(this.least)} to ${this.write(this.most)}`;
    return this.limit ? `±${written(this.limit)}` : "all 0";
  }

  // How many units there are, and how many of them are here.
  size(shown = this.units) {
    const words = `${grouped(this.all)} unit${this.all === 1 ? "" : "s"}`;
    return shown < this.all ? `first ${grouped(shown)} of ${words}` : words;
  }

  write(number) {
    return this.whole && Number.isFinite(number) ? String(number).replace("-", "−") : written(number);
  }

  any(kind) {
    return this.strange.some((sample) => sample[kind]);
  }

  warning(sample) {
    const { nan, infinite } = this.strange[sample] || this.strange[0];
    return [nan && `${grouped(nan)} NaN`, infinite && `${grouped(infinite)} infinite`].filter(Boolean).join(", ");
  }

  unitName(unit) {
    if (!this.shape.length) return "";
    if (this.shape.length === 1) return `[${unit}]`;
    const [row, rest] = [Math.floor(unit / this.columns), unit % this.columns];
    if (this.shape.length === 2) return `[${row}, ${rest}]`;
    return `[${row}, ${rest % this.shape[1]}, ${Math.floor(rest / this.shape[1])}]`;
  }

  // Frames one below the other, each as rows and columns: a strip shows one of them. The first and last row
  // of each frame are there twice: where a strip's edge lies between two pixels no other frame shines through.
  film(sample) {
    const [frames, rows, columns] = [this.fixed ? 1 : this.run.steps, this.rows, this.columns];
    const row = (y) => Math.min(rows - 1, Math.max(0, (y % (rows + 2)) - 1));
    return bitmap(columns, (rows + 2) * frames, this.colours, (x, y) =>
      this.colour(this.at(sample, Math.floor(y / (rows + 2)), row(y) * columns + x)),
    );
  }

  // Time from left to right, units from top to bottom; one column for the state before the first timestep.
  map(sample, units) {
    return bitmap(this.run.steps - this.first, units, this.colours, (x, y) =>
      this.colour(this.at(sample, x + this.first, y)),
    );
  }
}

// The same colours for the same numbers, in all of these.
function sameScale(every) {
  for (const [end, choose] of [["limit", Math.max], ["least", Math.min], ["most", Math.max]]) {
    const value = choose(...every.map((series) => series[end]));
    every.forEach((series) => (series[end] = value));
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
    this.wholeColours = ramp(payload.colours.whole);
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
    if (like) sameScale([like, series]); // before and after
    return series;
  }

  difference(value, i) {
    const at = (sample, t, unit) => this.after[i].at(sample, t, unit) - this.series[i].at(sample, t, unit);
    return new Series(this, { ...value, name: `change of ${value.name}`, gate: false, whole: false, at });
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
