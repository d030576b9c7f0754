"""Templates of users for `images[].file_name`."""

import re
from collections.abc import Iterator, Mapping
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
    "flat",
)
"""What a template can name. `default` is the file name as it is without a template, `flat` the same
without folders and with the suffix of a picture."""

DEFAULT_NAMES: Final = "{default}"
FLAT_NAMES: Final = "{flat}"
"""Templates that are a field and nothing else."""

MEMBER_EXTENSION: Final = ".json"
_ADDED_SUFFIX: Final = ".png"
_AS_THEY_ARE: Final = frozenset({"extension", "default", "flat"})
_EXAMPLE: Final[Mapping[str, str | int]] = {
    "data_hash": "data",
    "frame": 0,
    "title": "title",
    "extension": ".jpg",
    "dataset_title": "dataset",
    "default": "images/data.jpg",
    "flat": "data.jpg",
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


def nested_names(flat_name: str, data_hash: str) -> Iterator[str]:
    """File names without a template that may have become a flat one, the likeliest first.

    Args:
        flat_name: file name that the template `FLAT_NAMES` made.
        data_hash: of the image's file.
    """
    unit = safe_component(data_hash)
    plain = flat_name.removesuffix(_ADDED_SUFFIX)
    if not flat_name.startswith(f"{unit}_"):
        yield from (f"images/{flat_name}", f"images/{plain}")
        return
    yield f"videos/{unit}/{flat_name[len(unit) + 1 :]}"
    part = plain[len(unit) + 1 :].replace("_", "/")
    yield from (f"{folder}/{unit}/{part}" for folder in ("dicom", "nifti"))
    yield f"images/{unit}/{flat_name[len(unit) + 1 :]}"


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
