// The head of the page, its tabs, its keys, and what the address asks for.

const tabs = {
  gallery: { name: "Gallery", show: () => {} },
  statistics: { name: "Statistics", show: () => showStatistics() },
  findings: { name: "Findings", show: () => showFindings(), count: data.findings.total },
  changes: { name: "Changes", show: showChanges },
  files: { name: "Files", show: showFiles },
};
let openTab = "gallery";

const keys = [
  ["/", "search"], ["1 – 5", "go to a tab"], ["arrows", "go from image to image"], ["Enter", "open an image"],
  ["← →", "previous, next image"], ["↑ ↓", "previous, next annotation"], ["z", "zoom to the annotation"],
  ["+ − 0", "zoom in, out, whole image"], ["o", "annotations on or off"], ["n", "names on or off"], ["t", "light or dark"], ["Esc", "close"],
];

function showHead() {
  const { counts, id, profile, layout, date } = data.export;
  const facts = [`COCO export ${id}`, `profile ${profile}`, layout && `layout ${layout}`, date && `labels as of ${date.slice(0, 10)}`];
  byId("subtitle").textContent = facts.filter(Boolean).join(" · ");
  const before = new Map((data.changes?.counts ?? []).map(([name, old]) => [name, old]));
  const cards = ["images", "annotations", "categories", "skipped", "rejected"].map((name) => {
    const value = counts[name] ?? 0;
    const old = before.get(name);
    const change = old === undefined || old === value ? null : make("span", { class: "delta" }, `${value > old ? "+" : "−"}${number(Math.abs(value - old))}`);
    return make("div", { class: `number-card ${name === "rejected" && value ? "bad" : ""}` }, make("b", {}, number(value), change), make("span", {}, name));
  });
  byId("numbers").replaceChildren(...cards);
}

function showTabs() {
  const buttons = Object.entries(tabs).map(([name, tab]) =>
    make("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": name, "aria-selected": String(name === openTab), tabindex: name === openTab ? 0 : -1, onclick: () => goTo(name) },
      tab.name, tab.count ? make("span", { class: "count" }, number(tab.count)) : null));
  byId("tabs").replaceChildren(...buttons);
}

function goTo(name) {
  openTab = name;
  showTabs();
  for (const other of Object.keys(tabs)) byId(other).hidden = other !== name;
  tabs[name].show();
  history.replaceState(null, "", `#${name}`);
}

function showCategory(at) {
  resetFilters();
  filters.categories.add(at);
  buildFilters(showGallery);
  goTo("gallery");
  showGallery();
  scrollTo(0, 0);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  if (openTab === "statistics") showStatistics(byId("statistics-category").value);
}

function toggleTheme() {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  setTheme(theme);
  try {
    localStorage.setItem("coco-dagster-theme", theme);
  } catch {
    // A browser may keep nothing for pages from disk.
  }
}

function firstTheme() {
  try {
    const chosen = localStorage.getItem("coco-dagster-theme");
    if (chosen) return chosen;
  } catch {
    // As above.
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function showHelp() {
  const help = byId("help");
  help.replaceChildren(make("h2", {}, "Keys"), make("table", {}, make("tbody", {}, ...keys.map(([key, what]) => make("tr", {}, make("td", {}, make("kbd", {}, key)), make("td", {}, what))))),
    make("p", {}), make("button", { type: "button", onclick: () => help.close() }, "Close"));
  help.showModal();
}

const viewerKeys = {
  ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => chooseNext(-1), ArrowDown: () => chooseNext(1),
  z: zoomToAnnotation, "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: fitView,
  o: () => toggleView("overlay"), n: () => toggleView("names"),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  if (event.key === "t") toggleTheme();
  else if (event.key === "?") showHelp();
  else if (byId("viewer").open) {
    if (!viewerKeys[event.key]) return;
    viewerKeys[event.key]();
  } else if (event.key === "/") {
    goTo("gallery");
    byId("filters").open = true;
    byId("search").focus();
  } else if (event.key >= "1" && event.key <= "5") goTo(Object.keys(tabs)[Number(event.key) - 1]);
  else if (event.target.matches('[role="tab"]') && /Arrow(Left|Right)/.test(event.key)) {
    const names = Object.keys(tabs);
    goTo(names[(names.indexOf(openTab) + (event.key === "ArrowRight" ? 1 : names.length - 1)) % names.length]);
    byId(`tab-${openTab}`).focus();
  } else if (event.key.startsWith("Arrow") && openTab === "gallery") moveInGallery(event.key);
  else return;
  event.preventDefault();
}

function openAddress() {
  const [, image, annotation] = location.hash.match(/^#image-(\d+)(?:\.(\d+))?$/) ?? [];
  if (image !== undefined && data.images[Number(image)]) openViewer(Number(image), annotation === undefined ? -1 : Number(annotation));
  else if (tabs[location.hash.slice(1)]) goTo(location.hash.slice(1));
}

setTheme(firstTheme());
byId("filters").open = matchMedia("(min-width: 801px)").matches;
showHead();
showTabs();
buildFilters(showGallery);
showGallery();
startViewer();
byId("theme").onclick = toggleTheme;
byId("keys").onclick = showHelp;
byId("nothing-reset").onclick = () => { resetFilters(); buildFilters(showGallery); showGallery(); };
document.addEventListener("keydown", onKey);
addEventListener("hashchange", openAddress);
openAddress();
document.documentElement.dataset.ready = "true";
