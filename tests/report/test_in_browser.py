"""`report.html` in a browser: what it shows, and what a click or a key does."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from coco_dagster.coco.settings import settings_from
from coco_dagster.report.report import report_export
from coco_dagster.report.settings import ReportSettings
from tests.exports import Export, export_rows
from tests.label_rows import HEIGHT, JSON, WIDTH, image_unit, label_row
from tests.objects import bitmask, box, every_shape, point, polygons, rectangle, skeleton
from tests.ontologies import ontology, template
from tests.report.browser import Browser, Page
from tests.report.conftest import Reported
from tests.report.test_page import page_of_evil_labels

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

READY = "document.documentElement.dataset.ready === 'true'"
LARGEST_LOAD_MILLISECONDS = 2000


@pytest.fixture(scope="module")
def tab(browser: Browser, sample_report: Reported) -> Iterator[Page]:
    """The report on the sample."""
    with browser.page("about:blank") as page:
        page.prefer("light")
        page.open(sample_report.page.as_uri())
        page.wait(READY)
        yield page


@pytest.fixture
def page(tab: Page) -> Page:
    """The report on the sample as it looks when it was just opened."""
    tab.run("location.hash = ''")
    tab.reload()
    tab.wait(READY)
    return tab


def cards(page: Page) -> list[str]:
    """Titles of the images that the gallery shows, drawn already or not."""
    query = "[...document.querySelectorAll('.card strong')].map((title) => title.textContent)"
    titles: list[str] = page.run(query)
    return titles


def check(page: Page, filter_name: str, text: str) -> None:
    """Tick a box of a filter by its text."""
    page.run(
        f"""[...document.querySelectorAll('[data-filter={filter_name}] .choice')]
        .find((label) => label.querySelector('.ellipsis').innerText === {json.dumps(text)})
        .querySelector('input').click()"""
    )


def choose(page: Page, select: str, value: str) -> None:
    """Choose an option of a list."""
    page.run(
        f"""(() => {{
            const field = document.getElementById({json.dumps(select)});
            field.value = {json.dumps(value)};
            if (field.value !== {json.dumps(value)}) throw new Error('there is no such option');
            field.dispatchEvent(new Event('change'));
        }})()"""
    )


def test_the_report_opens_fast_without_a_network(page: Page) -> None:
    assert page.run("performance.now()") > 0
    timing = page.run("performance.getEntriesByType('navigation')[0].domComplete")
    assert timing < LARGEST_LOAD_MILLISECONDS
    assert page.complaints() == []


def test_every_image_is_in_the_gallery(page: Page) -> None:
    assert len(cards(page)) == 24
    assert page.text("#shown") == "24 images, all that the export holds."
    assert page.texts(".number-card")[:2] == ["24\nimages", "130\nannotations"]


def test_every_annotation_is_drawn_in_the_colour_of_its_category(page: Page) -> None:
    page.run("document.querySelectorAll('.card').forEach((card) => card.scrollIntoView())")
    page.wait("document.querySelectorAll('.card svg').length === 24")
    assert page.run("document.querySelectorAll('.card .annotation').length") == 130
    colors = page.run(
        """[...new Set([...document.querySelectorAll('.card .fill')]
        .map((group) => group.getAttribute('fill')))]"""
    )
    ontology_file = Path("definitions/sample/ontology.json")
    nodes = json.loads(ontology_file.read_text())
    known = {node["color"] for node in nodes.get("editor", nodes)["objects"]}
    assert len(colors) > 20
    assert set(colors) <= known


def test_a_category_filters_the_gallery(page: Page) -> None:
    check(page, "category", "Rocket")
    assert cards(page) == ["pad-overview.jpg", "pad-rocket.jpg"]
    assert page.text("#shown").startswith("2 of 24 images")
    check(page, "category", "Coin")
    assert len(cards(page)) == 3
    assert page.text("#filtered") == "2"


def test_annotations_that_do_not_fit_the_filter_are_dimmed(page: Page) -> None:
    check(page, "category", "Rocket")
    page.wait("document.querySelectorAll('.card svg').length === 2")
    assert page.run("document.querySelectorAll('.card .annotation:not(.dim)').length") == 2


def test_a_shape_filters_the_gallery(page: Page) -> None:
    check(page, "shape", "circle")
    assert set(cards(page)) == {"coins-of-pompeii.jpg", "chest-phantom"}


def test_an_attribute_and_its_answer_filter_the_gallery(page: Page) -> None:
    choose(page, "filter-attribute", "Vessel type")
    assert len(cards(page)) == 8
    choose(page, "filter-answer", "Pilot boat")
    assert 0 < len(cards(page)) < 8


def test_a_data_unit_filters_the_gallery(page: Page) -> None:
    choose(page, "filter-unit", "f4298cf8-3836-4985-8472-52c9eb550a19")
    assert cards(page) == ["harbour-cam-2.mp4"] * 8


def test_a_split_filters_the_gallery(browser: Browser, tmp_path: Path) -> None:
    rows = [label_row([box()], label_hash=f"{n}", data_hash=f"unit-{n}") for n in range(12)]
    settings = settings_from({"layout": "coco", "splits": {"train": 0.5, "val": 0.5}})
    export = export_rows(tmp_path, rows, ontology(), settings)
    report_export(str(export.folder), ReportSettings(contact_sheet=False))
    with browser.page((export.folder / "report.html").as_uri()) as page:
        page.wait(READY)
        for split in ("train", "val"):
            (file,) = export.folder.glob(f"annotations/*_{split}.json")
            choose(page, "filter-split", split)
            assert 0 < len(cards(page)) == len(json.loads(file.read_text())["images"]) < 12


def test_a_finding_filters_the_gallery(page: Page) -> None:
    choose(page, "filter-finding", "too_few_points")
    assert cards(page) == ["espresso.jpg"]
    assert page.run("document.querySelector('.card .badge').textContent") == "too few points"


def test_the_search_looks_into_titles_hashes_and_answers(page: Page) -> None:
    for words, expected in (
        ("espresso", ["espresso.jpg"]),
        ("eileen collins", ["eileen-collins.jpg"]),
        ("3698b763-fd4f", ["espresso.jpg"]),
        ("no such thing", []),
    ):
        page.run("document.getElementById('search').focus()")
        page.run("document.getElementById('search').select()")
        page.send("Input.insertText", text=words)
        assert cards(page) == expected
    assert "No image fits" in page.text("#nothing")
    page.click("#nothing-reset")
    assert len(cards(page)) == 24


def test_a_click_on_an_annotation_shows_where_it_came_from(page: Page) -> None:
    page.click("[data-card='1']")
    page.wait("document.getElementById('viewer').open")
    place = page.run(
        """(() => {
            const path = document.querySelector('.stage [data-annotation="7"] .fill path');
            const box = path.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height * 0.03];
        })()"""
    )
    page.click_at(*place)
    facts = page.text("#facts")
    assert page.text(".row[aria-expanded=true]").startswith("Porcelain")
    assert re.search(r"Made by\s+user-[0-9a-f]{10}, 2025-01-13", facts)
    assert '$.data_units["3698b763-fd4f-4132-8b9c-b14be9751046"].labels.objects[2]' in facts
    assert "labels.json, row 2" in facts
    assert page.run("document.querySelectorAll('.stage .chosen').length") == 1


def test_attributes_of_an_annotation_are_told(page: Page) -> None:
    page.run("location.hash = '#image-0.1'")
    page.wait("document.getElementById('facts') !== null")
    facts = page.text("#facts")
    assert re.search(r"Person name\s+Eileen Collins", facts)
    assert re.search(r"Gloves\s+no", facts)


def test_a_track_leads_to_its_other_images(page: Page) -> None:
    check(page, "category", "Vessel")
    page.click(".card")
    page.click(".row")
    before = page.text("#viewer-place")
    assert re.search(r"Track\s+\d+, on \d images here", page.text("#facts"))
    page.run(
        "[...document.querySelectorAll('#facts .copy')].find((b) => b.innerText === 'next').click()"
    )
    assert page.text("#viewer-place") != before
    assert page.text(".row[aria-expanded=true]").startswith("Vessel")


def test_findings_of_an_image_stand_beside_it(page: Page) -> None:
    page.click("[data-card='1']")
    panel = page.text("#panel")
    assert "The polygon has no ring with three distinct points." in panel
    assert ".labels.objects[4]" in panel


def test_keys_do_what_the_mouse_does(page: Page) -> None:
    page.press("/")
    assert page.run("document.activeElement.id") == "search"
    page.run("document.activeElement.blur()")
    page.press("ArrowRight")
    page.press("ArrowRight")
    assert page.run("document.activeElement.dataset.card") == "1"
    page.run("document.activeElement.click()")
    assert page.text("#viewer-title") == "espresso.jpg"
    page.press("ArrowDown")
    page.press("ArrowDown")
    assert page.text(".row[aria-expanded=true]").startswith("Cup rim")
    page.press("ArrowRight")
    assert page.text("#viewer-title") == "chelsea.jpg"
    page.press("o")
    assert page.run("document.querySelector('.stage .overlay').style.display") == "none"
    page.press("Escape")
    page.wait("!document.getElementById('viewer').open")
    page.wait("document.activeElement.dataset.card === '2'")  # once the dialog let go of it
    page.press("3")
    assert page.text("[role=tab][aria-selected=true]").startswith("Findings")


def test_names_stand_beside_their_annotations(page: Page) -> None:
    page.click("[data-card='1']")
    page.wait("document.querySelectorAll('.name').length > 0")
    assert set(page.texts(".name")) == {"Saucer", "Spoon", "Cup rim", "Porcelain"}
    page.press("n")
    assert page.texts(".name") == []


def test_statistics_are_drawn(page: Page) -> None:
    page.click("#tab-statistics")
    page.wait("document.querySelectorAll('#statistics canvas').length > 8")
    page.wait(
        """[...document.querySelectorAll('#statistics canvas')].every((canvas) =>
        canvas.width && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        .data.some((value) => value))"""
    )
    titles = page.texts("#statistics h2")
    assert titles[:5] == [
        "Annotations by category",
        "Annotations per image",
        "Lengths of tracks",
        "Sizes of boxes",
        "Places of boxes",
    ]
    assert "Vessel: Vessel type" in titles
    numbers = page.run("document.querySelector('#statistics figure td').textContent")
    assert numbers == "Coin"


def test_statistics_of_one_category(page: Page) -> None:
    page.click("#tab-statistics")
    choose(page, "statistics-category", "12")
    assert "Coin: Motif" in page.texts("#statistics h2")
    assert "Vessel: Vessel type" not in page.texts("#statistics h2")


def test_a_click_on_a_bar_shows_the_images_of_its_category(page: Page) -> None:
    page.click("#tab-statistics")
    page.wait("document.querySelector('#statistics canvas').width > 300")
    x, y = page.run(
        """(() => {
            const box = document.querySelector('#statistics canvas').getBoundingClientRect();
            return [box.x + 200, box.y + 14];
        })()"""
    )
    page.click_at(x, y)
    page.wait("!document.getElementById('gallery').hidden")
    assert cards(page) == ["coins-of-pompeii.jpg"]


def test_findings_are_listed_with_path_and_fragment(page: Page) -> None:
    page.click("#tab-findings")
    page.run("document.querySelector('.finding details').open = true")
    text = page.text("#findings")
    assert '$.data_units["3698b763-fd4f-4132-8b9c-b14be9751046"].labels.objects[4]' in text
    assert '"objectHash": "taXSidna"' in text
    page.run("document.querySelector('.finding button').click()")
    assert page.text("#viewer-title") == "espresso.jpg"


def test_files_are_listed_with_their_digests(page: Page, sample_report: Reported) -> None:
    manifest = json.loads((sample_report.folder / "manifest.json").read_text())
    page.click("#tab-files")
    text = page.text("#files")
    assert all(file["path"] in text and file["sha256"] in text for file in manifest["files"])


def test_what_changed_is_told(browser: Browser, tmp_path: Path) -> None:
    before = export_rows(tmp_path / "before", [label_row([box("o")], data_title="one.jpg")])
    rows = [
        label_row([box("o"), box("p")], data_title="one.jpg"),
        label_row([box("o")], label_hash="b", data_title="two.jpg"),
    ]
    after = export_rows(tmp_path / "after", rows)
    report_export(str(after.folder), ReportSettings(contact_sheet=False), str(before.folder))
    with browser.page((after.folder / "report.html").as_uri()) as page:
        page.wait(READY)
        assert "+1" in page.text(".number-card")
        choose(page, "filter-change", "edited")
        assert len(cards(page)) == 1
        page.click("#tab-changes")
        text = page.text("#changes")
        assert before.manifest["export_id"] in text
        assert "1 label row added" in text
        assert "two.jpg" in text
        assert re.search(r"bounding_box \(bounding box\)\s+1\s+3\s+\+2", text)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(browser: Browser, sample_report: Reported, scheme: str) -> None:
    with browser.page("about:blank") as page:
        page.prefer(scheme)
        page.open(sample_report.page.as_uri())
        page.wait(READY)
        ground, ink = page.run(
            """['backgroundColor', 'color'].map((name) => getComputedStyle(document.body)[name]
            .match(/\\d+/g).map(Number).reduce((a, b) => a + b) / 3)"""
        )
        assert (ground > 200, ink < 60) == (scheme == "light",) * 2
        assert abs(ground - ink) > 150
        page.press("t")
        assert page.run("document.documentElement.dataset.theme") != scheme
        page.run("localStorage.clear()")


def test_nothing_is_wider_than_a_phone(browser: Browser, sample_report: Reported) -> None:
    with browser.page("about:blank") as page:
        page.resize(360, 740, phone=True)
        page.open(sample_report.page.as_uri())
        page.wait(READY)
        for tab in ("gallery", "statistics", "findings", "changes", "files"):
            page.run(f"document.getElementById('tab-{tab}').click()")
            assert page.run("document.documentElement.scrollWidth") <= 360, tab
        page.run("document.getElementById('tab-gallery').click()")
        assert not page.run("document.getElementById('filters').open")
        page.click(".card")
        stage = page.run("document.getElementById('stage').getBoundingClientRect().toJSON()")
        assert stage["width"] == 360
        assert stage["height"] > 250


def test_titles_names_and_answers_run_nothing(browser: Browser, tmp_path: Path) -> None:
    page_of_evil_labels(tmp_path)
    with browser.page((tmp_path / "out" / "report.html").as_uri()) as page:
        page.wait(READY)
        page.click(".card")
        page.run("document.querySelector('.row').click()")
        assert "<script>window.hacked=1</script>" in page.text("#facts")
        for tab in ("statistics", "findings", "changes", "files", "gallery"):
            page.run(f"document.getElementById('tab-{tab}').click()")
        assert page.run("window.hacked") is None
        assert page.complaints() == []


def test_a_script_that_is_planted_in_the_page_does_not_run(
    browser: Browser, sample_report: Reported
) -> None:
    with browser.page(sample_report.page.as_uri()) as page:
        page.wait(READY)
        page.run(
            """document.body.insertAdjacentHTML('beforeend',
            '<img src="data:," onerror="window.hacked = 1">')"""
        )
        page.run(
            """document.body.append(Object.assign(document.createElement('script'),
            { textContent: 'window.hacked = 1' }))"""
        )
        assert page.run("new Promise((done) => setTimeout(() => done(window.hacked), 100))") is None


# Overlays against the masks of pycocotools


def noise() -> NDArray[np.bool_]:
    """Pixels that touch each other at sides and at corners, with holes and islands."""
    return np.random.default_rng(3).random((HEIGHT, WIDTH)) < 0.5


def blocks() -> NDArray[np.bool_]:
    """The same in blocks of ten pixels, whose middle can be told from their border."""
    small = np.random.default_rng(5).random((HEIGHT // 10, WIDTH // 10)) < 0.5
    return small.repeat(10, 0).repeat(10, 1)


def areas() -> dict[str, JSON]:
    """Objects that cover an area, by the name of what is special about them."""
    outer, hole = rectangle(0.1, 0.1, 0.6, 0.6), rectangle(0.3, 0.3, 0.2, 0.2)
    found = {
        entry["objectHash"]: entry
        for entry in every_shape()
        if entry["shape"] not in ("polyline", "point", "skeleton", "bitmask")
    }
    whole = np.ones((HEIGHT, WIDTH), bool)
    return found | {
        "hole": polygons("hole", [outer, hole]),
        "overlapping parts": polygons(
            "overlapping parts", [rectangle(0, 0, 0.3, 0.3)], [rectangle(0.2, 0.2, 0.4, 0.4)]
        ),
        "island": polygons("island", [outer, hole], [rectangle(0.35, 0.35, 0.1, 0.1)]),
        "blocks": bitmask("blocks", blocks()),
        "all of the image": bitmask("all of the image", whole),
    }


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """An image for each of the areas, without a picture."""
    rows = [
        label_row({name: image_unit([entry])}, label_hash=name) for name, entry in areas().items()
    ]
    export = export_rows(tmp_path_factory.mktemp("areas"), rows)
    report_export(str(export.folder), ReportSettings(contact_sheet=False))
    return export


@pytest.fixture(scope="module")
def shapes_page(browser: Browser, shapes: Export) -> Iterator[Page]:
    with browser.page("about:blank") as page:
        page.prefer("light")
        page.open((shapes.folder / "report.html").as_uri())
        page.wait(READY)
        page.run("document.querySelector('.card').click()")
        page.press("n")
        yield page


def shown_pixels(page: Page, image: int) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which pixels of the stage are tinted red, and where each lies in the image: x and y."""
    page.run(f"location.hash = '#image-{image}'")
    page.wait(f"location.hash === '#image-{image}'")
    page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    left, top, width, height, *view = page.run(
        """(() => {
            const stage = document.getElementById('stage');
            const { x, y, width, height } = stage.getBoundingClientRect();
            const view = document.querySelector('.stage svg').viewBox.baseVal;
            return [x, y, width, height, view.x, view.y, view.width, view.height];
        })()"""
    )
    window = np.asarray(page.picture()).astype(int)
    stage = window[round(top) : round(top + height), round(left) : round(left + width)]
    rows, columns = np.indices(stage.shape[:2])
    x = view[0] + (columns + 0.5) / width * view[2]
    y = view[1] + (rows + 0.5) / height * view[3]
    return stage[:, :, 0] - stage[:, :, 2] > 25, np.stack([x, y])


def covered(entry: JSON, places: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether places lie in what `COCO.annToMask` calls the annotation."""
    given = entry["segmentation"]
    runs = given
    if isinstance(given, list):
        runs = coco_mask.merge(coco_mask.frPyObjects(given, HEIGHT, WIDTH))
    mask = np.pad(np.asarray(coco_mask.decode(runs)) > 0, 1)
    x = np.clip(np.floor(places[0]), -1, WIDTH).astype(int) + 1
    y = np.clip(np.floor(places[1]), -1, HEIGHT).astype(int) + 1
    return np.asarray(mask[y, x])


@pytest.mark.parametrize("name", areas())
def test_the_overlay_covers_what_the_mask_covers(
    shapes: Export, shapes_page: Page, name: str
) -> None:
    entry = shapes.annotation(name)
    red, places = shown_pixels(shapes_page, list(areas()).index(name))
    scale = 1 / (places[0][0, 1] - places[0][0, 0])
    # A pixel of the image at the edge, and half of the line there with its dark rim.
    reach = 1 + 2.5 / scale
    steps = (-reach, 0, reach)
    around = [
        covered(entry, places + np.array([dx, dy])[:, None, None]) for dx in steps for dy in steps
    ]
    on_image = (places[0] > 0) & (places[0] < WIDTH) & (places[1] > 0) & (places[1] < HEIGHT)
    inside, outside = np.logical_and.reduce(around), ~np.logical_or.reduce(around) & on_image
    assert inside.sum() > 1000
    assert red[inside].all()
    # A mask of whole pixels lacks the tips of sharp corners.
    assert red[outside].sum() <= (10 if name == "polygon" else 0)


def test_every_pixel_of_a_mask_is_drawn(browser: Browser, tmp_path: Path) -> None:
    export = export_rows(tmp_path, [label_row([bitmask("noise", noise())])])
    report_export(str(export.folder), ReportSettings(contact_sheet=False))
    with browser.page((export.folder / "report.html").as_uri()) as page:
        page.wait(READY)
        page.wait("document.querySelector('.card .fill path') !== null")
        inside = page.run(
            f"""(() => {{
                const canvas = document.createElement('canvas');
                [canvas.width, canvas.height] = [{WIDTH}, {HEIGHT}];
                const context = canvas.getContext('2d');
                const path = document.querySelector('.card .fill path').getAttribute('d');
                context.fill(new Path2D(path), 'evenodd');
                const {{ data }} = context.getImageData(0, 0, {WIDTH}, {HEIGHT});
                return [...data].filter((_, at) => at % 4 === 3);
            }})()"""
        )
    assert np.array_equal(np.reshape(inside, (HEIGHT, WIDTH)), noise() * 255)


def test_a_hidden_point_is_hollow_and_a_missing_one_is_not_drawn(
    browser: Browser, tmp_path: Path
) -> None:
    visibility = {"a": "visible", "b": "occluded", "c": "invisible"}
    points = {
        name: {"x": (at + 1) / 5, "y": 0.5, "visibility": seen}
        for at, (name, seen) in enumerate(visibility.items())
    }
    nodes = ontology(templates=[template("a", "b", "c", edges=[(0, 1), (1, 2)])])
    rows = [label_row([skeleton("o", points)]), label_row([point("p")], label_hash="2")]
    export = export_rows(tmp_path, rows, nodes)
    report_export(str(export.folder), ReportSettings(contact_sheet=False))
    with browser.page((export.folder / "report.html").as_uri()) as page:
        page.wait(READY)
        page.wait("document.querySelectorAll('.card svg').length === 2")
        drawn = "document.querySelector('.card svg')"
        dots, holes, edges = (
            page.run(f"{drawn}.querySelectorAll('.{name}').length")
            for name in ("dot", "hole", "hidden")
        )
        assert (dots, holes, edges) == (2, 1, 1)
        page.run("document.querySelector('.card').click()")
        page.run("document.querySelector('.row').click()")
        widths = page.run(
            """['dot', 'rim', 'hole'].map((name) => getComputedStyle(
            document.querySelector(`.stage .chosen .${name}`)).strokeWidth)"""
        )
        assert widths == ["6.5px", "13px", "3.5px"]
        page.run("document.querySelector('#facts details').open = true")
        assert re.search(r"b\s+80, 50, hidden\s+c\s+not labelled", page.text("#facts"))


@pytest.mark.slow
def test_a_report_at_its_limits_opens_fast(browser: Browser, tmp_path: Path) -> None:
    ring = [(0.5 + np.cos(a) / 3, 0.5 + np.sin(a) / 3) for a in np.linspace(0, 6, 60)]
    outline = [value for place in ring for value in place]
    rows = [
        label_row([polygons(f"o{number}", [outline]) for number in range(40)], label_hash=f"{row}")
        for row in range(80)
    ]
    export = export_rows(tmp_path, rows)
    report_export(str(export.folder), ReportSettings(contact_sheet=False))
    path = export.folder / "report.html"
    assert 2_000_000 < path.stat().st_size < 5_000_000
    with browser.page(path.as_uri()) as page:
        page.wait(READY)
        assert "that the export holds: some for each category" in page.text("#shown")
        times = []
        for _ in range(3):
            page.open(path.as_uri())
            page.wait(READY)
            times.append(page.run("performance.getEntriesByType('navigation')[0].domComplete"))
        assert min(times) < LARGEST_LOAD_MILLISECONDS
