"""Dagster's UI on the sample in a browser: the graph of assets, and their pages."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import requests
from dagster_shared.serdes import serialize_value

from definitions.definitions import defs
from tests.report.browser import Browser, Page

ROOT = Path(__file__).parents[2]
STARTS_WITHIN = 120.0

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a Dagster in which the sample was materialised."""
    folder = tmp_path_factory.mktemp("dagster_home")
    shutil.copy(ROOT / "definitions" / "dagster.yaml", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("COCO_DAGSTER_STORAGE", str(folder / "storage"))
        patch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
        for variable in ("LABELS", "ONTOLOGY", "PICTURES"):
            patch.delenv(f"COCO_DAGSTER_{variable}", raising=False)
        made = defs()
        assert isinstance(made, dg.Definitions)
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            made.resolve_job_def("sample_job").execute_in_process(instance=instance)
        yield folder


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def ui(home: Path) -> Iterator[str]:
    """Address of the UI."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).parent / "dagster-webserver"
    command = [str(program), "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    environment = {"DAGSTER_HOME": str(home), "TZ": "UTC"}
    log = home / "webserver.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=output
        )
        try:
            wait_until_up(url, process, log)
            yield url
        finally:
            process.terminate()
            process.wait(60)


def wait_until_up(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{url}/server_info", timeout=STARTS_WITHIN).raise_for_status()
            return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise AssertionError(f"{process.poll()}: {log.read_text()}")


@pytest.fixture(scope="module")
def page(browser: Browser, ui: str) -> Iterator[Page]:
    with browser.page("about:blank", (1500, 1200)) as opened:
        opened.prefer("light")
        yield opened


def show(page: Page, url: str, text: str) -> str:
    """Open a page, wait until it shows a text, and return all that it shows."""
    page.open(url)
    page.wait(f"document.body.innerText.includes({text!r})")
    shown: str = page.run("document.body.innerText")
    return shown


def test_the_graph_shows_every_asset_and_no_dialog(page: Page, ui: str) -> None:
    page.resize(2000, 1800)  # nodes outside of the window are not there
    shown = show(page, f"{ui}/locations/definitions/asset-groups/sample", "label_rows")
    assets = ("raw_labels", "ontology", "frames", "annotations", "answers", "findings", "coco")
    for asset in assets:
        page.wait(f"document.body.innerText.includes({asset!r})")
    assert "Join the Dagster community" not in shown
    assert [line for line in page.complaints() if "127.0.0.1" not in line and "http" in line] == []


def test_the_page_of_an_export_tells_what_it_holds(page: Page, ui: str) -> None:
    shown = show(page, f"{ui}/assets/sample/coco?view=overview", "largest_categories")
    assert "report.html" in shown
    page.wait("document.body.innerText.includes('Lightning rod')")
    shown = page.run("document.body.innerText")
    assert "too_few_points" in shown
    for number in ("images", "annotations", "skipped", "rejected", "bytes"):
        assert f"\n{number}\n" in shown


def test_the_page_of_an_export_shows_annotated_images(page: Page, ui: str) -> None:
    show(page, f"{ui}/assets/sample/coco?view=overview", "contact_sheet")
    page.run(
        """[...document.querySelectorAll('*')]
        .find((one) => !one.children.length && one.textContent === '[Show Markdown]').click()"""
    )
    page.wait("document.querySelector('img[alt=\"annotated images\"]')?.naturalWidth > 0")
    image = "document.querySelector('img[alt=\"annotated images\"]')"
    width, shown_width, height = page.run(
        f"[{image}.naturalWidth, {image}.clientWidth, {image}.naturalHeight]"
    )
    # As wide as it was made, so that its letters are sharp.
    assert width == shown_width == 740
    assert height > 500


def test_the_page_of_a_table_shows_columns_and_first_rows(page: Page, ui: str) -> None:
    shown = show(page, f"{ui}/assets/sample/label_rows?view=overview", "preview")
    assert "Title of the dataset." in shown
    page.wait("document.body.innerText.includes('Everyday photographs')")


def test_events_stay_small(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        key = dg.AssetKey(["sample", "coco"])
        records = instance.fetch_materializations(key, limit=1).records
    size = len(serialize_value(records[0].event_log_entry))
    assert 25_000 < size < 60_000
