"""`report.html` as a file: what it may load, run and hold."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from coco_dagster.report import page
from coco_dagster.report.page import render_page
from coco_dagster.report.report import report_export
from coco_dagster.report.settings import ReportSettings
from tests.exports import export_rows
from tests.label_rows import answer, image_unit, label_row, object_answers
from tests.objects import box
from tests.ontologies import object_node, ontology, text
from tests.report.conftest import Reported

EVIL = '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">[[data]]'
CHART_JS_SHA256 = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"


class Elements(HTMLParser):
    """Elements of a page with their attributes, and the texts of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] in ("script", "style"):
            self.texts.append((self.found[-1][0], data))


def page_of_evil_labels(folder: Path) -> str:
    """The page of an export whose every text tries to run something."""
    nodes = ontology(object_node("bounding_box", text("note", name=EVIL), name=EVIL))
    unit = image_unit([box("o"), box("bad", {"x": EVIL})], data_title=f"{EVIL}.jpg")
    row = label_row(
        {"file": unit},
        object_answers=object_answers({"o": [answer("note", EVIL)]}),
        dataset_title=EVIL,
    )
    export = export_rows(folder, [row], nodes)
    report_export(str(export.folder))
    return (export.folder / "report.html").read_text()


def data_of(text: str) -> Any:
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert block is not None
    return json.loads(block[1])


def test_no_text_of_a_label_becomes_markup(tmp_path: Path) -> None:
    found = page_of_evil_labels(tmp_path)
    elements = Elements(found).found
    assert [tag for tag, _ in elements].count("script") == 3
    assert not [tag for tag, _ in elements if tag == "img"]
    assert not [key for _, attributes in elements for key in attributes if key.startswith("on")]
    data = data_of(found)
    assert data["export"]["title"] == EVIL
    assert data["categories"][0]["name"] == EVIL


def test_the_page_runs_and_styles_nothing_but_its_own(tmp_path: Path) -> None:
    found = page_of_evil_labels(tmp_path)
    elements = Elements(found)
    (policy,) = (
        attributes["content"]
        for tag, attributes in elements.found
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    hashes = {
        base64.b64encode(hashlib.sha256(data.encode()).digest()).decode()
        for _, data in elements.texts
    }
    assert set(re.findall(r"'sha256-([^']+)'", policy)) < hashes
    assert not [attributes for _, attributes in elements.found if "style" in attributes]


def test_the_page_names_nothing_to_load(sample_report: Reported) -> None:
    elements = Elements(sample_report.page.read_text()).found
    loaded = [
        attributes[key]
        for _, attributes in elements
        for key in ("src", "href", "action", "srcset", "poster")
        if key in attributes
    ]
    assert loaded == ["#main"]


def test_no_address_of_a_person_is_on_the_page(sample_report: Reported) -> None:
    assert not re.findall(r"\w@example\.com", sample_report.page.read_text())


def test_the_page_is_small(sample_report: Reported) -> None:
    assert sample_report.page.stat().st_size < 1_000_000
    assert sample_report.report.bytes == sample_report.page.stat().st_size


def test_the_same_export_gives_the_same_page(tmp_path: Path) -> None:
    export = export_rows(tmp_path, [label_row([box("o")])])
    pages = []
    for _ in range(2):
        report_export(str(export.folder))
        pages.append((export.folder / "report.html").read_bytes())
    assert pages[0] == pages[1]


def test_geometry_of_an_export_of_any_size_keeps_within_the_limit(
    tmp_path: Path, monkeypatch: Any
) -> None:
    from coco_dagster.report import page_data

    monkeypatch.setattr(page_data, "MOST_BYTES", 20_000)
    monkeypatch.setattr(page_data, "MOST_ANNOTATIONS", 10)
    rows = [
        label_row([box(f"o{number}") for number in range(30)], label_hash=f"row {row}")
        for row in range(40)
    ]
    export = export_rows(tmp_path, rows)
    report_export(str(export.folder), ReportSettings(contact_sheet=False))
    data = data_of((export.folder / "report.html").read_text())
    assert 0 < data["shown"]["images"] < 40
    assert data["shown"]["of"] == 40
    assert len(json.dumps(data["images"])) < 40_000
    assert {image["more"] for image in data["images"]} == {20}


def test_the_charting_library_is_the_published_one() -> None:
    library = Path(page.__file__).parent / "page" / "vendor" / "chart.umd.min.js"
    assert hashlib.sha256(library.read_bytes()).hexdigest() == CHART_JS_SHA256
    assert (library.parent / "chart.LICENSE.md").exists()


def test_marks_of_the_template_in_the_data_are_left_alone() -> None:
    data = {"export": {"title": "[[script]]"}}
    assert b"<title>[[script]]</title>" in render_page(data)
