// The canvas of the live view (anywidget). The kernel sends panels as raw buffers in custom messages; every message is
// acknowledged, drawn at most once per animation frame, and nothing is fetched. All state of a view lives in `render`.

const PICKED = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00"]; // Okabe-Ito, in the order of selection
const VIRIDIS = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142],
  [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37]];
const HIGH = 253, NOT_FINITE = 254; // the codes 0 to 253 run from low to high; 255 stays empty
const LUT = new Uint32Array(256).map((_, code) => {
  const at = (Math.min(code, HIGH) / HIGH) * (VIRIDIS.length - 1), low = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const [r, g, b] = VIRIDIS[low].map((c, k) => Math.round(c + (VIRIDIS[low + 1][k] - c) * (at - low)));
  if (code > NOT_FINITE) return 0;
  return code === NOT_FINITE ? 0xff7f7f7f : ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
});
const LEFT = 56, RIGHT = 8, BELOW = 20; // room for the labels of axes, the same in all panels, so that they stand in line
const LOST = { restarting: "was restarted", autorestarting: "died and was restarted", dead: "is dead", terminating: "was shut down" };
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const STYLE = `
.mv { container-type: inline-size; font: 13px/1.4 var(--jp-ui-font-family, system-ui, sans-serif); padding: 4px 12px 12px 4px;
  color: var(--jp-ui-font-color1, #222); background: var(--jp-layout-color1, #fff); }
.mv .count b { font-size: 22px; font-variant-numeric: tabular-nums; margin-right: 6px; }
.mv small, .mv .count { color: var(--jp-ui-font-color2, #555); font-variant-numeric: tabular-nums; }
.mv .count b { color: var(--jp-ui-font-color1, #222); }
.mv .lost { margin: 4px 0; padding: 6px 12px; color: #fff; background: #A33B00; }
.mv .row { display: grid; gap: 4px 20px; grid-template-columns: minmax(150px, 1fr) minmax(0, 3fr); margin-bottom: 10px; }
.mv .row .grid { grid-row: span 2; }
.mv .rest { display: grid; gap: 14px 20px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)); }
.mv figure { margin: 0; min-width: 0; }
.mv figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 10px; font-weight: 600; font-size: 12px; min-height: 20px; }
.mv figcaption small { font-weight: 400; }
.mv canvas { display: block; width: 100%; height: 190px; }
.mv .grid canvas { height: auto; aspect-ratio: 1; cursor: crosshair; } .mv .trace canvas { height: 150px; }
.mv canvas:focus-visible { outline: 3px solid #E69F00; outline-offset: 1px; }
.mv .scale { display: inline-flex; align-items: center; gap: 4px; }
.mv .scale i { width: 50px; height: 9px; background: linear-gradient(to right, ${VIRIDIS.map((c) => `rgb(${c})`).join(",")}); }
.mv-cards { display: grid; gap: 4px 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); }
.mv-error details { padding: 4px 12px; color: #fff; background: #A33B00; line-height: 1.5; } .mv-error summary { cursor: pointer; }
.mv-error pre { color: inherit; max-height: 300px; overflow: auto; line-height: 1.4; }
.mv [hidden] { display: none !important; }
@container (max-width: 560px) { .mv .row { grid-template-columns: minmax(0, 1fr); } .mv .row .grid { max-width: 260px; } }
`;

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props))
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  node.append(...children);
  return node;
}

const clamp = (x, low, high) => Math.max(low, Math.min(high, x));
const copied = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength); // floats need alignment
const short = (x) => (x !== 0 && (Math.abs(x) >= 1e5 || Math.abs(x) < 1e-3)
  ? x.toExponential(3).replace(/\.?0*e\+?/, "e") : String(+x.toPrecision(6)));

/** Round numbers between low and high, about as many as wanted. */
function ticks(low, high, wanted) {
  const raw = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(raw)), unit = raw / power, found = [];
  const step = power * (unit < 1.5 ? 1 : unit < 3.5 ? 2 : unit < 7.5 ? 5 : 10);
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step && found.length < 20; k++) found.push(k * step);
  return found;
}

/** Values for a logarithmic axis from 10 ** low to 10 ** high: whole powers of ten, or round numbers if these are few. */
function decades(low, high) {
  const every = Math.ceil((high - low) / 6), found = [];
  for (let k = Math.ceil(low); k <= high; k++) if (k % every === 0) found.push(10 ** k);
  return found.length > 1 ? found : ticks(10 ** low, 10 ** high, 4).filter((v) => v > 0);
}

/** A canvas made ready for drawing: its size matched to the screen, colours of the theme, labels that stay inside. */
function sheet(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight, style = getComputedStyle(canvas);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const c = canvas.getContext("2d"), faint = style.getPropertyValue("--jp-border-color2").trim() || "#ccc";
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  Object.assign(c, { imageSmoothingEnabled: false, font: "12px system-ui, sans-serif", lineJoin: "round", lineCap: "round", textBaseline: "middle" });
  canvas.labels = [];
  const text = (value, x, y, side) => { // side: 1 ends at x, 0.5 is centred on it
    const long = c.measureText(value).width, left = clamp(x - side * long, 0, width - long);
    c.fillStyle = style.color;
    c.fillText(value, left, clamp(y, 7, height - 7));
    canvas.labels.push([value, x - side * long, left + long]);
  };
  return { c, width, height, ink: style.color, faint, text, box: [LEFT, 6, width - LEFT - RIGHT, height - BELOW - 6] };
}

/** Labels of the axes around a box; `x` and `y` are [values, place of a value from 0 to 1]. */
function axes({ c, faint, text, box: [x0, y0, w, h] }, x, y) {
  for (const value of x[0]) text(short(value), x0 + w * x[1](value), y0 + h + 12, 0.5);
  Object.assign(c, { strokeStyle: faint, lineWidth: 1 });
  for (const value of y[0]) {
    const at = Math.round(y0 + h * (1 - y[1](value))) + 0.5;
    c.beginPath(); c.moveTo(x0, at); c.lineTo(x0 + w, at); c.stroke();
    text(short(value), x0 - 8, at, 1);
  }
}

const scale = (low, high) => (value) => (value - low) / (high - low);

/** Where a map without axes is drawn and clicked: the largest rectangle of square entries. */
function squares({ rows, columns }, width, height) {
  const size = Math.min(width / columns, height / rows);
  return [(width - size * columns) / 2, (height - size * rows) / 2, size * columns, size * rows];
}

function drawMap(canvas, header, data) {
  const made = sheet(canvas), { c, width, height } = made, { rows, columns, x, y } = header;
  const [x0, y0, w, h] = x ? made.box : squares(header, width, height);
  if (x) axes(made, [ticks(...x, 5).filter(Number.isInteger), scale(...x)], [ticks(y[0], y[1], 4).filter((v) => v >= 0), scale(...y)]);
  const image = new ImageData(Math.max(columns, 1), Math.max(rows, 1)), pixels = new Uint32Array(image.data.buffer);
  for (let column = 0, k = 0; column < columns; column++) // from the lowest entry upwards
    for (let row = rows - 1; row >= 0; row--, k++) pixels[row * columns + column] = LUT[data[k]];
  const inner = new OffscreenCanvas(image.width, image.height);
  inner.getContext("2d").putImageData(image, 0, 0);
  c.drawImage(inner, x0, y0, w, h);
  header.marks.forEach(([column, row], k) => {
    const size = [w / columns, h / rows], top = y0 + h - (row + 1) * size[1], middle = top + size[1] / 2;
    if (column < 0) {
      c.fillStyle = PICKED[k];
      c.beginPath(); c.moveTo(x0 - 1, middle); c.lineTo(x0 - 8, middle - 5); c.lineTo(x0 - 8, middle + 5); c.fill();
    } else for (const [line, colour] of [[5, "#fff"], [3, PICKED[k]]]) {
      const grown = Math.max(size[0], 5), more = (grown - size[0]) / 2;
      Object.assign(c, { lineWidth: line, strokeStyle: colour });
      c.strokeRect(x0 + column * size[0] - more, top - more, grown, grown);
    }
  });
  canvas.note.replaceChildren(el("span", { class: "scale" }, header.low, el("i"), header.high));
}

function drawLines(canvas, header, data) {
  const made = sheet(canvas), { c, ink, box: [x0, y0, w, h] } = made, n = data.length / (1 + header.names.length);
  const colours = [ink, ...PICKED, ...PICKED], up = (v) => (header.log ? (v > 0 ? Math.log10(v) : NaN) : v);
  let [low, high] = [Infinity, -Infinity], [first, last] = header.span ?? [Infinity, -Infinity];
  for (let k = 0; k < data.length; k++) {
    const v = k < n ? data[k] : up(data[k]);
    if (!Number.isFinite(v)) continue;
    if (k >= n) [low, high] = [Math.min(low, v), Math.max(high, v)];
    else if (!header.span) [first, last] = [Math.min(first, v), Math.max(last, v)];
  }
  if (low > high) [low, high] = [0, 1];
  const margin = (high - low) * 0.05 || Math.abs(high) * 0.05 || 0.5;
  [low, high] = [low - margin, high + margin];
  [first, last] = first < last ? [first, last] : [first - 1, first + 1];
  const right = scale(first, last), above = scale(low, high), whole = header.span && last > 1 ? Number.isInteger : () => true;
  axes(made, [ticks(first, last, 5).filter(whole), right], [header.log ? decades(low, high) : ticks(low, high, 4), (v) => above(up(v))]);
  for (let line = header.names.length; line > 0; line--) {
    Object.assign(c, { strokeStyle: colours[line - 1], lineWidth: line === 1 ? 2.2 : 1.6 });
    c.beginPath();
    for (let k = 0, open = false; k < n; k++) {
      const v = up(data[line * n + k]), x = x0 + w * right(data[k]), y = y0 + h * (1 - above(v));
      if (Number.isFinite(x + y)) { if (!open) c.moveTo(x, y); c.lineTo(x, y); }
      open = Number.isFinite(x + y);
    }
    c.stroke();
  }
  canvas.note.replaceChildren(...header.names.map((name, k) =>
    el("span", {}, el("span", { style: `color: ${colours[k]}; font-weight: 900` }, " — "), name)));
}

function drawBars(canvas, header, data) {
  const made = sheet(canvas), { c, box: [x0, y0, w, h] } = made, n = (data.length - 1) / 2, edges = data.subarray(n);
  const top = Math.max(...data.subarray(0, n), 1), right = scale(edges[0], edges[n]);
  axes(made, [ticks(edges[0], edges[n], 3), right], [ticks(0, top, 3).filter(Number.isInteger), scale(0, top)]);
  c.fillStyle = "#56B4E9";
  for (let k = 0; k < n; k++) {
    const [left, end] = [x0 + w * right(edges[k]), x0 + w * right(edges[k + 1])], tall = (h * data[k]) / top;
    c.fillRect(left, y0 + h - tall, Math.max(end - left - 1, 1), tall);
  }
}

const DRAW = { map: drawMap, lines: drawLines, bars: drawBars };

function render({ model, el: host }) {
  const identity = String(Math.random()), send = (command, ...args) => model.send({ do: command, args });
  const figures = new Map(), rows = el("div"), rest = el("div", { class: "rest" });
  const counter = el("b", { "data-testid": "iteration" }, "0"), rate = el("span"), lost = el("p", { class: "lost", role: "alert", "data-testid": "lost" });
  const root = el("div", { class: "mv", role: "region", "aria-label": `Live view of ${model.get("label")}`, "data-testid": "live-view" },
    el("style", {}, STYLE), lost, el("div", { class: "count" }, counter, "iteration", rate), rows, rest);
  root.addEventListener("keydown", (event) => event.stopPropagation()); // else JupyterLab moves between cells
  lost.hidden = true;
  let pending = 0, drawn = 0, seq = 0, clock = { time: 0, iteration: 0 };

  function click(canvas, event) {
    const { columns, rows } = canvas.panel.header, edge = canvas.getBoundingClientRect(), [x0, y0, w, h] = squares({ rows, columns }, edge.width, edge.height);
    const column = Math.floor(((event.clientX - edge.left - x0) / w) * columns), row = rows - 1 - Math.floor(((event.clientY - edge.top - y0) / h) * rows);
    send("click", canvas.dataset.testid, column, row, event.shiftKey || event.ctrlKey || event.metaKey);
  }

  function move(canvas, event) {
    if (!MOVES[event.key]) return;
    const [column, row] = canvas.panel.header.marks.at(-1), [right, up] = MOVES[event.key];
    event.preventDefault();
    send("click", canvas.dataset.testid, column + right, row + up, false);
  }

  /** The figure of a panel, made where it belongs: grid, trace and raster of a variable in one row, others below. */
  function figure(name) {
    if (figures.has(name)) return figures.get(name);
    const [kind, slot] = name.split("-"), canvas = el("canvas", { role: "img", "data-testid": name });
    const title = el("span"), note = el("small"), node = el("figure", { class: kind }, el("figcaption", {}, title, note), canvas);
    Object.assign(canvas, { note, heading: title, node });
    if (kind === "grid") {
      canvas.tabIndex = 0;
      canvas.addEventListener("click", (event) => click(canvas, event));
      canvas.addEventListener("keydown", (event) => move(canvas, event));
    }
    while (rows.children.length <= (slot ?? 0)) rows.append(el("div", { class: "row" }));
    (["grid", "trace", "raster"].includes(kind) ? rows.children[slot ?? 0] : rest).append(node);
    figures.set(name, canvas);
    return canvas;
  }

  function receive(message, buffers) {
    if (message.kind === "call") return send("opened", identity);
    if (message.kind === "file") {
      const address = URL.createObjectURL(new Blob([copied(buffers[0])]));
      el("a", { href: address, download: message.name }).click();
      return setTimeout(() => URL.revokeObjectURL(address), 1000);
    }
    seq = message.seq;
    message.panels.forEach((header, k) => {
      const data = copied(buffers[k]), canvas = figure(header.name);
      canvas.panel = { header, data: header.kind === "map" ? new Uint8Array(data) : new Float64Array(data), fresh: true };
    });
    for (const [name, canvas] of message.names ? figures : []) {
      canvas.node.style.order = message.names.indexOf(name);
      if (!message.names.includes(name)) { canvas.node.remove(); figures.delete(name); }
    }
    counter.textContent = message.iteration;
    root.dataset.playing = message.playing;
    const now = performance.now(), seconds = (now - clock.time) / 1000;
    if (seconds > 0.5 || !message.playing) {
      const speed = Math.round((message.iteration - clock.iteration) / seconds);
      rate.textContent = message.playing && speed > 0 ? `, ${speed}/s` : "";
      clock = { time: now, iteration: message.iteration };
    }
    pending ||= requestAnimationFrame(draw);
  }

  function draw() {
    const start = performance.now();
    pending = 0;
    for (const canvas of figures.values()) {
      const { header, data, fresh } = canvas.panel;
      canvas.node.hidden = header.kind === "none";
      if (canvas.node.hidden || !fresh) continue;
      canvas.heading.textContent = header.title;
      canvas.setAttribute("aria-label", header.title);
      DRAW[header.kind](canvas, header, data);
      canvas.panel.fresh = false;
    }
    send("ack", seq);
    Object.assign(root.dataset, { frames: ++drawn, drawms: (performance.now() - start).toFixed(2) });
  }

  const again = () => {
    for (const canvas of figures.values()) canvas.panel.fresh = true;
    pending ||= requestAnimationFrame(draw);
  };
  const kernel = model.widget_manager?.kernel, said = (_, status) => {
    if (!LOST[status]) return;
    lost.textContent = `The kernel ${LOST[status]}; what is shown is the last picture before. Run the cells again to go on.`;
    lost.hidden = false;
  };
  const resize = new ResizeObserver(again), themes = new MutationObserver(again);
  kernel?.statusChanged.connect(said);
  model.on("msg:custom", receive);
  host.append(root);
  resize.observe(root);
  themes.observe(document.body, { attributes: true });
  send("opened", identity);
  return () => {
    send("gone", identity);
    resize.disconnect();
    themes.disconnect();
    kernel?.statusChanged.disconnect(said);
    model.off("msg:custom", receive);
    cancelAnimationFrame(pending);
  };
}

export default { render };
