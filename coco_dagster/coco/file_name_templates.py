"""Templates of users for `images[].file_name`."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from coco_dagster.errors import SettingsError
from coco_dagster.tables.locations import stays_below

TEMPLATE_FIELDS: Final = (
    "data_hash",
    "frame",
    "title",
    "extension",
    "dataset_title",
    "default",
)
"""What a template can name. `default` is the file name as it is without a template."""

MEMBER_EXTENSION: Final = ".json"
_AS_THEY_ARE: Final = frozenset({"extension", "default"})
_EXAMPLE: Final[Mapping[str, str | int]] = {
    "data_hash": "data",
    "frame": 0,
    "title": "title",
    "extension": ".jpg",
    "dataset_title": "dataset",
    "default": "images/data.jpg",
}


def safe_component(name: str) -> str:
    """A hash or id as one component of a path.

    Keeps ``A-Z a-z 0-9 . _ -`` and percent-encodes the rest, and a leading dot too, so that no
    name can leave its folder.
    """
    quoted = quote(name, safe="").replace("~", "%7E")
    return re.sub(r"^\.", "%2E", quoted)


def member_name(data_hash: str) -> str:
    """Name of a data unit's COCO file in an archive."""
    return safe_component(data_hash) + MEMBER_EXTENSION


def check_template(template: str) -> None:
    """Make sure that a template can be filled.

    Raises:
        SettingsError: it names a field that there is none of, or makes a path that leaves its
            folder.
    """
    filled_template(template, _EXAMPLE)


def filled_template(template: str, fields: Mapping[str, str | int]) -> str:
    """A file name from a template, such as ``{dataset_title}/{data_hash}{extension}``.

    Args:
        template: Python format string.
        fields: value of each of `TEMPLATE_FIELDS`.

    Raises:
        SettingsError: the template names a field that there is none of, or makes a path that
            leaves its folder.
    """
    safe = {
        name: safe_component(value)
        if isinstance(value, str) and name not in _AS_THEY_ARE
        else value
        for name, value in fields.items()
    }
    try:
        name = template.format_map(safe)
    except (LookupError, ValueError, AttributeError, TypeError) as error:
        raise SettingsError(
            f"The file name template `{template}` cannot be filled ({error}); its fields are "
            f"{', '.join(TEMPLATE_FIELDS)}."
        ) from None
    if not stays_below(name):
        raise SettingsError(f"The file name template `{template}` makes the path `{name}`.")
    return name
