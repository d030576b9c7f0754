"""Dagster's UI on the sample in a browser: the graph of assets, and their pages."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster_shared.serdes import serialize_value

from tests.report.browser import Browser, Page
from tests.report.dagster_ui import materialised_sample, running_ui

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a Dagster in which the sample was materialised."""
    folder = tmp_path_factory.mktemp("dagster_home")
    with materialised_sample(folder):
        yield folder


@pytest.fixture(scope="module")
def ui(home: Path) -> Iterator[str]:
    """Address of the UI."""
    with running_ui(home) as url:
        yield url


@pytest.fixture(scope="module")
def page(browser: Browser, ui: str) -> Iterator[Page]:
    with browser.page("about:blank", (1500, 1200)) as opened:
        opened.prefer("light")
        yield opened


def show(page: Page, url: str, *texts: str) -> None:
    """Open a page, and wait until it shows some texts: Dagster fills it bit by bit."""
    page.open(url)
    for text in texts:
        page.wait(f"document.body.innerText.includes({json.dumps(text)})")


def test_the_graph_shows_every_asset_and_no_dialog(page: Page, ui: str) -> None:
    page.resize(2000, 1800)  # nodes outside of the window are not there
    assets = ("raw_labels", "ontology", "frames", "annotations", "answers", "findings", "coco")
    show(page, f"{ui}/locations/definitions/asset-groups/sample", "label_rows", *assets)
    assert "Join the Dagster community" not in page.text("body")
    assert [line for line in page.complaints() if "127.0.0.1" not in line and "http" in line] == []


def test_the_page_of_an_export_tells_what_it_holds(page: Page, ui: str) -> None:
    numbers = [f"\n{name}\n" for name in ("images", "annotations", "skipped", "rejected", "bytes")]
    tables = ("largest_categories", "Lightning rod", "too_few_points")
    show(page, f"{ui}/assets/sample/coco?view=overview", "report.html", *tables, *numbers)


def test_the_page_of_an_export_shows_annotated_images(page: Page, ui: str) -> None:
    show(page, f"{ui}/assets/sample/coco?view=overview", "contact_sheet")
    page.open_markdown()
    image = "document.querySelector('img[alt=\"annotated images\"]')"
    width, shown_width, height = page.run(
        f"[{image}.naturalWidth, {image}.clientWidth, {image}.naturalHeight]"
    )
    # As wide as it was made, so that its letters are sharp.
    assert width == shown_width == 740
    assert height > 500


def test_the_page_of_a_table_shows_columns_and_first_rows(page: Page, ui: str) -> None:
    column, row = "Title of the dataset.", "Everyday photographs"
    show(page, f"{ui}/assets/sample/label_rows?view=overview", "preview", column, row)


def test_events_stay_small(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        key = dg.AssetKey(["sample", "coco"])
        records = instance.fetch_materializations(key, limit=1).records
    size = len(serialize_value(records[0].event_log_entry))
    assert 25_000 < size < 60_000
