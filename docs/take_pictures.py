"""Takes the README's pictures of Dagster's UI, from a demo that was just run.

Run in the environment that `make env` makes, with Chromium installed:
``make demo && .venv/bin/python docs/take_pictures.py``.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parent.parent
_PORT: Final = 3197
_START_SECONDS: Final = 120
_PICTURES: Final = {
    "asset_graph.png": ("/locations/definitions/asset-groups/sample", "2000,1720"),
    "asset_page.png": ("/assets/sample/coco?view=overview", "1500,1500"),
}
_QUIET: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--virtual-time-budget=25000",
)


def main() -> None:
    """Take every picture."""
    with _running_ui():
        for name, (path, size) in _PICTURES.items():
            _take(f"http://127.0.0.1:{_PORT}{path}", _ROOT / "docs" / "pictures" / name, size)


@contextmanager
def _running_ui() -> Iterator[None]:
    command = ["make", "dev", f"PORT={_PORT}"]
    with subprocess.Popen(command, cwd=_ROOT, start_new_session=True) as process:
        try:
            _wait(f"http://127.0.0.1:{_PORT}/server_info")
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def _wait(url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(1)
    sys.exit(f"The UI did not answer within {_START_SECONDS} s.")


def _take(url: str, picture: Path, size: str) -> None:
    with tempfile.TemporaryDirectory() as profile:
        command = ["chromium", *_QUIET, f"--user-data-dir={profile}", f"--window-size={size}"]
        subprocess.run([*command, f"--screenshot={picture}", url], check=True)


if __name__ == "__main__":
    main()
