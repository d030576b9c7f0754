"""Checks of annotations: block by block, and in the end of all of them together."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from coco_dagster.coco.validation.attributes import check_attributes, check_scores
from coco_dagster.coco.validation.boxes import (
    Mark,
    check_areas,
    check_boxes,
    check_crowds,
    check_ignore,
)
from coco_dagster.coco.validation.categories import NO_CATEGORIES, CategorySection, in_unit
from coco_dagster.coco.validation.columns import (
    Ids,
    Kind,
    ids_of,
    kinds_of,
    later_duplicates,
    within_units,
)
from coco_dagster.coco.validation.elements import Block
from coco_dagster.coco.validation.findings import BlockMarks, Findings
from coco_dagster.coco.validation.identifiers import mark_ids
from coco_dagster.coco.validation.images import ImageTable
from coco_dagster.coco.validation.keypoints import (
    BAD_KEYPOINTS,
    NO_KEYPOINTS,
    are_wrong_lengths,
    check_keypoints,
)
from coco_dagster.coco.validation.polygons import check_polygons
from coco_dagster.coco.validation.positions import Positions
from coco_dagster.coco.validation.run_length_masks import check_masks
from coco_dagster.encord.run_lengths import Flags, Ints

_NO_CATEGORY = -1


class AnnotationChecks:
    """The annotations of a file; of each about 20 bytes are kept.

    Attributes:
        count: annotations so far.
    """

    def __init__(self, findings: Findings, images: ImageTable) -> None:
        """Starts without annotations."""
        self.count = 0
        self._crowds = 0
        self._findings = findings
        self._images = images
        self._positions = Positions()
        self._keys: list[Ints] = []
        self._id_kinds: list[NDArray[np.uint8]] = []
        self._categories: list[NDArray[np.int32]] = []
        self._keypoints: list[NDArray[np.uint16]] = []
        self._codes: dict[tuple[int, int], int] = {}

    def add(self, block: Block) -> None:
        """Checks annotations and keeps what is needed of them."""
        mark = BlockMarks()
        ids, image_ids, category_ids = (
            ids_of(block.column(name)) for name in ("id", "image_id", "category_id")
        )
        _check_ids(mark, ids, image_ids, category_ids)
        mark_ids(self._findings, block, (ids, image_ids, category_ids))
        images = self._images.of(block.units, image_ids)
        mark("orphan_image_id", (images.rows < 0) & image_ids.name_something)
        segmentations = block.column("segmentation")
        kinds = kinds_of(segmentations)
        are_rle = kinds == Kind.OBJECT
        mark("segmentation_missing", kinds == Kind.MISSING)
        mark("segmentation_null", kinds == Kind.NULL)
        mark("segmentation_malformed", np.isin(kinds, (Kind.INT, Kind.FLOAT, Kind.OTHER)))
        boxes = check_boxes(mark, block.column("bbox"), images)
        areas = check_areas(mark, block.column("area"))
        crowds = check_crowds(mark, block.column("iscrowd"), are_rle)
        check_polygons(mark, segmentations, kinds == Kind.LIST, boxes.values, areas.values)
        check_masks(mark, segmentations, are_rle, crowds, images, boxes.values, areas.values)
        keypoints = check_keypoints(mark, block.column("keypoints"), block.column("num_keypoints"))
        infinite = areas.are_numbers & ~np.isfinite(areas.values)
        mark("number_not_finite", infinite | boxes.not_finite | keypoints.not_finite)
        check_ignore(mark, block.column("ignore"))
        check_scores(mark, block.column("score"))
        check_attributes(mark, block.column("attributes"))
        mark.hand_over(self._findings, block.place)
        self._images.note_annotations(images.rows, crowds)
        self._crowds += int(np.count_nonzero(crowds))
        self._keep(block, ids, category_ids, keypoints.lengths)

    def _keep(
        self, block: Block, ids: Ids, category_ids: Ids, keypoints: NDArray[np.uint16]
    ) -> None:
        self.count += len(block.entries)
        self._positions.add(block.units, block.indices)
        self._keys.append(within_units(ids.keys, block.units).view(np.int64))
        self._id_kinds.append(ids.kinds)
        self._keypoints.append(keypoints)
        mixed = within_units(category_ids.keys, block.units)
        _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
        pairs = zip(block.units[first].tolist(), category_ids.keys[first].tolist(), strict=True)
        codes = np.array([self._codes.setdefault(p, len(self._codes)) for p in pairs], np.int32)
        kept = codes[inverse.reshape(-1)]
        kept[~category_ids.name_something] = _NO_CATEGORY
        self._categories.append(kept)

    def finish(self, sections: Mapping[int, CategorySection]) -> None:
        """Checks what only all annotations and categories together show.

        Args:
            sections: unit → its categories.
        """
        if not self.count:
            return
        if self._crowds == self.count:
            self._findings.add("all_annotations_crowd", 1, [])
        self._find_duplicates()
        categories = _joined(self._categories)
        self._find_keypoints(sections, categories)
        known = [key in sections.get(unit, NO_CATEGORIES).by_key for unit, key in self._codes]
        # The last entry answers for annotations that name no category.
        orphans = ~np.array([*known, True])
        if orphans.any():
            self._find("orphan_category_id", orphans[categories])
        self._find_dropped_categories(sections, categories)

    def _find_duplicates(self) -> None:
        keys = _joined(self._keys)
        named = _joined(self._id_kinds) != Kind.MISSING
        if named.all():
            duplicates = later_duplicates(keys)
        else:
            rows = np.flatnonzero(named)
            duplicates = rows[later_duplicates(keys[rows])]
        self._find_rows("duplicate_annotation_id", duplicates)

    def _find(self, code: str, broken: Flags) -> None:
        self._find_rows(code, np.flatnonzero(broken))

    def _find_rows(self, code: str, rows: Ints) -> None:
        places = (
            self._positions.place("annotation", row, self._id_at(row)) for row in rows.tolist()
        )
        self._findings.add(code, rows.size, places)

    def _id_at(self, row: int) -> int | None:
        if _joined(self._id_kinds)[row] != Kind.INT:
            return None
        unit = self._positions.units_of(np.array([row]))
        stride = within_units(np.zeros(1, np.int64), unit).view(np.int64)
        return int((_joined(self._keys)[row : row + 1] - stride)[0])

    def _find_keypoints(
        self, sections: Mapping[int, CategorySection], categories: NDArray[np.int32]
    ) -> None:
        lengths = _joined(self._keypoints)
        have_some = lengths < BAD_KEYPOINTS
        if not have_some.any():
            return
        units = self._positions.units()
        pointed = np.unique(units[have_some])
        self._find("keypoints_missing", (lengths == NO_KEYPOINTS) & np.isin(units, pointed))
        templates = np.array([*(_template(sections, pair) for pair in self._codes), -1])
        self._find("keypoints_wrong_length", are_wrong_lengths(lengths, templates[categories]))
        for unit in pointed.tolist():
            for category in sections.get(unit, NO_CATEGORIES).by_key.values():
                if category.keypoints is None:
                    place = in_unit(category.place, unit)
                    self._findings.add("category_without_keypoints", 1, [place])

    def _find_dropped_categories(
        self, sections: Mapping[int, CategorySection], categories: NDArray[np.int32]
    ) -> None:
        pairs = list(self._codes)
        annotated = {pairs[code] for code in np.unique(categories).tolist() if code >= 0}
        for unit, section in sections.items():
            for key in section.grouping:
                if (unit, key) not in annotated:
                    place = in_unit(section.by_key[key].place, unit)
                    self._findings.add("category_name_is_supercategory", 1, [place])


def _check_ids(mark: Mark, ids: Ids, image_ids: Ids, category_ids: Ids) -> None:
    mark("annotation_without_id", ids.kinds == Kind.MISSING)
    mark("annotation_without_image_id", image_ids.kinds == Kind.MISSING)
    mark("annotation_without_category_id", category_ids.kinds == Kind.MISSING)
    mark("annotation_id_text", ids.kinds == Kind.TEXT)
    mark("annotation_id_zero", (ids.kinds <= Kind.FLOAT) & (ids.keys == 0))


def _template(sections: Mapping[int, CategorySection], pair: tuple[int, int]) -> int:
    unit, key = pair
    category = sections.get(unit, NO_CATEGORIES).by_key.get(key)
    return -1 if category is None or category.keypoints is None else category.keypoints


def _joined(parts: list[NDArray]) -> NDArray:  # type: ignore[type-arg]
    """The parts as one array, which replaces them."""
    if len(parts) > 1:
        parts[:] = [np.concatenate(parts)]
    return parts[0]
