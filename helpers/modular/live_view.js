// Live view of a modular network (anywidget). The kernel sends raw buffers in custom messages; every frame is
// acknowledged, drawn at most once per animation frame, and nothing is fetched. All state of a view lives in `render`.

const PICKED = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00"]; // Okabe-Ito, in the order of selection
const VIRIDIS = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37]];
const NOT_FINITE = 255; // code of NaN and infinity; the codes 0 to 254 run from low to high
const LUT = new Uint32Array(256).map((_, code) => {
  const place = (Math.min(code, 254) / 254) * (VIRIDIS.length - 1), low = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const [r, g, b] = VIRIDIS[low].map((c, k) => Math.round(c + (VIRIDIS[low + 1][k] - c) * (place - low)));
  return code === NOT_FINITE ? 0xff7f7f7f : ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
});

const STYLE = `
.mv { container-type: inline-size; font: 14px/1.4 var(--jp-ui-font-family, system-ui, sans-serif); overflow: hidden;
  color: var(--jp-ui-font-color1, #222); background: var(--jp-layout-color1, #fff);
  border: 1px solid var(--jp-border-color1, #bbb); border-radius: 6px; margin: 2px; }
.mv * { box-sizing: border-box; }
.mv .bar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; padding: 8px 12px;
  background: var(--jp-layout-color2, #eee); border-bottom: 1px solid var(--jp-border-color2, #ddd); }
.mv .bar.second { padding: 6px 12px; background: none; font-size: 13px; }
.mv .bar > span, .mv label { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; }
.mv .bar > .count { margin-left: auto; flex-direction: column; align-items: flex-end; gap: 2px; min-width: 112px; }
.mv .count b { font-size: 26px; line-height: 1; font-variant-numeric: tabular-nums; }
.mv small, .mv .muted { color: var(--jp-ui-font-color2, #555); font-size: 12px; font-variant-numeric: tabular-nums; }
.mv button, .mv select, .mv input[type=number], .mv .button { font: inherit; color: inherit; border-radius: 4px; min-height: 30px;
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--jp-border-color0, #999); padding: 2px 10px; }
.mv input[type=number] { padding: 2px 4px; }
.mv button { cursor: pointer; } .mv button:hover:not(:disabled) { background: var(--jp-layout-color3, #ddd); }
.mv button:disabled { opacity: .45; cursor: default; }
.mv button.main { background: #005A8E; border-color: #005A8E; color: #fff; font-weight: 600; min-width: 82px; }
.mv button.main:hover:not(:disabled) { background: #0072B2; }
.mv button.main:disabled { opacity: 1; background: none; color: var(--jp-ui-font-color2, #555); border-color: var(--jp-border-color1, #bbb); }
.mv .bar.second button { min-height: 26px; } .mv .bar.second select, .mv .bar.second input[type=number] { min-height: 26px; }
.mv :focus-visible { outline: 3px solid #E69F00; outline-offset: 1px; }
.mv input[type=range] { accent-color: #0072B2; width: 80px; min-width: 60px; margin: 0; }
.mv input[type=checkbox] { accent-color: #0072B2; width: 16px; height: 16px; margin: 0; }
.mv progress { width: 120px; height: 12px; accent-color: #0072B2; }
.mv .panels { display: grid; gap: 12px 16px; padding: 12px; grid-template-columns: minmax(0, 1fr) minmax(0, 2fr) minmax(0, 1fr); }
.mv .column { display: flex; flex-direction: column; gap: 12px; min-width: 0; }
.mv figure { margin: 0; min-width: 0; }
.mv figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 8px; padding-bottom: 4px; font-weight: 600; font-size: 13px; }
.mv figcaption small { font-weight: 400; }
.mv canvas { display: block; width: 100%; border-radius: 2px; }
.mv .square { aspect-ratio: 1; } .mv .wide { height: 170px; } .mv .tall { height: 250px; } .mv .low { height: 110px; }
.mv .grid { cursor: crosshair; }
.mv .scale { display: inline-flex; align-items: center; gap: 4px; }
.mv .scale i { width: 56px; height: 9px; border-radius: 2px;
  background: linear-gradient(to right, ${VIRIDIS.map((c) => `rgb(${c})`).join(",")}); }
.mv .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 8px 12px; padding: 0 12px 12px; }
.mv fieldset { border: 1px solid var(--jp-border-color2, #ddd); border-radius: 4px; padding: 4px 10px 8px; margin: 0; min-width: 0; }
.mv legend { padding: 0 4px; font-weight: 600; font-size: 13px; }
.mv .parameter { display: grid; grid-template-columns: minmax(0, 1fr) minmax(60px, 1fr) 84px; gap: 8px; align-items: center; padding-top: 4px; }
.mv .parameter input { width: 100%; } .mv .parameter span { overflow: hidden; text-overflow: ellipsis; font-size: 13px; }
.mv fieldset.off .parameter { opacity: .5; }
.mv .error { margin: 0; padding: 6px 12px; color: #fff; background: #A33B00; white-space: pre-wrap; overflow-wrap: anywhere; }
.mv [hidden] { display: none !important; }
@container (max-width: 780px) { .mv .panels { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } .mv .column.time { grid-column: 1 / -1; order: -1; } }
@container (max-width: 430px) { .mv .panels { grid-template-columns: minmax(0, 1fr); } .mv .bar > .count { margin-left: 0; align-items: flex-start; } }
`;

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (typeof value === "boolean") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const clamp = (x, low, high) => Math.max(low, Math.min(high, x));
const bytes = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const copied = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength); // floats need alignment
const short = (x) => (x === 0 ? "0" : Math.abs(x) >= 1e4 || Math.abs(x) < 1e-3 ? x.toExponential(1) : String(+x.toPrecision(3)));

/** Return the drawing context of a canvas, its size matched to the screen, and the size in CSS pixels. */
function fitted(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.imageSmoothingEnabled = false;
  context.font = "12px system-ui, sans-serif";
  return { context, width, height };
}

/** Draw columns x rows of colour codes, given by code(x, y), into a rectangle; undefined leaves the place empty. */
function paint(context, columns, rows, code, [x0, y0, w, h]) {
  const sheet = new OffscreenCanvas(Math.max(columns, 1), Math.max(rows, 1)), inner = sheet.getContext("2d");
  const image = inner.createImageData(sheet.width, sheet.height), pixels = new Uint32Array(image.data.buffer);
  for (let y = 0, k = 0; y < rows; y++)
    for (let x = 0; x < columns; x++, k++) {
      const value = code(x, y);
      if (value !== undefined) pixels[k] = LUT[value];
    }
  inner.putImageData(image, 0, 0);
  context.drawImage(sheet, x0, y0, w, h);
}

/** The largest rectangle with the shape columns : rows that fits; where a group's grid is drawn and clicked. */
function frameOf(shape, width, height) {
  const size = Math.min(width / shape.columns, height / shape.rows);
  return [(width - size * shape.columns) / 2, (height - size * shape.rows) / 2, size * shape.columns, size * shape.rows];
}

function ticks(low, high, wanted) {
  const raw = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(raw)), unit = raw / power;
  const step = power * (unit < 1.5 ? 1 : unit < 3.5 ? 2 : unit < 7.5 ? 5 : 10), found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step && found.length < 20; k++) found.push(k * step);
  return found;
}

const LEFT = 52; // room for the labels of the vertical axes: one for both time plots, so that they stand in line

function render({ model, el: host }) {
  const spec = model.get("spec");
  const send = (command, ...args) => model.send({ do: command, args });
  const shapes = spec.groups.map((group) => ({ ...group, rows: Math.ceil(group.size / group.columns) }));
  const neuronAt = (shape, column, row) => { // y upwards, as in a plot of the positions
    const neuron = (shape.rows - 1 - row) * shape.columns + column;
    return column < 0 || row < 0 || column >= shape.columns || row >= shape.rows || neuron >= shape.size ? -1 : neuron;
  };
  let frame = null, weights = null, raster = new Uint8Array(0), count = 0, trace = new Float64Array(0), grids = [];
  let pending = 0, drawn = 0, log = false, seq = 0, clock = { time: 0, iteration: 0 };

  // --- controls

  const root = el("div", { class: "mv", role: "region", "aria-label": `Live view of ${spec.label}`, "data-testid": "live-view" });
  root.addEventListener("keydown", (event) => event.stopPropagation()); // else JupyterLab moves between cells
  const button = (id, text, action, title = "", kind = "") =>
    el("button", { type: "button", class: kind, "data-testid": id, title, onclick: action }, text);
  const numberBox = (id, name, props, action) =>
    el("input", { type: "number", "data-testid": id, "aria-label": name, onchange: (e) => {
      if (e.target.value !== "" && e.target.checkValidity()) action(+e.target.value);
      else e.target.reportValidity();
    }, ...props });
  const picker = (id, name, options, action) => {
    const select = el("select", { "data-testid": id, "aria-label": name, onchange: (e) => action(e.target.value) });
    select.fill = (entries, chosen) => {
      if (select.entries !== String(entries)) select.replaceChildren(...entries.map(([value, text]) => el("option", { value }, text)));
      select.entries = String(entries);
      select.value = chosen;
    };
    select.fill(options, "");
    return select;
  };

  const play = button("play", "▶ Play", () => send("play"), "Iterate until paused", "main");
  const pause = button("pause", "❚❚ Pause", () => send("pause"), "Stop after the running iteration; a kernel interrupt does not stop Play", "main");
  const step = button("step", "Step", () => send("step"), "One iteration");
  const reset = button("reset", "Reset", () => send("reset"), "Back to the state at which the view was made; parameters keep their values");
  const iteration = el("b", { "data-testid": "iteration" }, String(model.get("iteration")));
  const rate = el("span");
  const speedBox = numberBox("speed", "Iterations per frame", { min: 1, max: 1000, step: 1, style: "width: 64px" }, (v) => send("choose", "speed", v));
  const speedBar = el("input", { type: "range", min: 0, max: 3, step: 0.01, "data-testid": "speed-slider", "aria-label": "Iterations per frame, logarithmic",
    oninput: (e) => { speedBox.value = Math.round(10 ** e.target.value); send("choose", "speed", +speedBox.value); } });
  const leap = numberBox("ff-n", "Iterations to run forward", { min: 1, step: 1, value: 1000, style: "width: 80px" }, () => {});
  const forward = button("ff", "▶▶ Forward", () => { if (leap.reportValidity()) send("_leap", +leap.value); }, "Run without drawing");
  const bar = el("progress", { max: 1, value: 0, "data-testid": "progress", "aria-label": "Progress of the run forward" });
  const cancel = button("cancel", "Cancel", () => send("pause"), "Stop after the running iteration");
  const running = el("span", { hidden: true }, bar, cancel);
  const group = picker("group", "Group", shapes.map((s, k) => [k, `${s.tag} (${s.size})`]).filter(([k]) => shapes[k].variables.length), (v) => send("choose", "group", +v));
  const variable = picker("variable", "Variable", [], (v) => send("choose", "variable", v));
  const synapse = picker("synapse", "Synapses", [], (v) => send("choose", "synapse", +v));
  const logBox = el("input", { type: "checkbox", "data-testid": "log", onchange: (e) => { log = e.target.checked; later(); } });
  const windowBox = numberBox("window", "Window in iterations", { min: 10, max: 10000, step: 1, style: "width: 70px" }, (v) => send("choose", "window", v));
  const upload = el("input", { type: "file", accept: ".npz", hidden: true, onchange: async (e) => {
    const file = e.target.files[0];
    if (file) model.send({ do: "_load", args: [] }, undefined, [await file.arrayBuffer()]);
    e.target.value = "";
  } });
  const error = el("p", { class: "error", role: "alert", "data-testid": "error", hidden: true });
  const several = shapes.length > 1;
  root.append(el("style", {}, STYLE),
    el("div", { class: "bar", role: "toolbar", "aria-label": "Simulation" }, el("span", {}, play, pause, step, reset),
      el("label", {}, "speed", speedBar, speedBox, el("small", {}, "it/frame")), el("span", {}, leap, forward, running),
      el("span", { class: "count" }, iteration, el("small", {}, "iteration", rate))),
    error,
    el("div", { class: "bar second", role: "toolbar", "aria-label": "View" },
      ...(several ? [el("label", {}, "group", group)] : []), el("label", {}, "variable", variable),
      el("label", {}, logBox, "log axis"), el("label", {}, "window", windowBox), el("span", { style: "margin-left: auto" },
        button("snapshot", "Picture", () => send("_picture"), "Download this view as a PNG figure"),
        button("save", "Save state", () => send("_download"), "Download the state of the network (npz)"),
        button("load", "Load state", () => upload.click(), "Continue from a saved state"), upload)));

  // --- panels

  const wanted = (kind) => spec.panels.includes(kind);
  const panel = (kind, shape, title, aria, extra = {}) => {
    const canvas = el("canvas", { class: shape, role: "img", "aria-label": aria, "data-testid": kind, ...extra });
    const note = el("small"), name = el("span", {}, title);
    const node = el("figure", { hidden: !wanted(kind) }, el("figcaption", {}, name, note), canvas);
    return { canvas, note, name, node };
  };
  const legend = (note, low, high) => note.replaceChildren(el("span", { class: "scale" }, low, el("i"), high));
  const place = (event, shape, canvas) => {
    const box = canvas.getBoundingClientRect(), [x0, y0, w, h] = frameOf(shape, box.width, box.height);
    const column = Math.floor(((event.clientX - box.left - x0) / w) * shape.columns), row = Math.floor(((event.clientY - box.top - y0) / h) * shape.rows);
    return neuronAt(shape, column, row);
  };
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const grid = (slot) => {
    const id = slot ? `grid-${slot}` : "grid";
    const made = panel("grid", "square grid", "", "Neurons at their positions", { tabindex: 0, role: "application", "data-testid": id });
    const shown = () => frame.groups[slot];
    made.canvas.addEventListener("click", (event) => {
      const neuron = place(event, shapes[shown()], made.canvas);
      if (neuron >= 0) send("select", shown(), neuron, event.shiftKey || event.ctrlKey || event.metaKey);
    });
    made.canvas.addEventListener("keydown", (event) => {
      if (!MOVES[event.key] || !frame) return;
      const shape = shapes[shown()], [dx, dy] = MOVES[event.key], now = slot ? 0 : frame.selected.at(-1);
      const column = (now % shape.columns) + dx, row = shape.rows - 1 - Math.floor(now / shape.columns) - dy;
      const neuron = neuronAt(shape, column, row);
      event.preventDefault();
      if (neuron >= 0) send("select", shown(), neuron, false);
    });
    return made;
  };
  const gridPanels = Array.from({ length: spec.shown }, (_, slot) => grid(slot));
  const tracePanel = panel("trace", "wide", "Trace", "Mean and selected neurons over the last iterations");
  const rasterPanel = panel("raster", "tall", "Raster", "Neurons against iterations, colour is the variable");
  const weightPanel = panel("weights", "square", "Weights", "Weight matrix, rows are targets");
  const afferentPanel = panel("afferents", "square", "Afferents", "Weights onto the selected neuron, at the positions of their sources");
  const histogramPanel = panel("histogram", "low", "Weight histogram", "Histogram of the weights that are not zero");
  const synapseLabel = el("label", { class: "muted" }, "synapses", synapse);
  const columns = [[...gridPanels.map((p) => p.node)], [tracePanel.node, rasterPanel.node], [synapseLabel, weightPanel.node, histogramPanel.node]];
  columns[0].push(afferentPanel.node);
  root.append(el("div", { class: "panels" }, ...columns.map((nodes, k) => el("div", { class: k === 1 ? "column time" : "column" }, ...nodes))));

  // --- parameters

  const setters = new Map();
  const parameter = (behaviour, name, value) => {
    const id = `param-${behaviour.id}-${name}`, label = `${name} of ${behaviour.id}`, whole = behaviour.whole.includes(name);
    const [min, max] = (value >= 0.5 && value <= 1) || value === 0 ? [0, 1] : [Math.min(0, 4 * value), Math.max(0, 4 * value)];
    const step = whole && max - min > 2 ? 1 : 10 ** Math.floor(Math.log10((max - min) / 200));
    const slider = el("input", { type: "range", min, max, step, "data-testid": id, "aria-label": label, oninput: (e) => change(+e.target.value) });
    const box = numberBox(`${id}-number`, `${label}, number`, { step: "any" }, (v) => change(v));
    const change = (v) => { send("set", behaviour.id, name, v); show(v, true); };
    const show = (v, now) => {
      slider.min = Math.min(slider.min, v);
      slider.max = Math.max(slider.max, v);
      if (now || document.activeElement !== slider) slider.value = v;
      if (now || document.activeElement !== box) box.value = +(+v).toPrecision(8);
    };
    show(value);
    setters.set(`${behaviour.id} ${name}`, show);
    return el("div", { class: "parameter" }, el("span", { title: label }, name), slider, box);
  };
  const card = (behaviour) => {
    const own = spec.status.parameters.filter(([id]) => id === behaviour.id);
    const box = el("input", { type: "checkbox", "data-testid": `enabled-${behaviour.id}`, "aria-label": `${behaviour.id} enabled`,
      onchange: (e) => { show(e.target.checked); send("enable", behaviour.id, e.target.checked); } });
    const node = el("fieldset", {}, el("legend", {}, el("label", {}, box, behaviour.id, el("small", {}, `${behaviour.parent}`))),
      ...(own.length ? own.map(([, name, value]) => parameter(behaviour, name, value)) : [el("small", {}, "no numbers to set")]));
    const show = (enabled) => { box.checked = enabled; node.classList.toggle("off", !enabled); };
    setters.set(behaviour.id, show);
    return node;
  };
  if (wanted("parameters") && spec.behaviours.length)
    root.append(el("div", { class: "bar second" }, el("strong", {}, "Behaviours"), el("small", {}, "changes apply between two iterations"),
      button("defaults", "Defaults", () => send("defaults"), "Parameters as they were when the view was made")),
      el("div", { class: "cards" }, ...spec.behaviours.map(card)));

  // --- drawing

  let ink = "#222", faint = "#ccc";
  const readTheme = () => {
    const style = getComputedStyle(root);
    ink = style.color;
    faint = style.getPropertyValue("--jp-border-color2").trim() || "#ccc";
  };

  function drawGrid(panel, codes, from, marked) {
    const { context, width, height } = fitted(panel.canvas), box = frameOf(from, width, height), size = box[2] / from.columns;
    paint(context, from.columns, from.rows, (x, y) => codes[neuronAt(from, x, y)], box);
    marked.forEach((neuron, k) => {
      const x = box[0] + (neuron % from.columns) * size, y = box[1] + (from.rows - 1 - Math.floor(neuron / from.columns)) * size, grown = Math.max(size, 5);
      for (const [line, colour] of [[5, "#fff"], [3, PICKED[k]]])
        Object.assign(context, { lineWidth: line, strokeStyle: colour }), context.strokeRect(x - (grown - size) / 2, y - (grown - size) / 2, grown, grown);
    });
    Object.assign(panel.canvas.dataset, { columns: from.columns, rows: from.rows });
  }

  function axis(context, [x0, y0, w, h], values, text, place) {
    Object.assign(context, { fillStyle: ink, strokeStyle: faint, lineWidth: 1, textAlign: "right", textBaseline: "middle" });
    for (const value of values) {
      const y = Math.round(y0 + h * (1 - place(value))) + 0.5;
      context.beginPath(); context.moveTo(x0, y); context.lineTo(x0 + w, y); context.stroke();
      context.fillText(text(value), x0 - 5, clamp(y, y0 + 5, y0 + h - 4));
    }
  }

  /** Iterations along the time axes: the window, or a round number of them as long as there are fewer samples. */
  const spanned = () => Math.min(frame.window, [100, 200, 500, 1000, 2000, 5000].find((n) => n >= count) ?? frame.window);

  function timeAxis(context, [x0, y0, w, h]) {
    const span = spanned(), first = frame.iteration - count;
    Object.assign(context, { fillStyle: ink, textBaseline: "top" });
    for (const t of ticks(first, first + span, 5).filter(Number.isInteger)) {
      context.textAlign = t > first + 0.95 * span ? "right" : "center";
      context.fillText(String(t), x0 + (w * (t - first)) / span, y0 + h + 4);
    }
  }

  function drawTrace() {
    const { context, width, height } = fitted(tracePanel.canvas), box = [LEFT, 6, width - LEFT - 2, height - 26], [x0, y0, w, h] = box;
    const lines = 1 + frame.selected.length, n = trace.length / lines, scaled = (v) => (log ? (v > 0 ? Math.log10(v) : NaN) : v);
    let low = Infinity, high = -Infinity;
    for (const v of trace) { const s = scaled(v); if (Number.isFinite(s)) { low = Math.min(low, s); high = Math.max(high, s); } }
    if (low > high) [low, high] = [0, 1];
    const margin = (high - low) * 0.05 || Math.abs(high) * 0.05 || 0.5;
    [low, high] = [low - margin, high + margin];
    const marks = ticks(low, high, 4).filter((v) => !log || Number.isInteger(v) || high - low < 2);
    axis(context, box, marks, (v) => short(log ? 10 ** v : v), (v) => (v - low) / (high - low));
    timeAxis(context, box);
    for (let line = lines - 1; line >= 0; line--) {
      Object.assign(context, { strokeStyle: line ? PICKED[line - 1] : ink, lineWidth: line ? 1.6 : 2.4, lineJoin: "round" });
      context.beginPath();
      let open = false;
      for (let k = 0; k < n; k++) {
        const s = scaled(trace[k * lines + line]), x = x0 + (w * (k + 1)) / spanned();
        if (!Number.isFinite(s)) { open = false; continue; }
        const y = y0 + h * (1 - (s - low) / (high - low));
        if (open) context.lineTo(x, y); else context.moveTo(x, y);
        open = true;
      }
      context.stroke();
    }
    tracePanel.name.textContent = `${frame.variable} over iterations`;
    const names = [["mean", ink], ...frame.selected.map((neuron, k) => [`neuron ${neuron}`, PICKED[k]])];
    tracePanel.note.replaceChildren(...names.map(([text, colour], k) =>
      el("span", {}, el("span", { style: `color: ${colour}; font-weight: 900` }, " — "), `${text} ${frame.values[k]}`)));
  }

  function drawRaster() {
    const { context, width, height } = fitted(rasterPanel.canvas), box = [LEFT, 2, width - LEFT - 2, height - 22], [x0, y0, w, h] = box;
    const rows = frame.rows, size = shapes[frame.groups[0]].size;
    paint(context, count, rows, (x, y) => raster[x * rows + (rows - 1 - y)], [x0, y0, (w * count) / spanned(), h]);
    Object.assign(context, { fillStyle: ink, textAlign: "right", textBaseline: "middle" });
    for (const neuron of ticks(0, size - 1, 4)) context.fillText(String(neuron), x0 - 8, clamp(y0 + h * (1 - (neuron + 0.5) / size), y0 + 6, y0 + h - 5));
    frame.selected.forEach((neuron, k) => {
      const y = y0 + h * (1 - (neuron + 0.5) / size);
      context.fillStyle = PICKED[k];
      context.beginPath(); context.moveTo(x0 - 1, y); context.lineTo(x0 - 8, y - 5); context.lineTo(x0 - 8, y + 5); context.fill();
    });
    timeAxis(context, box);
    rasterPanel.name.textContent = rows < size ? `every ${frame.stride}th of ${size} neurons` : "neurons over iterations";
    legend(rasterPanel.note, ...frame.bounds[0]);
  }

  function drawWeights() {
    const { names, thumb, onto } = weights, found = names.length > 0;
    for (const p of [weightPanel, afferentPanel, histogramPanel]) p.node.hidden = !found || !wanted(p.canvas.dataset.testid);
    synapseLabel.hidden = names.length < 2;
    if (!found) return;
    const [tall, broad] = weights.shape, { context, width, height } = fitted(weightPanel.canvas);
    synapse.fill(names.map((name, k) => [k, name]), weights.synapse);
    paint(context, broad, tall, (x, y) => thumb[y * broad + x], frameOf({ columns: broad, rows: tall }, width, height));
    weightPanel.name.textContent = `${names[weights.synapse]}, ${weights.size[0]} × ${weights.size[1]}`;
    drawGrid(afferentPanel, onto, shapes[weights.src], weights.src === frame?.groups[0] ? [weights.neuron] : []);
    afferentPanel.name.textContent = `weights onto neuron ${weights.neuron}`;
    for (const p of [weightPanel, afferentPanel]) legend(p.note, ...weights.bounds);
    drawHistogram(thumb, weights.size[0] > tall || weights.size[1] > broad);
  }

  function drawHistogram(thumb, blocks) {
    const { context, width, height } = fitted(histogramPanel.canvas), [low, high] = weights.bounds.map(Number), bins = new Float64Array(32);
    const zero = Math.round((254 * -low) / (high - low));
    let kept = 0;
    for (const code of thumb) if (code !== zero && code !== NOT_FINITE) { bins[code >> 3]++; kept++; }
    const top = Math.max(...bins, 1), across = width / bins.length, tall = height - 18;
    context.fillStyle = "#56B4E9";
    bins.forEach((n, k) => context.fillRect(k * across, tall * (1 - n / top), Math.max(across - 1, 1), (tall * n) / top));
    Object.assign(context, { fillStyle: ink, textBaseline: "bottom", textAlign: "left" });
    context.fillText(weights.bounds[0], 0, height - 1);
    context.textAlign = "right";
    context.fillText(weights.bounds[1], width, height - 1);
    histogramPanel.note.textContent = `${kept} ${blocks ? "blocks" : "weights"} not zero`;
  }

  function draw() {
    pending = 0;
    const start = performance.now();
    readTheme();
    if (frame) {
      frame.groups.forEach((group, slot) => {
        drawGrid(gridPanels[slot], grids[slot], shapes[group], slot ? [] : frame.selected);
        gridPanels[slot].name.textContent = `${shapes[group].tag}: ${frame.variable}`;
        legend(gridPanels[slot].note, ...frame.bounds[slot]);
      });
      gridPanels[0].canvas.dataset.selected = frame.selected;
      if (wanted("trace")) drawTrace();
      if (wanted("raster")) drawRaster();
    }
    if (weights) drawWeights();
    send("ack", seq);
    Object.assign(root.dataset, { frames: ++drawn, drawms: (performance.now() - start).toFixed(2) });
  }
  const later = () => { pending ||= requestAnimationFrame(draw); };

  // --- messages

  function takeStatus(status) {
    const leaping = status.progress !== null;
    play.disabled = status.playing;
    pause.disabled = !status.playing;
    forward.disabled = leaping;
    running.hidden = !leaping;
    bar.value = status.progress ?? 0;
    iteration.textContent = status.iteration;
    const now = performance.now(), passed = now - clock.time;
    if (passed > 500) {
      const perSecond = (1000 * (status.iteration - clock.iteration)) / passed;
      rate.textContent = status.playing && perSecond > 0 ? `, ${Math.round(perSecond)}/s` : "";
      clock = { time: now, iteration: status.iteration };
    }
    error.hidden = !status.error;
    error.textContent = status.error;
    if (document.activeElement !== speedBox) speedBox.value = status.speed;
    if (document.activeElement !== speedBar) speedBar.value = Math.log10(status.speed);
    for (const [behaviour, name, value] of status.parameters) setters.get(`${behaviour} ${name}`)?.(value);
    for (const [behaviour, enabled] of status.enabled) setters.get(behaviour)?.(enabled);
    root.dataset.playing = status.playing;
  }

  function takeFrame(header, buffers) {
    grids = header.groups.map((_, slot) => bytes(buffers[slot]).slice());
    trace = new Float64Array(copied(buffers[grids.length]));
    const fresh = bytes(buffers[grids.length + 1]), kept = header.full ? 0 : Math.min(count, header.count - header.fresh);
    const joined = new Uint8Array((kept + header.fresh) * header.rows);
    if (kept) joined.set(raster.subarray((count - kept) * header.rows, count * header.rows));
    joined.set(fresh, kept * header.rows);
    [frame, raster, count] = [header, joined, kept + header.fresh];
    if (document.activeElement !== windowBox) windowBox.value = header.window;
    group.value = header.groups[0];
    variable.fill(shapes[header.groups[0]].variables.map((name) => [name, name]), header.variable);
    return grids.length + 2;
  }

  function saveFile(name, data) {
    const address = URL.createObjectURL(new Blob([copied(data)]));
    el("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  const receive = (header, buffers) => {
    if (header.kind === "file") return saveFile(header.name, buffers[0]);
    seq = header.seq;
    takeStatus(header);
    const used = header.frame ? takeFrame({ ...header.frame, iteration: header.iteration }, buffers) : 0;
    if (header.weights) {
      const [thumb, onto] = header.weights.names.length ? buffers.slice(used).map((data) => bytes(data).slice()) : [];
      weights = { ...header.weights, thumb, onto };
    }
    later();
  };
  model.on("msg:custom", receive);
  takeStatus(spec.status);
  host.append(root);
  const resize = new ResizeObserver(later), themes = new MutationObserver(later);
  resize.observe(root);
  themes.observe(document.body, { attributes: true });
  send("_ready");
  return () => {
    resize.disconnect();
    themes.disconnect();
    model.off("msg:custom", receive);
    cancelAnimationFrame(pending);
  };
}

export default { render };
