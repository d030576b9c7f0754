"""Checks of `attributes` and `score`."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import UNSET, Raw

from coco_dagster.coco.validation.boxes import Mark
from coco_dagster.coco.validation.columns import Kind, numbers_of

_CORE_KEYS: Final = frozenset(
    (
        "id",
        "image_id",
        "category_id",
        "bbox",
        "segmentation",
        "keypoints",
        "score",
        "area",
        "iscrowd",
    )
)
_CORE_KEY: Final = re.compile(rb'"(?:%s)"\s*:' % "|".join(sorted(_CORE_KEYS)).encode())
# Never part of JSON text.
_BETWEEN: Final = b"\x00"
_OBJECT: Final = msgspec.json.Decoder(dict[str, Raw])


def check_attributes(mark: Mark, values: Sequence[Any]) -> None:
    """Checks attributes.

    Args:
        mark: takes the code of a rule and which annotations break it.
        values: `attributes` of each annotation, as JSON text.
    """
    texts = [value for value in values if value is not UNSET]
    if not texts:
        return
    joined = _BETWEEN.join((b"", *texts))
    if joined.count(_BETWEEN + b"{") < len(texts):
        are_others = [value is not UNSET and bytes(value)[:1] != b"{" for value in values]
        mark("attributes_not_an_object", np.array(are_others))
    if _CORE_KEY.search(joined):
        overriding = [value is not UNSET and _overrides(bytes(value)) for value in values]
        mark("attribute_overrides_core_key", np.array(overriding))


def _overrides(text: bytes) -> bool:
    if not (text[:1] == b"{" and _CORE_KEY.search(text)):
        return False
    try:
        return not _CORE_KEYS.isdisjoint(_OBJECT.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def check_scores(mark: Mark, values: Sequence[Any]) -> None:
    """Checks `score`, which ground truth rarely has."""
    if set(map(type, values)) != {type(UNSET)}:
        kinds = numbers_of(values).kinds
        mark("score_null", kinds == Kind.NULL)
        mark("score_not_number", kinds > Kind.NULL)
