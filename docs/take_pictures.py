"""Takes the README's pictures: Dagster's UI on the sample, and the report on it.

Run in the environment that `make env` makes, from the root of the repository, with Chromium
installed: ``.venv/bin/python -m docs.take_pictures``.
"""

import tempfile
import time
from pathlib import Path
from typing import Final

from tests.report.browser import Browser, Page
from tests.report.dagster_ui import materialised_sample, running_ui

_PICTURES: Final = Path(__file__).parent / "pictures"
_QUALITY: Final = 88
_SETTLED_SECONDS: Final = 2.0
_READY: Final = "document.documentElement.dataset.ready === 'true'"


def main() -> None:
    """Take every picture."""
    with tempfile.TemporaryDirectory() as folder:
        home, profile = Path(folder) / "home", Path(folder) / "chromium"
        home.mkdir()
        with (
            materialised_sample(home),
            running_ui(home) as url,
            Browser(profile) as browser,
            browser.page("about:blank") as page,
        ):
            page.prefer("light")
            _take_dagster(page, url)
            (report,) = home.glob("storage/exports/sample/*/report.html")
            _take_report(page, report.as_uri())


def _take_dagster(page: Page, url: str) -> None:
    page.resize(2000, 2300)
    page.open(f"{url}/locations/definitions/asset-groups/sample")
    page.wait("document.body.innerText.includes('label_rows')")
    page.wait("!document.body.innerText.includes('Loading...')")
    _take(page, "asset_graph.webp")
    page.resize(1500, 1100)
    page.open(f"{url}/assets/sample/coco?view=overview")
    page.wait("document.body.innerText.includes('contact_sheet')")
    page.open_markdown()
    _take(page, "asset_page.webp")


def _take_report(page: Page, url: str) -> None:
    page.resize(1280, 900)
    page.open(url)
    page.wait(_READY)
    _take(page, "report.webp")
    page.click("[data-card='1']")
    page.run("document.querySelectorAll('.row')[2].click()")
    _take(page, "report_annotation.webp")


def _take(page: Page, name: str) -> None:
    """Take a picture once everything has come to rest."""
    time.sleep(_SETTLED_SECONDS)
    page.picture().save(_PICTURES / name, quality=_QUALITY, method=6)


if __name__ == "__main__":
    main()
