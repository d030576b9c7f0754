"""Checks of categories, and what annotations need to know of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from msgspec import UNSET, Struct, structs

from coco_dagster.coco.validation.columns import Kind, ids_of
from coco_dagster.coco.validation.elements import Block, CategoryEntry, EntryDecoder
from coco_dagster.coco.validation.findings import Findings, Found, Place
from coco_dagster.coco.validation.identifiers import mark_ids

COCO_80: Final = frozenset(range(1, 91)) - {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
"""Ids of the 80 classes that COCO's own files have: numbers up to 90 with ten gaps."""

_LAST_ID_WITHOUT_GAP: Final = 11
_MAX_PLACES: Final = 1000


class Category(Struct, frozen=True):
    """What annotations need to know of a category.

    Attributes:
        name: its name, if it is a text.
        keypoints: number of its keypoints, None where it has none, -1 where they are no list.
        place: where it stands.
    """

    name: str | None
    keypoints: int | None
    place: Place


class CategorySection(Struct, frozen=True):
    """The categories of a COCO object.

    Attributes:
        by_key: id, as `Ids.keys` has it → category.
        grouping: ids of categories whose name is the supercategory of another one.
        count: number of entries.
        findings: code → what is wrong with them, as if they were those of the first object.
    """

    by_key: Mapping[int, Category]
    grouping: tuple[int, ...]
    count: int
    findings: Mapping[str, Found]


@lru_cache(maxsize=64)
def read_categories(text: bytes) -> CategorySection:
    """Checks the categories of a COCO object; often those of many objects are the same text.

    Args:
        text: the entries of the section, with the commas between them.
    """
    findings = Findings(_MAX_PLACES)
    entries, positions = EntryDecoder(CategoryEntry, "category", findings).decode(text, 0, 0)
    units = np.zeros(len(entries), np.int64)
    block = Block(entries, np.array(positions[:-1], np.int64), units, "category")
    ids = ids_of(block.column("id")) if entries else None
    by_key: dict[int, Category] = {}
    if ids is not None:
        findings.mark("category_without_id", ids.kinds == Kind.MISSING, block.place)
        mark_ids(findings, block, [ids])
        named = zip(ids.keys.tolist(), ids.kinds.tolist(), entries, strict=True)
        for at, (key, kind, entry) in enumerate(named):
            _add(findings, _broken_rules(entry), block.place(at))
            if kind == Kind.MISSING:
                continue
            if key in by_key:
                _add(findings, ["duplicate_category_id"], block.place(at))
            by_key[key] = Category(_text(entry.name), _size(entry.keypoints), block.place(at))
    _check_names(findings, block)
    _check_numbering(findings, by_key)
    parents = set(_parents(entries))
    grouping = tuple(key for key, category in by_key.items() if category.name in parents)
    return CategorySection(by_key, grouping, positions[-1], findings.by_code)


NO_CATEGORIES: Final = CategorySection({}, (), 0, {})


def _add(findings: Findings, codes: Iterable[str], place: Place) -> None:
    for code in codes:
        findings.add(code, 1, [place])


def _size(keypoints: Any) -> int | None:
    if isinstance(keypoints, list):
        return len(keypoints)
    return None if keypoints in (UNSET, None) else -1


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _parents(entries: Sequence[CategoryEntry]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry.supercategory, str) and entry.supercategory != entry.name:
            yield entry.supercategory


def _broken_rules(entry: CategoryEntry) -> Iterator[str]:
    if entry.name is UNSET:
        yield "category_without_name"
    elif not isinstance(entry.name, str):
        yield "category_name_not_text"
    if entry.supercategory not in (UNSET, None) and not isinstance(entry.supercategory, str):
        yield "supercategory_not_text"
    yield from _broken_keypoint_rules(entry)


def _broken_keypoint_rules(entry: CategoryEntry) -> Iterator[str]:
    points, skeleton = entry.keypoints, entry.skeleton
    has_points = isinstance(points, list)
    if points not in (UNSET, None) and not (
        has_points and all(isinstance(name, str) for name in points)
    ):
        yield "category_keypoints_not_list"
    if skeleton in (UNSET, None):
        if has_points:
            yield "category_skeleton_missing"
    elif not _is_skeleton(skeleton):
        yield "category_skeleton_malformed"
    elif has_points and any(not 1 <= end <= len(points) for edge in skeleton for end in edge):
        yield "skeleton_edge_out_of_range"


def _is_skeleton(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(edge, list) and len(edge) == 2 and all(type(end) is int for end in edge)
        for edge in value
    )


def _check_names(findings: Findings, block: Block) -> None:
    seen: set[str] = set()
    for at, entry in enumerate(block.entries):
        if isinstance(entry.name, str):
            _add(findings, ["duplicate_category_name"] * (entry.name in seen), block.place(at))
            seen.add(entry.name)


def _check_numbering(findings: Findings, by_key: Mapping[int, Category]) -> None:
    numbers = sorted(by_key)
    if not numbers or any(type(category.place.id) is not int for category in by_key.values()):
        return
    if 0 in by_key:
        _add(findings, ["category_id_zero"], by_key[0].place)
    if numbers == sorted(COCO_80):
        return
    for before, number in zip([min(numbers[0] - 1, 0), *numbers], numbers, strict=False):
        if number != before + 1:
            _add(findings, ["category_id_gap"], by_key[number].place)
    beyond = [number for number in numbers if number > _LAST_ID_WITHOUT_GAP]
    if beyond:
        _add(findings, ["category_id_above_11"], by_key[beyond[0]].place)


def in_unit(place: Place, unit: int) -> Place:
    """The same place in another COCO object."""
    return structs.replace(place, unit=unit)
