// One image at full size: zoom, names, and the facts of each annotation.

const view = { image: -1, annotation: -1, svg: null, x: 0, y: 0, scale: 1, names: true, overlay: true };

function openViewer(at, annotation = -1) {
  view.image = at;
  view.annotation = -1;
  const viewer = byId("viewer");
  if (!viewer.open) viewer.showModal();
  const image = data.images[at];
  byId("viewer-title").textContent = image.title ?? image.name;
  const place = shownImages.indexOf(at);
  byId("viewer-place").textContent = `${caption(image)} · ${place < 0 ? "" : `${place + 1} of ${shownImages.length}`}`;
  view.svg = drawImage(image, { classOf: filtersAnnotations() ? (own) => (annotationFits(own) ? "" : "dim") : undefined });
  view.svg.addEventListener("click", (event) => {
    const group = event.target.closest(".annotation");
    if (group && !view.dragged) choose(Number(group.dataset.index));
  });
  byId("stage").replaceChildren(view.svg, make("div", { class: "names" }));
  showPanel();
  fitView();
  if (annotation >= 0) choose(annotation);
  else remember();
}

function closeViewer() {
  byId("viewer").close();
}

function step(by) {
  const place = shownImages.indexOf(view.image);
  const next = shownImages[place + by];
  if (next !== undefined) openViewer(next);
}

/** The address names what is open, so that it can be sent to somebody. */
function remember() {
  const annotation = view.annotation >= 0 ? `.${view.annotation}` : "";
  history.replaceState(null, "", `#image-${view.image}${annotation}`);
}

function fitView() {
  const [width, height] = imageSize(data.images[view.image]);
  const stage = byId("stage");
  const margin = 0.94;
  view.scale = Math.min((stage.clientWidth * margin) / width, (stage.clientHeight * margin) / height) || 1;
  view.x = width / 2;
  view.y = height / 2;
  applyView();
}

function applyView() {
  const stage = byId("stage");
  const [width, height] = [stage.clientWidth / view.scale, stage.clientHeight / view.scale];
  view.svg.setAttribute("viewBox", `${view.x - width / 2} ${view.y - height / 2} ${width} ${height}`);
  view.svg.querySelector(".overlay").style.display = view.overlay ? "" : "none";
  placeNames();
}

/** Zoom by a factor; what lies under (x, y), pixels of the stage, stays where it is. */
function zoom(factor, x = byId("stage").clientWidth / 2, y = byId("stage").clientHeight / 2) {
  const stage = byId("stage");
  const scale = Math.min(Math.max(view.scale * factor, 0.02), 64);
  const [dx, dy] = [x - stage.clientWidth / 2, y - stage.clientHeight / 2];
  view.x += dx / view.scale - dx / scale;
  view.y += dy / view.scale - dy / scale;
  view.scale = scale;
  applyView();
}

function zoomToAnnotation() {
  const annotation = data.images[view.image].annotations[view.annotation];
  if (!annotation) return;
  const [x, y, width, height] = annotation.box;
  const stage = byId("stage");
  const side = Math.max(width, height, 16) * 2;
  view.scale = Math.min(stage.clientWidth, stage.clientHeight) / side;
  view.x = x + width / 2;
  view.y = y + height / 2;
  applyView();
}

/** Names beside their annotations, none on another; the chosen one first, then the larger ones. */
function placeNames() {
  const layer = byId("stage").querySelector(".names");
  layer.replaceChildren();
  if (!view.names || !view.overlay) return;
  const stage = byId("stage");
  const image = data.images[view.image];
  const taken = [];
  const order = image.annotations.map((annotation, index) => ({ annotation, index }));
  order.sort((one, other) => (other.index === view.annotation) - (one.index === view.annotation) || other.annotation.area - one.annotation.area);
  for (const { annotation } of order) {
    if (filtersAnnotations() && !annotationFits(annotation)) continue;
    const category = data.categories[annotation.c];
    const tag = make("span", { class: "name", color: category.color }, category.name);
    tag.style.color = inkOn(category.color);
    layer.append(tag);
    const place = freePlace(annotation.box.map((value) => value), [tag.offsetWidth, tag.offsetHeight], stage, taken);
    if (!place) {
      tag.remove();
      continue;
    }
    taken.push(place);
    tag.style.left = `${place[0]}px`;
    tag.style.top = `${place[1]}px`;
  }
}

function freePlace([x, y, width, height], [w, h], stage, taken) {
  const left = (x - view.x) * view.scale + stage.clientWidth / 2;
  const top = (y - view.y) * view.scale + stage.clientHeight / 2;
  const [right, bottom] = [left + width * view.scale, top + height * view.scale];
  if (right < 0 || bottom < 0 || left > stage.clientWidth || top > stage.clientHeight) return null;
  const corners = [[left, top - h - 2], [left, bottom + 2], [left, top], [right - w, top - h - 2], [right + 3, top], [left - w - 3, top]];
  for (const corner of corners) {
    const x0 = Math.min(Math.max(corner[0], 0), stage.clientWidth - w);
    const y0 = Math.min(Math.max(corner[1], 0), stage.clientHeight - h);
    if (!taken.some(([ox, oy, ow, oh]) => x0 < ox + ow && ox < x0 + w && y0 < oy + oh && oy < y0 + h)) return [x0, y0, w, h];
  }
  return null;
}

/** Black or white, whichever is read better on a colour (relative luminance of WCAG 2). */
function inkOn(color) {
  const parts = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = parts.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function choose(index) {
  view.annotation = view.annotation === index ? -1 : index;
  for (const group of view.svg.querySelectorAll(".annotation")) {
    group.classList.toggle("chosen", Number(group.dataset.index) === view.annotation);
  }
  const chosen = view.svg.querySelector(".annotation.chosen");
  // What is chosen lies above what overlaps it.
  if (chosen) chosen.parentNode.append(chosen);
  showPanel();
  placeNames();
  remember();
  byId("panel").querySelector("[aria-expanded=true]")?.scrollIntoView({ block: "nearest" });
}

function chooseNext(by) {
  const { annotations } = data.images[view.image];
  if (!annotations.length) return;
  const next = view.annotation < 0 ? (by > 0 ? 0 : annotations.length - 1) : (view.annotation + by + annotations.length) % annotations.length;
  if (next !== view.annotation) choose(next);
}

function startViewer() {
  const stage = byId("stage");
  let from = null;
  stage.addEventListener("pointerdown", (event) => {
    from = [event.clientX, event.clientY];
    view.dragged = false;
  });
  stage.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
    if (!view.dragged && Math.hypot(dx, dy) < 4) return;
    view.dragged = true;
    stage.setPointerCapture(event.pointerId);
    view.x -= dx / view.scale;
    view.y -= dy / view.scale;
    from = [event.clientX, event.clientY];
    applyView();
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => (from = null));
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { left, top } = stage.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
  }, { passive: false });
  stage.addEventListener("dblclick", zoomToAnnotation);
  new ResizeObserver(() => view.svg && byId("viewer").open && fitView()).observe(stage);
  byId("previous").onclick = () => step(-1);
  byId("next").onclick = () => step(1);
  byId("zoom-in").onclick = () => zoom(1.5);
  byId("zoom-out").onclick = () => zoom(1 / 1.5);
  byId("zoom-fit").onclick = fitView;
  byId("close").onclick = closeViewer;
  byId("toggle-overlay").onclick = () => toggleView("overlay");
  byId("toggle-names").onclick = () => toggleView("names");
  byId("viewer").addEventListener("close", () => {
    history.replaceState(null, "", "#gallery");
    document.querySelector(`[data-card="${view.image}"]`)?.focus();
  });
}

function toggleView(what) {
  view[what] = !view[what];
  byId(`toggle-${what}`).setAttribute("aria-pressed", view[what]);
  applyView();
}
