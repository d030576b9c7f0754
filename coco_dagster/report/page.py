"""`report.html`: one file that needs nothing but a browser.

Titles and answers come from labels and may hold anything. They reach the page as JSON in which no
tag can begin, the script makes elements of text only, and the page's policy runs no script but its
own and loads nothing from anywhere.
"""

import base64
import hashlib
import html
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import msgspec

_SCRIPTS: Final = (
    "dom.js",
    "overlay.js",
    "filters.js",
    "gallery.js",
    "viewer.js",
    "panel.js",
    "charts.js",
    "tables.js",
    "start.js",
)
_LIBRARY: Final = "vendor/chart.umd.min.js"
_SOURCE_MAP: Final = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_MARK: Final = re.compile(r"\[\[(\w+)\]\]")


def render_page(data: dict[str, Any]) -> bytes:
    """The page.

    Args:
        data: what it shows (see `page_data.page_data`).
    """
    title = html.escape(str(data["export"]["title"]))
    parts = {**_fixed_parts(), "title": title, "data": _json_in_html(data)}
    return _MARK.sub(lambda mark: parts[mark[1]], _read("page.html")).encode()


@lru_cache(maxsize=1)
def _fixed_parts() -> dict[str, str]:
    """What is the same on every page: style, scripts, and the policy that allows just these."""
    style = _read("page.css")
    library = _SOURCE_MAP.sub("", _read(_LIBRARY))
    script = "\n".join(_read(name) for name in _SCRIPTS)
    wrapped = f'(() => {{\n"use strict";\n{script}}})();\n'
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src {_hash_source(style)}",
            f"script-src {_hash_source(library)} {_hash_source(wrapped)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return {"style": style, "library": library, "script": wrapped, "policy": policy}


def _read(name: str) -> str:
    return files(__package__).joinpath("page", *name.split("/")).read_text("utf-8")


def _hash_source(text: str) -> str:
    """How a policy names an inline style or script (CSP Level 3, 2.3.1)."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _json_in_html(data: dict[str, Any]) -> str:
    """JSON that neither ends its element nor begins a comment, whatever its texts hold."""
    text = msgspec.json.encode(data).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
