// What the inspector is put together from: strips, heat maps, the diagram, the table.

function section(title, content, kind = "") {
  return make("div", { class: `rv-section ${kind}`, role: "group", "aria-label": title },
    make("div", { class: "rv-heading" }, title), content);
}

// One frame of a series as a row of colours: a window that slides over the film of all frames.
function strip(series, box = {}) {
  const picture = make("image", { preserveAspectRatio: "none", class: "rv-pixels", width: series.columns });
  const marker = make("rect", { class: "rv-unit", "vector-effect": "non-scaling-stroke", width: 1, height: 1 });
  const node = make("svg", { class: "rv-strip", preserveAspectRatio: "none", "aria-hidden": "true", ...box }, picture, marker);
  let drawn, shown;
  const update = ({ t, sample, unit }) => {
    if (drawn !== sample) {
      picture.setAttribute("href", series.film(sample));
      picture.setAttribute("height", (series.rows + 2) * (series.fixed ? 1 : series.run.steps));
      drawn = sample;
    }
    const y = 1 + (series.fixed ? 0 : t * (series.rows + 2));
    node.setAttribute("viewBox", `0 ${y} ${series.columns} ${series.rows}`);
    marker.setAttribute("y", y + Math.floor(unit / series.columns));
    if (shown !== unit) {
      marker.setAttribute("x", unit % series.columns);
      marker.setAttribute("visibility", unit < series.units && series.units > 1 ? "visible" : "hidden");
      shown = unit;
    }
  };
  node.rvHover = (x, y, { t }) => {
    const unit = Math.floor(y * series.rows) * series.columns + Math.floor(x * series.columns);
    return { series, t, unit };
  };
  return { node, update };
}

// The number of the chosen unit, beside a strip.
function readout(series) {
  const node = make("span", { class: "rv-value" });
  const update = ({ t, sample, unit }) => {
    node.textContent = series.write(series.at(sample, t, Math.min(unit, series.units - 1)));
  };
  return { node, update };
}

// How many numbers of the sample that is shown are NaN or infinite, in the first of these that has any.
function warning(every) {
  const node = make("span", { class: "rv-warning" });
  const update = (sample) => {
    node.textContent = every.map((series) => series.warning(sample)).find(Boolean) || "";
    node.hidden = !node.textContent;
  };
  return { node, update };
}

// A long name in two parts: where it is, small, and what it is called there.
function nameParts(name) {
  const cut = name.lastIndexOf("/") + 1;
  return [cut ? make("small", {}, name.slice(0, cut)) : null, make("b", {}, name.slice(cut))];
}

function labelled(text, series, detail) {
  const [colours, number] = [strip(series), readout(series)];
  const parts = [make("span", { class: "rv-row-name", title: series.name }, text), colours.node, number.node];
  const more = detail ? make("span", { class: "rv-detail" }) : null;
  const update = (now) => {
    colours.update(now);
    number.update(now);
    if (more) more.textContent = detail(now);
  };
  if (series.rows > 1) colours.node.style.setProperty("--rv-strip", `${Math.min(96, 8 * series.rows)}px`);
  return { node: make("div", { class: "rv-row" }, ...parts, more), update };
}

// The frame around the current timestep: dark with a light edge, to be seen on every colour.
function cursorOver(height) {
  const box = (kind) => make("rect", { class: kind, "vector-effect": "non-scaling-stroke", width: 1, height });
  return make("g", {}, box("rv-halo"), box("rv-cursor"));
}

// The whole run of one series, with a cursor; `go(t)` is called where it is clicked or dragged.
function heatMap(series, go, name = series.short) {
  const units = Math.min(series.units, 128);
  const [width, first] = [series.run.steps - series.first, series.first];
  const lead = -series.run.first + first; // columns before this series begins
  const picture = make("image", { preserveAspectRatio: "none", class: "rv-pixels", width, height: units, x: lead });
  const cursor = cursorOver(units);
  const marker = make("rect", { class: "rv-unit", "vector-effect": "non-scaling-stroke", width, height: 1, x: lead });
  const masked = make("g", { class: "rv-masked-columns" });
  const node = make("svg", { class: "rv-map", preserveAspectRatio: "none", "aria-hidden": "true",
    viewBox: `0 0 ${series.run.columns} ${units}`, style: `height:${Math.max(18, Math.min(units * 7, 84))}px` },
  picture, masked, marker, cursor);
  const at = (event) => {
    const box = node.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * series.run.columns);
    go(column + series.run.first);
  };
  node.addEventListener("pointerdown", at);
  node.addEventListener("pointermove", (event) => event.buttons && at(event));
  const warn = warning([series]);
  let drawn;
  const update = ({ t, sample, unit }) => {
    if (drawn !== sample) {
      picture.setAttribute("href", series.map(sample, units));
      const columns = [...Array(series.run.steps).keys()].filter((step) => series.run.masked(sample, step));
      masked.replaceChildren(...columns.map((step) =>
        make("rect", { x: step - series.run.first, y: 0, width: 1, height: units })));
      drawn = sample;
    }
    warn.update(sample);
    cursor.setAttribute("transform", `translate(${t - series.run.first},0)`);
    marker.setAttribute("y", Math.min(unit, units - 1));
    marker.setAttribute("visibility", unit < units && units > 1 ? "visible" : "hidden");
  };
  node.rvHover = (x, y) => {
    const column = Math.floor(x * series.run.columns) + series.run.first;
    return column < first ? null : { series, t: column, unit: Math.floor(y * units) };
  };
  const words = [...nameParts(name), make("span", {}, `${series.size(units)}, ${series.range}`), warn.node];
  return { node: make("div", { class: "rv-map-row" }, make("div", { class: "rv-map-name" }, ...words), node), update };
}

// A row of marks over time (where the readout came from, the mask), with its words.
function track(run, name, kindOf, words) {
  const marks = make("g");
  const cursor = cursorOver(1);
  const node = make("svg", { class: "rv-map rv-track", preserveAspectRatio: "none", "aria-hidden": "true",
    viewBox: `0 0 ${run.columns} 1` }, marks, cursor);
  let drawn;
  const update = ({ t, sample }) => {
    if (drawn !== sample) {
      marks.replaceChildren(...[...Array(run.steps).keys()].map((step) =>
        make("rect", { class: `rv-mark-${kindOf(sample, step)}`, x: step - run.first, y: 0, width: 1, height: 1 })));
      drawn = sample;
    }
    cursor.setAttribute("transform", `translate(${t - run.first},0)`);
  };
  const key = words.map(([kind, text]) => make("span", { class: "rv-key" }, make("i", { class: `rv-mark-${kind}` }), text));
  return { node: make("div", { class: "rv-map-row" }, make("div", { class: "rv-map-name" }, make("b", {}, name), ...key), node), update };
}

// The diagram of the step, or of a model in it, with the values of the timestep in its boxes.
function diagram(run, view, { open, choose }) {
  const [boxes, strips] = [make("g"), []];
  for (const box of view.boxes) {
    const node = make("g", { class: `rv-box rv-box-${box.role}`, transform: `translate(${box.x},${box.y})` });
    const shown = box.values.find((v) => v !== null && v !== undefined);
    const words = [box.name, box.detail !== box.name && box.detail, box.shape && `shape ${box.shape}`].filter(Boolean).join(", ");
    const series = shown === undefined ? null : box.after ? run.after[shown] : run.series[shown];
    node.append(make("title", {}, words));
    node.append(make("rect", { width: box.w, height: box.h, rx: box.sign ? box.h / 2 : 5, class: "rv-frame" }));
    if (box.sign) node.append(make("text", { x: box.w / 2, y: box.h / 2 + 4, "text-anchor": "middle", class: "rv-sign" }, box.sign));
    else node.append(...boxText(box, series));
    if (series && !box.sign) {
      const colours = strip(series, { x: 6, y: 24, width: box.w - 12, height: box.h - 29 });
      node.append(colours.node);
      strips.push(colours);
    }
    if (series || box.inside !== null) {
      const act = () => (box.inside !== null && box.inside !== undefined ? open(box.inside) : choose(shown));
      const press = (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), act());
      const opens = box.inside !== null && box.inside !== undefined;
      for (const [key, value] of Object.entries({ tabindex: 0, role: "button", "data-lm-suppress-shortcuts": "true",
        "aria-label": opens ? `${words}: look inside` : `${words}: show over the whole run` })) node.setAttribute(key, value);
      node.addEventListener("click", act);
      node.addEventListener("keydown", press);
      if (series && box.sign) node.rvHover = (x, y, { t, unit }) => ({ series, t, unit: Math.min(unit, series.units - 1) });
    }
    boxes.append(node);
  }
  const edges = view.edges.map(([line, head]) => [make("path", { d: line, class: "rv-edge" }), make("path", { d: head, class: "rv-head" })]);
  const node = make("svg", { viewBox: `0 0 ${view.width} ${view.height}`, role: "group", "aria-label": `Diagram of ${view.title}`,
    class: "rv-diagram", style: `max-width:${view.width}px;min-width:${0.95 * view.width}px` }, ...edges.flat(), boxes);
  return { node, update: (now) => strips.forEach((one) => one.update(now)) };
}

function boxText(box, series) {
  const opens = box.inside !== null && box.inside !== undefined;
  const shape = opens ? `${box.shape} ⤢`.trim() : box.shape;
  const small = box.role === "state" ? (box.after ? " after" : " before") : "";
  const name = make("text", { x: 7, y: series ? 16 : box.h / 2 + 4, class: "rv-box-name" }, box.short);
  if (small) name.append(make("tspan", { class: "rv-box-shape" }, small));
  return [name, make("text", { x: box.w - 7, y: series ? 16 : box.h / 2 + 4, "text-anchor": "end", class: "rv-box-shape" }, shape)];
}

// The same numbers as a table, for a screen reader and for copying.
function numbersTable(run) {
  const columns = [];
  run.values.forEach((value, i) => {
    if (value.role === "state") columns.push([`${value.name} before`, run.series[i]], [`${value.name} after`, run.after[i]], [`change of ${value.name}`, run.change[i]]);
    else if (value.role !== "inner" || value.gate) columns.push([value.name, run.series[i]]);
  });
  const rows = Math.min(128, Math.max(0, ...columns.map(([, series]) => series.units)));
  const caption = make("caption");
  const cells = [...Array(rows).keys()].map((unit) => columns.map(([, series]) => (unit < series.units ? make("td") : make("td", {}, ""))));
  const head = make("tr", {}, make("th", { scope: "col" }, "unit"), ...columns.map(([name]) => make("th", { scope: "col" }, name)));
  const body = cells.map((row, unit) => make("tr", {}, make("th", { scope: "row" }, String(unit)), ...row));
  const table = make("table", {}, caption, make("thead", {}, head), make("tbody", {}, ...body));
  const scroll = make("div", { class: "rv-scroll", tabindex: 0, role: "group", "aria-label": "Numbers, as a table" }, table);
  const node = make("details", { class: "rv-section rv-table" }, make("summary", {}, "All numbers of this timestep, as a table"), scroll);
  let last;
  const update = (now) => {
    last = now;
    if (!node.open) return;
    caption.textContent = `t = ${now.t}, sample ${run.payload.samples[now.sample]}`;
    cells.forEach((row, unit) => row.forEach((cell, i) => {
      if (unit < columns[i][1].units) cell.textContent = columns[i][1].write(columns[i][1].at(now.sample, now.t, unit));
    }));
  };
  node.addEventListener("toggle", () => last && update(last));
  return { node, update };
}
