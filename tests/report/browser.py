"""A headless Chromium, spoken to by the DevTools protocol over one web socket."""

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image
from websockets.sync.client import connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_SECONDS = 30
WAIT_SECONDS = 60

KEY_CODES = {"Escape": 27}
"""Keys that the browser itself answers to, which it knows by these numbers."""

SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
)


def chromium() -> str | None:
    """Path of a Chromium, if one is installed."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


class Browser:
    """A running browser; a context manager that ends it."""

    def __init__(self, folder: Path) -> None:
        program = chromium()
        assert program is not None
        command = [program, *SWITCHES, f"--user-data-dir={folder}", "about:blank"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._closing = ExitStack()
        self._closing.callback(self._end)
        try:
            connection = connect(_address(folder), max_size=None)
            self._socket = self._closing.enter_context(connection)
        except BaseException:
            self._closing.close()
            raise
        self._last = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(WAIT_SECONDS)

    def send(self, method: str, session: str | None = None, /, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its answer; events that come meanwhile are kept."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        while True:
            answer = self._receive()
            if answer.get("id") == self._last:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def wait_for_event(self, method: str, session: str) -> None:
        """Wait for an event of a page, unless it came since the last command was sent."""
        while True:
            for event in reversed(self.events):
                if (event.get("method"), event.get("sessionId")) == (method, session):
                    self.events.remove(event)
                    return
            self.events.append(self._receive())

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=WAIT_SECONDS))
        return message

    @contextmanager
    def page(self, url: str, size: tuple[int, int] = (1280, 900)) -> Iterator["Page"]:
        """A page in a tab of its own, closed afterwards."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.events.clear()
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.send(f"{domain}.enable")
        page.resize(*size)
        page.open(url)
        try:
            yield page
        finally:
            self.send("Target.closeTarget", targetId=target)


class Page:
    """A page of a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command for this page."""
        return self._browser.send(method, self._session, **params)

    def open(self, url: str) -> None:
        """Go to an address and wait until the page is there."""
        if "loaderId" in self.send("Page.navigate", url=url):
            self._browser.wait_for_event("Page.loadEventFired", self._session)

    def reload(self) -> None:
        """Load the page again and wait until it is there."""
        self.send("Page.reload")
        self._browser.wait_for_event("Page.loadEventFired", self._session)

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Give the window a size in CSS pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=phone,
        )

    def prefer(self, scheme: str) -> None:
        """Prefer `light` or `dark` pages."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.send("Emulation.setEmulatedMedia", features=[feature])

    def run(self, script: str) -> Any:
        """Value of an expression of JavaScript, which may be a promise."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression of JavaScript is true."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.run(condition):
            assert time.monotonic() < deadline, f"{condition} did not come true"
            time.sleep(0.05)

    def text(self, selector: str) -> str:
        """Text of an element, as it is shown."""
        text: str = self.run(f"document.querySelector({json.dumps(selector)}).innerText")
        return text

    def texts(self, selector: str) -> list[str]:
        """Texts of all elements of a kind."""
        query = f"document.querySelectorAll({json.dumps(selector)})"
        texts: list[str] = self.run(f"[...{query}].map((element) => element.innerText)")
        return texts

    def click(self, selector: str) -> None:
        """Click in the middle of an element with the mouse."""
        find = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{find}.scrollIntoView({{block: 'nearest'}})")
        box = self.run(
            f"(({{x, y, width, height}}) => [x, y, width, height])({find}.getBoundingClientRect())"
        )
        self.click_at(box[0] + box[2] / 2, box[1] + box[3] / 2)

    def click_at(self, x: float, y: float) -> None:
        """Click at a place of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press a key."""
        text = {"text": key} if len(key) == 1 else {}
        code = {"windowsVirtualKeyCode": KEY_CODES[key]} if key in KEY_CODES else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text, **code)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def open_markdown(self) -> None:
        """Open the first long Markdown among the metadata of Dagster's page of an asset."""
        self.run(
            """[...document.querySelectorAll('*')]
            .find((one) => !one.children.length && one.textContent === '[Show Markdown]').click()"""
        )
        self.wait("document.querySelector('img[alt]')?.naturalWidth > 0")

    def picture(self, *, whole: bool = False) -> Image.Image:
        """What the window shows, or the whole page."""
        answer = self.send(
            "Page.captureScreenshot", format="png", captureBeyondViewport=whole, fromSurface=True
        )
        return Image.open(BytesIO(base64.b64decode(answer["data"]))).convert("RGB")

    def complaints(self) -> list[str]:
        """Errors that the page met, and addresses that it wanted to load."""
        found = []
        for event in self._browser.events:
            params = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            elif event.get("method") == "Log.entryAdded":
                found.append(f"{params['entry']['level']}: {params['entry']['text']}")
            elif event.get("method") == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("data:", "file:")):
                    found.append(url[:200])
        return found


def _address(folder: Path) -> str:
    """Address of the browser's web socket, which it writes down once it is up."""
    port_file = folder / "DevToolsActivePort"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        lines = port_file.read_text().split() if port_file.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise TimeoutError(f"Chromium did not start within {START_SECONDS} s.")
