// The gallery: a card for each image, drawn when it comes into view.

let shownImages = [];

const drawWhenSeen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      drawWhenSeen.unobserve(target);
      const image = data.images[Number(target.dataset.image)];
      target.append(drawImage(image, { classOf: filtersAnnotations() ? (annotation) => (annotationFits(annotation) ? "" : "dim") : undefined }));
    }
  },
  { rootMargin: "400px" },
);

function caption(image) {
  const facts = [];
  if (image.type !== "image" || image.frame > 0) facts.push(`frame ${image.frame}`);
  if (image.width && image.height) facts.push(`${image.width} × ${image.height}`);
  if (image.split) facts.push(image.split);
  return facts.join(" · ");
}

function categoryChips(image) {
  const counts = tally(image.annotations.map((annotation) => annotation.c));
  const chips = counts.slice(0, 4).map(([at, count]) =>
    make("span", { class: "chip" }, swatch(data.categories[at]), make("span", { class: "ellipsis" }, data.categories[at].name + (count > 1 ? ` ×${count}` : ""))),
  );
  if (counts.length > 4) chips.push(make("span", { class: "quiet" }, `+${counts.length - 4}`));
  if (!counts.length) chips.push(make("span", { class: "quiet" }, "no annotations"));
  return make("span", { class: "chips" }, ...chips);
}

function badges(image) {
  const texts = (image.codes ?? []).map((code) => {
    const known = data.findings.codes.find((entry) => entry.code === code);
    return make("span", { class: `badge ${known?.severity ?? ""}` }, code.replaceAll("_", " "));
  });
  if (image.change) texts.push(make("span", { class: "badge good" }, image.change));
  return texts.length ? make("span", { class: "chips" }, ...texts) : null;
}

function card(at) {
  const image = data.images[at];
  const frame = make("span", { class: "frame", "data-image": at });
  drawWhenSeen.observe(frame);
  return make(
    "button",
    { type: "button", class: "card", "data-card": at, onclick: () => openViewer(at) },
    frame,
    make(
      "span",
      { class: "caption" },
      make("strong", { class: "ellipsis", title: image.title ?? image.name }, image.title ?? image.name),
      make("span", { class: "quiet" }, caption(image)),
      categoryChips(image),
      badges(image),
    ),
  );
}

function showGallery() {
  shownImages = data.images.flatMap((image, at) => (imageFits(image, at) ? [at] : []));
  drawWhenSeen.disconnect();
  byId("cards").replaceChildren(...shownImages.map(card));
  byId("nothing").hidden = shownImages.length > 0 || !data.images.length;
  const active = activeFilters();
  byId("filtered").hidden = !active;
  byId("filtered").textContent = active;
  byId("shown").textContent = shownText();
}

function shownText() {
  const { images, of } = data.shown;
  const fitting = shownImages.length < images ? `${number(shownImages.length)} of ${plural(images, "image")}` : plural(images, "image");
  if (!of) return "The export has no images.";
  if (images >= of) return `${fitting}, all that the export holds.`;
  return (
    `${fitting} of the ${number(of)} that the export holds: some for each category and each kind of finding, the others a ` +
    "fair sample. The same export always shows the same ones. Statistics count all images."
  );
}

/** Arrow keys go from card to card as they lie on the page. */
function moveInGallery(key) {
  const cards = [...document.querySelectorAll(".card")];
  if (!cards.length) return;
  const at = cards.indexOf(document.activeElement);
  const columns = Math.max(1, cards.filter((other) => other.offsetTop === cards[0].offsetTop).length);
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[key];
  const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), cards.length - 1);
  cards[next].focus();
}
