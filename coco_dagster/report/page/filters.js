// Which images and annotations are shown: the state of the filters, and the form that sets it.

const filters = { text: "", categories: new Set(), shapes: new Set(), attribute: "", answer: "", maker: "", split: "", unit: "", finding: "", change: "" };

/** Answers of an annotation as [name, text], nested ones included. */
function flatAnswers(answers) {
  return Object.entries(answers ?? {}).flatMap(([name, value]) => {
    const nested = value && typeof value === "object" && !Array.isArray(value);
    const own = nested ? value.answer : value;
    const texts = Array.isArray(own) ? own.map(answerText) : [answerText(own ?? null)];
    return [...texts.map((text) => [name, text]), ...(nested ? flatAnswers(value.attributes) : [])];
  });
}

function makerOf(annotation) {
  return annotation.origin?.created_by ?? "";
}

/** Texts in which the search looks, in small letters. */
function searchable(image) {
  const texts = [image.title, image.name, image.unit, image.row, image.dataset, String(image.id), ...flatAnswers(image.answers).flat()];
  for (const annotation of image.annotations) {
    const category = data.categories[annotation.c];
    texts.push(category.name, String(annotation.id), annotation.object, makerOf(annotation), ...flatAnswers(annotation.answers).flat());
    if (annotation.track !== undefined) texts.push(`track ${annotation.track}`);
  }
  return texts.filter(Boolean).join("\n").toLowerCase();
}

const searchTexts = data.images.map(searchable);

function hasAnswer(answers) {
  return flatAnswers(answers).some(([name, text]) => name === filters.attribute && (!filters.answer || text === filters.answer));
}

/** Whether a filter speaks of single annotations. */
function filtersAnnotations() {
  return Boolean(filters.categories.size || filters.shapes.size || filters.attribute || filters.maker);
}

function annotationFits(annotation) {
  const category = data.categories[annotation.c];
  if (filters.categories.size && !filters.categories.has(annotation.c)) return false;
  if (filters.shapes.size && !filters.shapes.has(category.shape)) return false;
  if (filters.maker && filters.maker !== makerName(annotation)) return false;
  return !filters.attribute || hasAnswer(annotation.answers);
}

function makerName(annotation) {
  return makerOf(annotation) || (annotation.manual === false ? "a model" : "");
}

function imageFits(image, at) {
  const words = filters.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.every((word) => searchTexts[at].includes(word))) return false;
  if (filters.split && image.split !== filters.split) return false;
  if (filters.unit && image.unit !== filters.unit) return false;
  if (filters.finding && !(image.codes ?? []).some((code) => filters.finding === "*" || code === filters.finding)) return false;
  if (filters.change && image.change !== filters.change) return false;
  if (!filtersAnnotations()) return true;
  const onlyAttribute = !filters.categories.size && !filters.shapes.size && !filters.maker;
  if (onlyAttribute && hasAnswer(image.answers)) return true;
  return image.annotations.some(annotationFits);
}

function activeFilters() {
  const single = [filters.text, filters.attribute, filters.maker, filters.split, filters.unit, filters.finding, filters.change];
  return filters.categories.size + filters.shapes.size + single.filter(Boolean).length;
}

function resetFilters() {
  filters.categories.clear();
  filters.shapes.clear();
  Object.assign(filters, { text: "", attribute: "", answer: "", maker: "", split: "", unit: "", finding: "", change: "" });
}

/** How often each value occurs, the most frequent first. */
function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1] || String(one[0]).localeCompare(String(other[0])));
}

function buildFilters(onchange) {
  const form = byId("filter-form");
  const annotations = data.images.flatMap((image) => image.annotations);
  const perCategory = new Map(tally(annotations.map((annotation) => annotation.c)));
  const categories = data.categories.map((category, at) => [at, perCategory.get(at) ?? 0]).filter(([, count]) => count);
  const shapes = tally(annotations.map((annotation) => data.categories[annotation.c].shape));
  form.replaceChildren(
    searchField(onchange),
    choices("Category", categories, filters.categories, (at) => [swatch(data.categories[at]), data.categories[at].name], onchange),
    choices("Shape", shapes, filters.shapes, (shape) => [shapeName(shape)], onchange),
    ...attributeFields(annotations, onchange),
    select("Made by", "maker", tally(annotations.map(makerName).filter(Boolean)), onchange),
    select("Split", "split", tally(data.images.map((image) => image.split).filter(Boolean)), onchange),
    select("Data unit", "unit", unitOptions(), onchange),
    select("Finding", "finding", findingOptions(), onchange),
    select("Since the last export", "change", changeOptions(), onchange),
    make("button", { type: "button", id: "reset", onclick: () => { resetFilters(); buildFilters(onchange); onchange(); } }, "Reset"),
  );
  form.addEventListener("submit", (event) => event.preventDefault());
}

function searchField(onchange) {
  const field = make("input", { type: "search", id: "search", placeholder: "Search ( / )", title: "Titles, names, hashes, answers", value: filters.text, "aria-label": "Search" });
  field.addEventListener("input", () => {
    filters.text = field.value;
    onchange();
  });
  return make("fieldset", {}, field);
}

function choices(title, options, chosen, describe, onchange) {
  const fields = options.map(([value, count]) => {
    const box = make("input", { type: "checkbox", checked: chosen.has(value), "data-value": value });
    box.addEventListener("change", () => {
      if (box.checked) chosen.add(value);
      else chosen.delete(value);
      onchange();
    });
    const [first, ...rest] = describe(value);
    const name = make("span", { class: "ellipsis" }, rest.length ? rest[0] : first);
    return make("label", { class: "choice" }, box, rest.length ? first : null, name, make("span", { class: "quiet" }, number(count)));
  });
  const list = make("div", { class: "choices", "data-filter": title.toLowerCase() }, ...fields);
  return make("fieldset", { hidden: !fields.length }, make("legend", {}, title), list);
}

function select(title, key, options, onchange) {
  const field = make("select", { id: `filter-${key}` }, make("option", { value: "" }, "All"));
  for (const [value, count, text] of options) field.append(make("option", { value }, `${text ?? value} (${number(count)})`));
  field.value = filters[key];
  field.addEventListener("change", () => {
    filters[key] = field.value;
    onchange();
  });
  const fieldset = make("fieldset", {}, make("label", { class: "label", for: field.id }, title), field);
  // One value for all is no choice, but for what is the exception.
  fieldset.hidden = options.length < (["finding", "change", "attribute", "answer"].includes(key) ? 1 : 2);
  return fieldset;
}

function attributeFields(annotations, onchange) {
  const owners = [...annotations, ...data.images];
  const names = tally(owners.flatMap((owner) => [...new Set(flatAnswers(owner.answers).map(([name]) => name))]));
  const answersOf = (name) => tally(owners.flatMap((owner) => flatAnswers(owner.answers).filter(([own]) => own === name).map(([, text]) => text)));
  const answers = make("div", {});
  const showAnswers = () => answers.replaceChildren(select("Answer", "answer", filters.attribute ? answersOf(filters.attribute) : [], onchange));
  const attribute = select("Attribute", "attribute", names, () => {
    filters.answer = "";
    showAnswers();
    onchange();
  });
  showAnswers();
  return [attribute, answers];
}

function unitOptions() {
  const titles = new Map(data.images.map((image) => [image.unit, image.title ?? image.name]));
  const counts = new Map(tally(data.images.map((image) => image.unit)));
  const options = [...counts].map(([unit, count]) => [unit, count, titles.get(unit)]);
  return options.sort((one, other) => one[2].localeCompare(other[2]));
}

function findingOptions() {
  const codes = tally(data.images.flatMap((image) => image.codes ?? []));
  const any = data.images.filter((image) => image.codes).length;
  return codes.length > 1 ? [["*", any, "Any"], ...codes] : codes;
}

function changeOptions() {
  const texts = { new: "New label rows", edited: "Edited label rows" };
  return tally(data.images.map((image) => image.change).filter(Boolean)).map(([value, count]) => [value, count, texts[value]]);
}
