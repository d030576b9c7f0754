// Annotations drawn over their image, in pixels of the image, as SVG.

/** Lengths of runs of a mask in COCO's compressed text (pycocotools, `rleFrString`). */
function runLengths(text) {
  const runs = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let place = 1;
    let group;
    do {
      group = text.charCodeAt(at++) - 48;
      value += (group & 31) * place;
      place *= 32;
    } while (group & 32);
    if (group & 16) value -= place;
    runs.push(runs.length > 2 ? value + runs[runs.length - 2] : value);
  }
  return runs;
}

/** For each column of a mask that is not empty its rows as [first, behind the last, …]. */
function maskColumns(height, text) {
  const columns = new Map();
  let position = 0;
  let inside = false;
  for (const run of runLengths(text)) {
    const end = position + run;
    for (let at = position; inside && at < end; ) {
      const column = Math.floor(at / height);
      const stop = Math.min(end, (column + 1) * height);
      const rows = columns.get(column) ?? [];
      if (rows.at(-1) === at - column * height) rows.pop();
      else rows.push(at - column * height);
      rows.push(stop - column * height);
      columns.set(column, rows);
      at = stop;
    }
    position = end;
    inside = !inside;
  }
  return columns;
}

/** Borders of a mask along the edges of its pixels, as text of an SVG path. */
function maskPath([height, , text]) {
  const columns = maskColumns(height, text);
  const starts = new Map();
  const addEdge = (x0, y0, x1, y1) => {
    const key = x0 * (height + 1) + y0;
    const ends = starts.get(key);
    if (ends) ends.push([x1, y1]);
    else starts.set(key, [[x1, y1]]);
  };
  const none = [];
  for (const [column, rows] of columns) {
    for (let at = 0; at < rows.length; at += 2) {
      addEdge(column, rows[at], column + 1, rows[at]);
      addEdge(column + 1, rows[at + 1], column, rows[at + 1]);
    }
    addUprights(column, columns.get(column - 1) ?? none, rows, addEdge);
    if (!columns.has(column + 1)) addUprights(column + 1, rows, none, addEdge);
  }
  return joinEdges(starts, height);
}

/** Edges between two neighbouring columns: where just one of them belongs to the mask. */
function addUprights(x, left, right, addEdge) {
  const ends = [...left, ...right].sort((one, other) => one - other);
  let inLeft = false;
  let inRight = false;
  let from = 0;
  let nextLeft = 0;
  let nextRight = 0;
  for (const y of ends) {
    if (y > from && inLeft !== inRight) {
      if (inRight) addEdge(x, y, x, from);
      else addEdge(x, from, x, y);
    }
    from = y;
    if (left[nextLeft] === y) {
      inLeft = !inLeft;
      nextLeft += 1;
    } else if (right[nextRight] === y) {
      inRight = !inRight;
      nextRight += 1;
    }
  }
}

function joinEdges(starts, height) {
  const pieces = [];
  for (const [key, ends] of starts) {
    while (ends.length) {
      const x0 = Math.floor(key / (height + 1));
      const y0 = key - x0 * (height + 1);
      pieces.push(`M${x0} ${y0}`);
      let [x, y] = ends.pop();
      while (x !== x0 || y !== y0) {
        pieces.push(`L${x} ${y}`);
        [x, y] = starts.get(x * (height + 1) + y).pop();
      }
      pieces.push("Z");
    }
  }
  return pieces.join("");
}

function linePath(flat, closed) {
  const points = [];
  for (let at = 0; at < flat.length; at += 2) points.push(`${flat[at]} ${flat[at + 1]}`);
  return `M${points.join("L")}${closed ? "Z" : ""}`;
}

// A line without length has round ends and therefore is a dot, whose size no zoom changes.
function dotPath([x, y]) {
  return `M${x} ${y}h.0001`;
}

/** One annotation as a group of paths. */
function drawAnnotation(annotation) {
  const { color } = data.categories[annotation.c];
  const areas = (annotation.r ?? []).map((ring) => linePath(ring, true));
  if (annotation.m) areas.push(maskPath(annotation.m));
  const lines = [...areas, ...(annotation.l ? [linePath(annotation.l, false)] : [])];
  const points = annotation.p ?? [];
  const edges = (annotation.e ?? []).filter((edge) => edge.every((end) => points[end][2] > 0));
  const group = makeSvg("g", { class: "annotation", "data-annotation": annotation.id });
  // Opacity is that of the group: where two rings overlap, the area is tinted once.
  group.append(makeSvg("g", { class: "fill", fill: color }, ...areas.map((d) => makeSvg("path", { d }))));
  for (const d of lines) {
    if (!areas.length || !areas.includes(d)) group.append(makeSvg("path", { class: "target", d }));
    group.append(makeSvg("path", { class: "casing", d }), makeSvg("path", { class: "stroke", d, stroke: color }));
  }
  for (const [start, end] of edges) {
    const d = linePath([...points[start].slice(0, 2), ...points[end].slice(0, 2)], false);
    const hidden = points[start][2] < 2 || points[end][2] < 2 ? " hidden" : "";
    group.append(makeSvg("path", { class: "casing", d }), makeSvg("path", { class: `stroke${hidden}`, d, stroke: color }));
  }
  for (const point of points.filter(([, , seen]) => seen > 0)) {
    const d = dotPath(point);
    group.append(
      makeSvg("path", { class: "target", d }),
      makeSvg("path", { class: "stroke rim", d }),
      makeSvg("path", { class: "stroke dot", d, stroke: color }),
    );
    if (point[2] < 2) group.append(makeSvg("path", { class: "stroke hole", d }));
  }
  return group;
}

/** Width and height of the sheet on which an image is drawn; those of its annotations if it has none. */
function imageSize(image) {
  if (image.width && image.height) return [image.width, image.height];
  const ends = image.annotations.map(({ box: [x, y, w, h] }) => [x + w, y + h]);
  return [0, 1].map((side) => Math.max(1, ...ends.map((end) => Math.ceil(end[side] * 1.05))));
}

/** The picture of an image, or a plain sheet, and its annotations. */
function drawImage(image, { classOf = () => "" } = {}) {
  const [width, height] = imageSize(image);
  const svg = makeSvg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": image.title ?? image.name });
  if (image.picture) {
    svg.append(makeSvg("image", { class: "picture", href: image.picture, width, height, preserveAspectRatio: "none" }));
  } else {
    svg.append(
      makeSvg("rect", { class: "plain", width, height }),
      makeSvg("path", { class: "plain-lines", d: `M0 0L${width} ${height}M0 ${height}L${width} 0M0 0H${width}V${height}H0Z` }),
    );
  }
  const layer = makeSvg("g", { class: "overlay" });
  const order = image.annotations.map((annotation, index) => ({ annotation, index }));
  // Points and lines lie above areas, small areas above large ones.
  const rank = ({ annotation: { p, l } }) => (p ? 2 : l ? 1 : 0);
  const extent = ({ annotation: { box } }) => box[2] * box[3];
  order.sort((one, other) => rank(one) - rank(other) || extent(other) - extent(one) || one.index - other.index);
  for (const { annotation, index } of order) {
    const group = drawAnnotation(annotation);
    group.dataset.index = index;
    const extra = classOf(annotation);
    if (extra) group.classList.add(extra);
    layer.append(group);
  }
  svg.append(layer);
  return svg;
}
