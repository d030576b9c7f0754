// Findings, changes and files, as texts and tables.

function findingBlock(row, withPlace) {
  const at = data.images.findIndex((image) => image.unit === row.data_hash && image.frame === row.frame);
  const title = at >= 0 ? data.images[at].title ?? data.images[at].name : undefined;
  const place = [title, row.frame > 0 && `frame ${row.frame}`].filter(Boolean).join(", ");
  return make("div", { class: "finding" },
    make("span", { class: `badge ${row.severity}` }, row.outcome), " ", make("strong", {}, row.code.replaceAll("_", " ")),
    withPlace && at >= 0 ? make("button", { type: "button", class: "copy", onclick: () => openViewer(at) }, "show image") : null,
    make("p", {}, row.message),
    withPlace && place ? make("p", { class: "quiet" }, place) : null,
    row.path ? make("p", {}, copyable(row.path)) : null,
    make("p", { class: "quiet" }, [row.label_hash && `label row ${row.label_hash}`, row.data_hash && `data ${row.data_hash}`, row.object_hash && `object ${row.object_hash}`].filter(Boolean).join(" · ")),
    row.raw ? make("details", {}, make("summary", {}, "Fragment of the label"), make("pre", {}, row.raw)) : null,
  );
}

function showFindings(code = "") {
  const { codes, rows, total } = data.findings;
  if (!total) {
    byId("findings").replaceChildren(make("p", { class: "notice" }, "Nothing was skipped, rejected or mended: every label is an annotation as it was drawn."));
    return;
  }
  const picker = make("select", { id: "finding-code", "aria-label": "Kind of finding" }, make("option", { value: "" }, "All kinds"));
  for (const name of new Set(codes.map((entry) => entry.code))) picker.append(make("option", { value: name }, name.replaceAll("_", " ")));
  picker.value = code;
  picker.addEventListener("change", () => showFindings(picker.value));
  const shown = rows.filter((row) => !code || row.code === code);
  const counts = codes.map((entry) => [make("span", { class: `badge ${entry.severity}` }, entry.outcome), entry.code.replaceAll("_", " "), entry.count]);
  byId("findings").replaceChildren(
    make("div", { class: "block" }, table(["Outcome", "Finding", "#Times"], counts)),
    make("div", { class: "picker" }, picker, make("span", { class: "quiet" }, rows.length < total ? `${number(rows.length)} of ${number(total)} are on this page, some of each kind; findings.parquet holds all.` : "")),
    ...shown.map((row) => findingBlock(row, true)),
  );
}

function delta(before, after) {
  const difference = after - before;
  return make("span", { class: difference ? "changed" : "quiet" }, `${difference > 0 ? "+" : difference < 0 ? "−" : "±"}${number(Math.abs(difference))}`);
}

function deltaTable(name, rows) {
  return table([name, "#Before", "#Now", "#Change"], rows.map(([text, before, after]) => [text, before, after, delta(before, after)]));
}

function rowChanges(title, { count, titles }) {
  if (!count) return null;
  const rest = count - titles.length;
  return make("details", { open: count <= 12 }, make("summary", {}, `${plural(count, "label row")} ${title}`),
    make("ul", {}, ...titles.map((text) => make("li", {}, text)), rest ? make("li", { class: "quiet" }, `and ${number(rest)} more`) : null));
}

function showChanges() {
  const { changes } = data;
  const block = (title, ...children) => make("div", { class: "block" }, make("h2", {}, title), ...children);
  if (!changes) {
    byId("changes").replaceChildren(make("p", { class: "notice" }, "There was no earlier export to compare with."));
    return;
  }
  const { added, removed, edited } = changes.rows;
  const same = !added.count && !removed.count && !edited.count;
  byId("changes").replaceChildren(...[
    make("p", { class: "quiet" }, `Since export ${changes.since}.`),
    block("Numbers", deltaTable("", changes.counts.map(([name, ...counts]) => [name, ...counts]))),
    block("Labels",
      make("p", {}, `${plural(changes.annotations_added, "annotation")} of new objects or frames, ${number(changes.annotations_removed)} gone.`),
      same ? make("p", { class: "quiet" }, "The label rows are the same.") : null,
      rowChanges("added", added), rowChanges("edited", edited), rowChanges("removed", removed)),
    changes.categories.length ? block("Annotations by category", deltaTable("Category", changes.categories.map(([name, shape, ...counts]) => [`${name} (${shapeName(shape)})`, ...counts]))) : null,
    changes.findings.length ? block("Findings", deltaTable("Finding", changes.findings.map(([name, ...counts]) => [name.replaceAll("_", " "), ...counts]))) : null,
    changes.settings.length ? block("Settings", table(["Setting", "Before", "Now"], changes.settings.map((row) => row.map((value, at) => (at ? JSON.stringify(value) ?? "—" : value))))) : null,
  ].filter(Boolean));
}

function showFiles() {
  const { files, id } = data.export;
  byId("files").replaceChildren(
    make("p", { class: "quiet" }, `Export ${id}. The same labels and settings give the same bytes.`),
    make("div", { class: "block" }, table(["File", "#Size", "#Images", "#Annotations", "SHA-256"],
      files.map((file) => [file.path, bytes(file.bytes), file.images ?? "", file.annotations ?? "", make("code", {}, file.sha256)]))),
  );
}
