// Beside the image: its annotations, and the facts of the chosen one down to its raw label.

function factTable(rows) {
  const known = rows.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return make("table", {}, make("tbody", {}, ...known.map(([name, value]) => make("tr", {}, make("th", {}, name), make("td", {}, typeof value === "number" ? number(value) : value)))));
}

function answerRows(answers) {
  return Object.entries(answers ?? {}).map(([name, value]) => [name, answerText(value)]);
}

function showPanel() {
  const image = data.images[view.image];
  const rows = image.annotations.map((annotation, index) => [annotation, index]).filter(([annotation]) => !filtersAnnotations() || annotationFits(annotation));
  const hidden = image.annotations.length - rows.length;
  const found = data.findings.rows.filter((row) => row.data_hash === image.unit && row.frame === image.frame);
  byId("panel").replaceChildren(
    make("h2", {}, plural(rows.length, "annotation")),
    make("p", { class: "quiet", hidden: !(hidden || image.more) },
      [hidden && `${hidden} do not fit the filters.`, image.more && `${number(image.more)} more are not on this page.`].filter(Boolean).join(" ")),
    make("ul", { class: "rows" }, ...rows.map(([annotation, index]) => annotationRow(annotation, index))),
    ...(found.length ? [make("h2", {}, "Findings"), ...found.map((row) => findingBlock(row, false))] : []),
    ...(image.answers ? [make("h2", {}, "Classifications"), factTable(answerRows(image.answers))] : []),
    make("h2", {}, "Image"),
    factTable([
      ["File name", copyable(image.name)],
      ["Id", `${image.id} in ${image.file}`],
      ["Size", image.width && image.height ? `${image.width} × ${image.height}` : "not known"],
      ["Dataset", image.dataset],
      ["Split", image.split],
      ["Data", image.type],
      ["Frame", image.frame],
      ["Data hash", copyable(image.unit)],
      ["Label row", image.row && copyable(image.row)],
    ]),
  );
}

function annotationRow(annotation, index) {
  const category = data.categories[annotation.c];
  const chosen = index === view.annotation;
  // In a single image every object is a track of its own, and its number tells nothing.
  const moves = annotation.track !== undefined && data.images[view.image].type !== "image";
  const facts = [moves && `track ${annotation.track}`, annotation.manual === false && "model"].filter(Boolean);
  const row = make("button", { type: "button", class: "row", "aria-expanded": String(chosen), onclick: () => choose(index) },
    swatch(category), make("span", { class: "ellipsis" }, category.name), make("span", { class: "quiet" }, facts.join(" · ")));
  return make("li", {}, row, chosen ? annotationFacts(annotation) : null);
}

function annotationFacts(annotation) {
  const category = data.categories[annotation.c];
  const origin = annotation.origin ?? {};
  const answers = answerRows(annotation.answers);
  const [x, y, width, height] = annotation.box.map((value) => number(Math.round(value * 10) / 10));
  return make("div", { class: "facts", id: "facts" },
    factTable([
      ["Shape", shapeName(category.shape)],
      ["Box", `${width} × ${height} at ${x}, ${y}`],
      ["Area", annotation.area ? `${number(Math.round(annotation.area))} px²` : undefined],
      ["Rotation", annotation.rotation === undefined ? undefined : `${number(annotation.rotation)}°`],
      ["Track", trackLinks(annotation)],
      ["Made by", [annotation.manual === false ? "a model" : undefined, origin.created_by, origin.created_at].filter(Boolean).join(", ")],
      ["Edited by", [origin.last_edited_by, origin.last_edited_at].filter(Boolean).join(", ")],
      ["Confidence", origin.confidence === 1 && annotation.manual !== false ? undefined : origin.confidence],
      ...Object.entries(annotation.relations ?? {}).map(([name, value]) => [name.replace(/^#/, "→ "), answerText(value)]),
    ]),
    ...(annotation.p && category.points ? [make("details", { class: "more" }, make("summary", {}, "Points"), factTable(category.points.map((name, at) => [name, pointText(annotation.p[at])])))] : []),
    ...(answers.length ? [make("h2", {}, "Answers"), factTable(answers)] : []),
    make("h2", {}, "Way back to the label"),
    factTable([
      ["Source", origin.source_file === undefined ? undefined : `${origin.source_file}, row ${origin.source_index + 1}`],
      ["JSON path", origin.path && copyable(origin.path)],
      ["Label row", origin.label_hash && copyable(origin.label_hash)],
      ["Object", annotation.object && copyable(annotation.object)],
      ["SHA-256", origin.row_sha256 && make("code", {}, origin.row_sha256)],
      ["Annotation", `${annotation.id} in ${data.images[view.image].file}`],
    ]),
  );
}

function pointText(point) {
  if (!point || point[2] === 0) return "not labelled";
  return `${number(point[0])}, ${number(point[1])}${point[2] === 1 ? ", hidden" : ""}`;
}

/** The number of the track, and a way to the images around that show it. */
function trackLinks(annotation) {
  if (annotation.track === undefined) return undefined;
  const places = data.images.flatMap((image, at) => image.annotations.flatMap((other, index) => (other.object === annotation.object && other.track === annotation.track ? [[at, index]] : [])));
  if (places.length < 2) return String(annotation.track);
  const here = places.findIndex(([at]) => at === view.image);
  const link = (place, text) => make("button", { type: "button", class: "copy", disabled: !place, onclick: () => openViewer(...place) }, text);
  return make("span", {}, `${annotation.track}, on ${places.length} images here`, link(places[here - 1], "before"), link(places[here + 1], "next"));
}
