"""Checks of images, and what annotations need to know of them."""

import re
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from coco_dagster.coco.validation.columns import (
    Floats,
    Ids,
    Kind,
    ids_of,
    later_duplicates,
    numbers_of,
    within_units,
)
from coco_dagster.coco.validation.elements import Block
from coco_dagster.coco.validation.findings import Findings
from coco_dagster.coco.validation.identifiers import beyond, mark_ids
from coco_dagster.coco.validation.positions import Positions
from coco_dagster.encord.run_lengths import Flags, Ints

_UNSAFE: Final = re.compile(r'[\x00-\x1f<>:"|?*]')
# A slash that begins a name follows what names are joined with.
_SUSPICIOUS: Final = re.compile(r'[\x00-\x1f<>:"|?*\\]|\.\.|//')
# Ultralytics 8.4.190, `IMG_FORMATS` in `ultralytics/data/utils.py`.
_PICTURE: Final = re.compile(
    r"\.(avif|bmp|dng|heic|heif|jp2|jpeg|jpg|mpo|png|tif|tiff|webp)\Z", re.IGNORECASE
)

_INT32_MAX: Final = 2**31 - 1

HAS_OBJECT: Final = 1
HAS_CROWD: Final = 2


class ImageFacts(NamedTuple):
    """The images of some annotations.

    Attributes:
        rows: row of the image in the table, -1 where there is none.
        widths: in pixels, nan where unknown.
        heights: in pixels, nan where unknown.
    """

    rows: Ints
    widths: Floats
    heights: Floats


class ImageTable:
    """The images of a file."""

    def __init__(self, findings: Findings) -> None:
        """Starts without images."""
        self._findings = findings
        self._positions = Positions()
        self._ids: list[Ids] = []
        self._sizes: list[NDArray[np.float32]] = []
        self._names: dict[str, list[Ints]] = {"whole": [], "stem": [], "lower": []}
        self._states = np.zeros(0, np.uint8)
        self._index: _Index | None = None

    def add(self, block: Block) -> None:
        """Checks images and keeps what is needed of them."""
        ids = ids_of(block.column("id"))
        self._mark(block, "image_without_id", ids.kinds == Kind.MISSING)
        mark_ids(self._findings, block, [ids])
        self._mark(block, "image_id_beyond_int32", beyond(ids, _INT32_MAX))
        self._ids.append(ids)
        self._sizes.append(self._check_sizes(block))
        self._check_names(block)
        self._check_facts(block)
        self._positions.add(block.units, block.indices)
        self._states = np.concatenate((self._states, np.zeros(len(block.entries), np.uint8)))
        self._index = None

    def _mark(self, block: Block, code: str, broken: Flags) -> None:
        self._findings.mark(code, broken, block.place)

    def _check_sizes(self, block: Block) -> NDArray[np.float32]:
        width, height = numbers_of(block.column("width")), numbers_of(block.column("height"))
        sides = (width, height)
        missing = np.logical_or(*(side.kinds == Kind.MISSING for side in sides))
        null = np.logical_or(*((side.kinds > Kind.MISSING) for side in sides))
        null |= np.logical_or(*(side.are_numbers & ~np.isfinite(side.values) for side in sides))
        is_float = np.logical_or(*(side.kinds == Kind.FLOAT for side in sides))
        with np.errstate(invalid="ignore"):
            zero = np.logical_or(*(side.values == 0 for side in sides))
            negative = np.logical_or(*(side.values < 0 for side in sides))
        self._mark(block, "image_size_missing", missing)
        self._mark(block, "image_size_null", null & ~missing)
        self._mark(block, "image_size_float", is_float & ~null & ~missing)
        self._mark(block, "image_size_zero", zero & ~negative)
        self._mark(block, "image_size_negative", negative)
        # A size beyond single precision is infinite, which no box lies outside of.
        with np.errstate(over="ignore"):
            sizes = np.stack((width.values, height.values), axis=1).astype(np.float32)
        sizes[missing | null | zero | negative] = np.nan
        return sizes

    def _check_names(self, block: Block) -> None:
        """Checks file names and keeps hashes of them, of their stems and of their lower case."""
        names = block.column("file_name")
        missing = np.array([name is UNSET for name in names])
        usable = np.array([type(name) is str and name != "" for name in names])
        self._mark(block, "file_name_missing", missing)
        self._mark(block, "file_name_unusable", ~missing & ~usable)
        # Names that cannot be used are told apart by where they are: they repeat no other.
        first = self._positions.count
        texts = [
            name if fit else f"\0{first + place}"
            for place, (name, fit) in enumerate(zip(names, usable.tolist(), strict=True))
        ]
        if not usable.all() or _SUSPICIOUS.search("/" + "/".join(texts)):
            for place in np.flatnonzero(usable).tolist():
                self._check_suspicious(block, place, texts[place])
        are_pictures = np.array([_PICTURE.search(text) is not None for text in texts])
        self._mark(block, "file_name_without_suffix", usable & ~are_pictures)
        in_images = np.array(["/images/" in f"/{text}" for text in texts])
        self._mark(block, "file_name_in_images_folder", in_images)
        self._names["whole"].append(_hashes(texts))
        self._names["stem"].append(_hashes(list(map(_stem, texts))))
        self._names["lower"].append(_hashes(list(map(str.lower, texts))))

    def _check_suspicious(self, block: Block, place: int, name: str) -> None:
        found = {
            "file_name_backslash": "\\" in name,
            "file_name_unsafe_characters": bool(_UNSAFE.search(name)),
            "file_name_outside_folder": name.startswith("/") or ".." in name.split("/"),
        }
        for code, is_so in found.items():
            self._findings.add(code, int(is_so), [block.place(place)])

    def _check_facts(self, block: Block) -> None:
        dates, licenses = block.column("date_captured"), block.column("license")
        self._mark(block, "date_captured_not_text", _none_of(dates, (str, type(None))))
        self._mark(block, "license_not_int", _none_of(licenses, (int, type(None))))

    def of(self, units: Ints, image_ids: Ids) -> ImageFacts:
        """The images of annotations.

        Args:
            units: COCO object of each annotation; ascending.
            image_ids: what it names as its image.
        """
        first, last = int(units[0]), int(units[-1])
        if self._index is None or not self._index.covers(first, last):
            self._index = self._index_of(first, last)
        rows = self._index.rows_of(within_units(image_ids.keys, units))
        rows[image_ids.kinds == Kind.MISSING] = -1
        sizes = np.concatenate((self._all_sizes(), np.full((1, 2), np.nan, np.float32)))
        return ImageFacts(rows, *sizes[rows].T.astype(np.float64))

    def _index_of(self, first: int, last: int) -> "_Index":
        units = self._positions.units()
        start, stop = np.searchsorted(units, (first, last + 1))
        ids = self._all_ids()
        keys = within_units(ids.keys[start:stop], units[start:stop])
        named = np.flatnonzero(ids.kinds[start:stop] != Kind.MISSING)
        order = named[np.argsort(keys[named], kind="stable")]
        return _Index(first, last, keys[order], order + start)

    def _all_ids(self) -> Ids:
        if len(self._ids) != 1:
            keys = np.concatenate([np.zeros(0, np.int64), *(ids.keys for ids in self._ids)])
            kinds = np.concatenate([np.zeros(0, np.uint8), *(ids.kinds for ids in self._ids)])
            self._ids = [Ids(keys, kinds)]
        return self._ids[0]

    def _all_sizes(self) -> NDArray[np.float32]:
        if len(self._sizes) != 1:
            self._sizes = [np.concatenate([np.zeros((0, 2), np.float32), *self._sizes])]
        return self._sizes[0]

    def note_annotations(self, rows: Ints, are_crowds: Flags) -> None:
        """Notes which images have annotations."""
        known = rows >= 0
        self._states[rows[known & are_crowds]] |= HAS_CROWD
        self._states[rows[known & ~are_crowds]] |= HAS_OBJECT

    def finish(self) -> None:
        """Checks what only all images and annotations together show; the last step."""
        if not self._positions.count:
            return
        self._index = None
        self._find(np.flatnonzero(self._states == HAS_CROWD), "image_only_crowd")
        ids = self._all_ids()
        named = np.flatnonzero(ids.kinds != Kind.MISSING)
        repeated = later_duplicates(within_units(ids.keys, self._positions.units())[named])
        self._find(named[repeated], "duplicate_image_id")
        names = self._repeated_names("whole")
        self._find(names, "file_name_repeated")
        for of, code in ("stem", "file_name_stem_repeated"), ("lower", "file_name_case_repeated"):
            self._find(np.setdiff1d(self._repeated_names(of), names, assume_unique=True), code)

    def _repeated_names(self, of: str) -> Ints:
        """Rows whose hash an earlier row has too; the hashes are not kept."""
        hashes = np.concatenate(self._names.pop(of))
        return later_duplicates(within_units(hashes, self._positions.units()))

    def _find(self, rows: Ints, code: str) -> None:
        ids = self._all_ids()

        def place(row: int) -> Any:
            key = int(ids.keys[row]) if ids.kinds[row] == Kind.INT else None
            return self._positions.place("image", row, key)

        self._findings.add(code, rows.size, map(place, rows.tolist()))


class _Index(NamedTuple):
    """Rows of the images of some COCO objects, by id."""

    first_unit: int
    last_unit: int
    keys: NDArray[np.uint64]
    rows: Ints

    def covers(self, first: int, last: int) -> bool:
        return self.first_unit <= first and last <= self.last_unit

    def rows_of(self, keys: NDArray[np.uint64]) -> Ints:
        found = np.full(keys.size, -1, np.int64)
        if self.keys.size:
            at = np.minimum(np.searchsorted(self.keys, keys), self.keys.size - 1)
            hit = self.keys[at] == keys
            found[hit] = self.rows[at[hit]]
        return found


def _stem(name: str) -> str:
    """The name without its suffix."""
    dot = name.rfind(".")
    return name[:dot] if dot > name.rfind("/") + 1 else name


def _hashes(texts: list[str]) -> Ints:
    return np.array(list(map(hash, texts)), np.int64)


def _none_of(values: list[Any], types: tuple[type, ...]) -> Flags:
    """Whether each value is there and of none of the types."""
    allowed = {*types, type(UNSET)}
    if set(map(type, values)) <= allowed:
        return np.zeros(len(values), np.bool_)
    return np.array([type(value) not in allowed for value in values])
