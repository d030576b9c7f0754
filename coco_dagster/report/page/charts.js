// Statistics of the whole export, drawn with Chart.js.

const drawnCharts = [];

function colorOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A figure with a chart, and its numbers as a table for those who cannot see it. */
function chart(title, note, height, config, columns, rows, className = "") {
  const canvas = make("canvas", { role: "img", "aria-label": title });
  const plot = make("div", { class: `plot ${className}` }, canvas);
  if (height) plot.style.height = `${height}px`;
  const numbers = make("details", {}, make("summary", {}, "Numbers"), make("div", {}, table(columns, rows)));
  const figure = make("figure", {}, make("figcaption", {}, make("h2", {}, title), make("span", { class: "quiet" }, note)), plot, numbers);
  // The canvas has a size only once it is on the page.
  queueMicrotask(() => {
    if (canvas.isConnected) drawnCharts.push(new Chart(canvas, config));
  });
  return figure;
}

function baseOptions(more = {}) {
  const axis = { grid: { color: colorOf("--line") }, ticks: { color: colorOf("--quiet"), precision: 0 }, border: { display: false } };
  return {
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    plugins: { legend: { display: false }, ...more.plugins },
    scales: { x: { ...axis, ...more.x }, y: { ...axis, ...more.y } },
    onClick: more.onClick,
    indexAxis: more.indexAxis,
  };
}

/** Bars, upright or, with `across`, lying. */
function bars(labels, values, { colors = colorOf("--accent"), across = false, total = 0, onClick } = {}) {
  const tooltip = { callbacks: { label: ({ raw }) => ` ${number(raw)}${total ? ` (${share(raw, total)})` : ""}` } };
  const names = { grid: { display: false }, ticks: { color: colorOf("--ink"), autoSkip: !across, callback: function (value) { return shortened(this.getLabelForValue(value)); } } };
  return {
    type: "bar",
    data: { labels, datasets: [{ data: values, backgroundColor: colors, borderColor: colorOf("--rim"), borderWidth: 1, borderRadius: 3, maxBarThickness: 26 }] },
    options: baseOptions({ indexAxis: across ? "y" : "x", plugins: { tooltip }, onClick, [across ? "y" : "x"]: names }),
  };
}

function shortened(text) {
  return text.length > 28 ? `${text.slice(0, 27)}…` : text;
}

/** Values with counts as at most 24 bars of whole numbers. */
function histogram(pairs) {
  if (!pairs.length) return [];
  const [low, high] = [pairs[0][0], pairs.at(-1)[0]];
  const width = Math.max(1, Math.ceil((high - low + 1) / 24));
  const rows = [];
  for (let from = low; from <= high; from += width) rows.push([width === 1 ? String(from) : `${from}–${from + width - 1}`, 0]);
  for (const [value, count] of pairs) rows[Math.floor((value - low) / width)][1] += count;
  return rows;
}

function classBalance() {
  const total = data.categories.reduce((sum, category) => sum + category.annotations, 0);
  const order = data.categories.map((category, at) => ({ ...category, at })).sort((one, other) => other.annotations - one.annotations || one.at - other.at);
  const shown = order.slice(0, 40);
  const config = bars(shown.map(({ name }) => name), shown.map(({ annotations }) => annotations), {
    colors: shown.map(({ color }) => color), across: true, total,
    onClick: (_, [bar]) => bar && showCategory(shown[bar.index].at),
  });
  const unused = order.filter(({ annotations }) => !annotations).length;
  const note = [order.length > 40 && `The 40 largest of ${order.length}.`, unused && `${plural(unused, "category has", "categories have")} no annotation.`, "Click a bar to see its images."].filter(Boolean).join(" ");
  const rows = order.map(({ name, shape, annotations, images }) => [name, shapeName(shape), annotations, share(annotations, total), images]);
  const figure = chart("Annotations by category", note, 40 + shown.length * 22, config, ["Category", "Shape", "#Annotations", "#Share", "#Images"], rows);
  figure.classList.add("whole");
  return figure;
}

function countChart(title, note, pairs, columns) {
  const rows = histogram(pairs);
  return chart(title, note, 240, bars(rows.map(([label]) => label), rows.map(([, count]) => count), { total: rows.reduce((sum, [, count]) => sum + count, 0) }), columns, rows);
}

function sumOf(lists) {
  return lists.reduce((sum, list) => list.map((value, at) => value + (sum[at] ?? 0)), []);
}

function sizeChart(boxes) {
  const edges = data.charts.side_edges;
  const labels = [`< ${edges[0]}`, ...edges.slice(1).map((edge, at) => `${edges[at]}–${edge}`), `≥ ${edges.at(-1)}`];
  const counts = sumOf(boxes.map(({ sides }) => sides));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const part = (from, to) => share(counts.slice(from, to).reduce((sum, count) => sum + count, 0), total);
  const [small, large] = [edges.indexOf(32) + 1, edges.indexOf(96) + 1];
  const note = total ? `Side of a square of the same area, in pixels. As COCO says: small ${part(0, small)}, medium ${part(small, large)}, large ${part(large)}.` : "No box has an area.";
  return chart("Sizes of boxes", note, 260, bars(labels, counts, { total }), ["Side in pixels", "#Boxes"], labels.map((label, at) => [label, counts[at]]));
}

function placeChart(boxes) {
  const { grid } = data.charts;
  const counts = new Map();
  for (const { centres } of boxes) {
    for (let at = 0; at < centres.length; at += 2) counts.set(centres[at], (counts.get(centres[at]) ?? 0) + centres[at + 1]);
  }
  const most = Math.max(1, ...counts.values());
  const points = [...counts].map(([cell, count]) => ({ x: (cell % grid) + 0.5, y: Math.floor(cell / grid) + 0.5, count }));
  const accent = colorOf("--accent");
  const shade = ({ raw }) => accent + Math.round(38 + 217 * Math.sqrt((raw?.count ?? 0) / most)).toString(16).padStart(2, "0");
  const side = { min: 0, max: grid, ticks: { display: false }, grid: { display: false } };
  const total = points.reduce((sum, { count }) => sum + count, 0);
  const config = {
    type: "scatter",
    // A square point of radius r has sides of r·√2.
    data: { datasets: [{ data: points, pointStyle: "rect", backgroundColor: shade, borderWidth: 0, radius: ({ chart: { chartArea } }) => ((chartArea?.width ?? 0) / grid) / Math.SQRT2, hoverRadius: ({ chart: { chartArea } }) => ((chartArea?.width ?? 0) / grid) / Math.SQRT2 }] },
    plugins: [{ id: "frame", beforeDatasetsDraw: ({ ctx, chartArea: { left, top, width, height } }) => { ctx.strokeStyle = colorOf("--quiet"); ctx.strokeRect(left, top, width, height); } }],
    options: { ...baseOptions({ x: side, y: { ...side, reverse: true }, plugins: { tooltip: { callbacks: { label: ({ raw }) => ` ${plural(raw.count, "box", "boxes")} (${share(raw.count, total)})` } } } }), clip: false },
  };
  const rows = points.sort((one, other) => other.count - one.count).slice(0, 50).map(({ x, y, count }) => [Math.floor(y) + 1, Math.floor(x) + 1, count]);
  const figure = chart("Places of boxes", "Where the centres of boxes lie in their images, top left to bottom right.", 0, { ...config, options: { ...config.options, maintainAspectRatio: true, aspectRatio: 1 } }, ["#Row", "#Column", "#Boxes"], rows, "square");
  return figure;
}

function answerChart(entry) {
  const facts = [plural(entry.answered ?? 0, "answer"), entry.unanswered && `${number(entry.unanswered)} not answered`, entry.distinct > (entry.answers?.length ?? 0) && !entry.ranges && `${number(entry.distinct)} different ones`].filter(Boolean);
  if (entry.ranges) {
    const digits = (value) => number(Math.round(value * 100) / 100);
    const rows = entry.ranges.map(({ low, high, count }) => [low === high ? digits(low) : `${digits(low)}–${digits(high)}`, count]);
    return chart(entry.name, facts.join(", "), 200, bars(rows.map(([label]) => label), rows.map(([, count]) => count), { total: entry.answered }), ["Answer", "#Times"], rows);
  }
  const rows = (entry.answers ?? []).map(([answer, count]) => [answerText(answer), count]);
  if (entry.others) rows.push(["all others", entry.others]);
  return chart(entry.name, facts.join(", "), 46 + rows.length * 24, bars(rows.map(([label]) => label), rows.map(([, count]) => count), { across: true, total: entry.answered }), ["Answer", "#Times"], rows);
}

/** Options of checklists, which are ticked or not, as one chart for each category. */
function optionCharts(entries) {
  const groups = new Map();
  for (const entry of entries.filter(isOption)) groups.set(entry.category, [...(groups.get(entry.category) ?? []), entry]);
  return [...groups].map(([category, options]) => {
    const count = (entry, wanted) => (entry.answers ?? []).reduce((sum, [answer, times]) => sum + (answer === wanted ? times : 0), 0);
    const rows = options.map((entry) => [entry.name, count(entry, true), count(entry, false)]);
    const config = bars(rows.map(([name]) => name), rows.map(([, yes]) => yes), { across: true });
    const [dataset] = config.data.datasets;
    config.data.datasets = [{ ...dataset, label: "ticked" }, { ...dataset, label: "not ticked", data: rows.map(([, , no]) => no), backgroundColor: colorOf("--line") }];
    config.options.scales.x.stacked = config.options.scales.y.stacked = true;
    config.options.plugins.tooltip = { callbacks: { label: ({ dataset: { label }, raw, dataIndex }) => ` ${label}: ${number(raw)} (${share(raw, rows[dataIndex][1] + rows[dataIndex][2])})` } };
    return chart(`${ownerName(category)}: options ticked`, "", 46 + rows.length * 24, config, ["Option", "#Ticked", "#Not ticked"], rows);
  });
}

function isOption({ answers }) {
  return Boolean(answers?.length) && answers.every(([answer]) => typeof answer === "boolean");
}

function ownerName(category) {
  return data.categories[category]?.name ?? "Images";
}

function showStatistics(chosen = "") {
  while (drawnCharts.length) drawnCharts.pop().destroy();
  const { charts } = data;
  const boxes = chosen === "" ? charts.boxes : [charts.boxes[Number(chosen)]].filter(Boolean);
  const answers = charts.answers.filter(({ category }) => chosen === "" || category === Number(chosen));
  const picker = make("select", { id: "statistics-category", "aria-label": "Category" }, make("option", { value: "" }, "All categories"));
  for (const [at, category] of data.categories.entries()) if (category.annotations) picker.append(make("option", { value: at }, category.name));
  if (charts.answers.some(({ category }) => category === data.categories.length)) picker.append(make("option", { value: data.categories.length }, "Images (classifications)"));
  picker.value = chosen;
  picker.addEventListener("change", () => showStatistics(picker.value));
  const tracks = charts.track_lengths;
  const options = optionCharts(answers.filter(isOption)).slice(0, 12);
  const others = answers.filter((entry) => !isOption(entry)).sort((one, other) => (other.answered ?? 0) - (one.answered ?? 0));
  const shownAnswers = others.slice(0, 24);
  byId("statistics").replaceChildren(
    make("div", { class: "charts" },
      classBalance(),
      countChart("Annotations per image", "How many images have so many annotations.", charts.objects_per_image, ["Annotations", "#Images"]),
      ...(tracks.some(([length]) => length > 1) ? [countChart("Lengths of tracks", "On how many frames an object is annotated.", tracks, ["Frames", "#Objects"])] : []),
    ),
    make("div", { class: "picker" }, make("label", { for: "statistics-category" }, "Sizes, places and answers of"), picker),
    make("div", { class: "charts" }, ...(boxes.length ? [sizeChart(boxes), placeChart(boxes)] : [])),
    ...(answers.length ? [make("div", { class: "picker" }, make("h2", {}, "Answers"), make("span", { class: "quiet" }, others.length > 24 ? `The 24 attributes of ${others.length} that are answered most; choose a category to see its own.` : ""))] : []),
    make("div", { class: "charts small" }, ...shownAnswers.map((entry) => answerChart({ ...entry, name: `${ownerName(entry.category)}: ${entry.name}` })), ...options),
  );
}
