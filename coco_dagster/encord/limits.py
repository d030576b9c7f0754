"""Bounds on what a source may ask for, so that no input takes a machine down.

Whatever Encord exports lies far within them. What lies beyond is refused with a message that names
the bound and how to raise it: by the environment, which reaches every process of a run, or in
Python, where a source is named. They never decide what an export of accepted input holds.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from coco_dagster.errors import SettingsError

PREFIX: Final = "COCO_DAGSTER_MAX_"
"""Environment variables: this, and the name of a bound in capitals."""

Bound = Annotated[int, Meta(ge=1)]


class SourceLimits(Struct, frozen=True, kw_only=True):
    """Bounds on sources of label rows.

    Attributes:
        row_bytes: bytes of a label row. Encord's own limit is 50 MB; indented it is longer.
        row_objects: JSON objects within a label row, at about 1 kB of memory each.
        text_bytes: bytes of an ontology.
        files: files of a folder or zip.
        unpacked_bytes: bytes that a compressed file or a zip may always unpack to.
        expansion: what it may unpack to beyond that, as a multiple of its own size.
        shared_bytes: bytes of label rows that share images and have to be rendered together; an
            export holds about twice as much in memory.
        links: whether links in a folder to files outside of it are followed.
    """

    row_bytes: Bound = 256 << 20
    row_objects: Bound = 2_000_000
    text_bytes: Bound = 256 << 20
    files: Bound = 1_000_000
    unpacked_bytes: Bound = 1 << 30
    expansion: Bound = 200
    shared_bytes: Bound = 3 << 30
    links: bool = False

    def how_to_raise(self, name: str) -> str:
        """What a message says of a bound: its variable, and its value now."""
        return f"{PREFIX}{name.upper()} raises the limit, which is {getattr(self, name):,}"


def limits_of(environment: Mapping[str, str] | None = None) -> SourceLimits:
    """The bounds that hold: the defaults, and what the environment says otherwise.

    Args:
        environment: variables; by default those of the process.

    Raises:
        SettingsError: a variable holds no whole number of at least 1.
    """
    given = os.environ if environment is None else environment
    values = {
        name: given[PREFIX + name.upper()]
        for name in SourceLimits.__struct_fields__
        if given.get(PREFIX + name.upper())
    }
    try:
        return msgspec.convert(values, SourceLimits, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).partition("`$.")[2].rstrip("`")
        variable = f"{PREFIX}{name.upper()}"
        raise SettingsError(
            f"{variable} is `{values.get(name, '')}`: it must be a whole number of at least 1."
        ) from None
