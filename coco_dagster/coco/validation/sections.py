"""Checks of the small sections, and of which sections there are."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from coco_dagster.coco.validation.walk import SectionText, UnitEnd

BIG_SECTIONS: Final = ("images", "annotations", "categories")
_KNOWN_SECTIONS: Final = (*BIG_SECTIONS, "info", "licenses")


def section_codes(section: SectionText) -> Sequence[str]:
    """Codes of the rules that the JSON type of a section, or a small section itself, breaks."""
    if section.key in BIG_SECTIONS:
        return [] if section.kind == "array" else ["section_not_a_list"]
    if section.key == "info":
        return _info_codes(bytes(section.text), section.kind == "object")
    if section.key != "licenses":
        return []
    if section.kind != "array":
        return ["licenses_not_a_list"]
    return _license_codes(bytes(section.text))


def missing_sections(end: UnitEnd) -> Iterator[str]:
    """Codes of the rules that a COCO object breaks by the sections that it has."""
    for key in _KNOWN_SECTIONS:
        if key not in end.keys:
            yield f"{key}_missing"
    counts = Counter(end.keys)
    yield from ("section_repeated" for key in _KNOWN_SECTIONS if counts[key] > 1)


@lru_cache(maxsize=64)
def _info_codes(text: bytes, is_object: bool) -> Sequence[str]:
    if not is_object:
        return [] if text == b"null" else ["info_not_an_object"]
    info = _read(text or b"{}")
    codes = []
    year = info.pop("year", None)
    if year is not None and type(year) is not int:
        codes.append("info_year_not_int")
    texts = ("description", "version", "contributor", "url", "date_created")
    if any(not isinstance(info.get(key), str | None) for key in texts):
        codes.append("info_value_not_text")
    return codes


@lru_cache(maxsize=64)
def _license_codes(text: bytes) -> Sequence[str]:
    entries = _read(b"[%s]" % text)
    return ["license_malformed" for entry in entries if not _is_license(entry)]


def _is_license(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and type(entry.get("id", 0)) is int
        and all(isinstance(entry.get(key), str | None) for key in ("name", "url"))
    )


def _read(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8", "replace"))
    except RecursionError:
        return {} if text.startswith(b"{") else []
