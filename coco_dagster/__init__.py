"""Encord label exports in, a COCO dataset out, as Dagster assets or from the command line.

Importing the package imports nothing else: neither dagster nor polars is loaded before a name that
needs it is used, so that the command line starts at once and every Dagster step process does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from coco_dagster.orchestrate.component import EncordCocoExport as EncordCocoExport
    from coco_dagster.orchestrate.definitions import (
        build_encord_coco_defs as build_encord_coco_defs,
    )

    __version__: str

_HOMES: Final = {
    "EncordCocoExport": "coco_dagster.orchestrate.component",
    "build_encord_coco_defs": "coco_dagster.orchestrate.definitions",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("coco-dagster")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Names of the package; the registry of `dg` finds the component by walking them."""
    return sorted({*globals(), *_HOMES, "__version__"})
