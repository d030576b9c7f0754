"""The categories of an export over all of its files, in the colours of its ontology."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from coco_dagster.coco.published import CocoHead
from coco_dagster.report.published_export import OntologyObject, PublishedExport

FileCategory = tuple[str, int]
"""Path of a COCO file in its export, and id of a category in that file."""

PALETTE: Final = (
    "#4E79A7",
    "#F28E2B",
    "#59A14F",
    "#E15759",
    "#76B7B2",
    "#B07AA1",
    "#EDC948",
    "#FF9DA7",
    "#9C755F",
    "#2CA6A4",
    "#D37295",
    "#8CD17D",
)
"""Colours of categories that the ontology gives none, in the order of the categories."""


class ShownCategory(Struct, frozen=True):
    """A category.

    Attributes:
        name: its name.
        shape: the shape of its objects, as the labels name it.
        color: `#RRGGBB`.
        keypoints: names of its points, where it has any.
        skeleton: edges between them, as pairs of positions from 0.
    """

    name: str
    shape: str
    color: str
    keypoints: tuple[str, ...] = ()
    skeleton: tuple[tuple[int, int], ...] = ()


class ShownCategories(Struct, frozen=True):
    """The categories of all files; those of one name and shape in several files are one.

    Attributes:
        entries: the categories.
        positions: where a category of a file stands in `entries`.
        descriptions: title of the data, as each file has it in its `info`.
    """

    entries: tuple[ShownCategory, ...]
    positions: dict[FileCategory, int]
    info: Mapping[str, object]


def read_categories(export: PublishedExport) -> ShownCategories:
    """Categories of an export.

    Args:
        export: the export.

    Raises:
        StorageError: a file of the export is gone.
    """
    heads = [(file.path, export.head(file)) for file in export.coco_files]
    return shown_categories(heads, export.ontology)


def shown_categories(
    heads: Sequence[tuple[str, CocoHead]], ontology: Sequence[OntologyObject]
) -> ShownCategories:
    """Categories of COCO files in the order of first sight.

    Args:
        heads: path and head of each file.
        ontology: objects of the ontology, for the colours.
    """
    found: dict[tuple[str, str, int], int] = {}
    entries: list[ShownCategory] = []
    positions: dict[FileCategory, int] = {}
    colors = _Colors(ontology)
    for path, head in heads:
        seen: dict[tuple[str, str], int] = {}
        for category in head.categories:
            name = (category.name, category.supercategory)
            # Two classes of one name and shape in a file are two categories in every file.
            seen[name] = seen.get(name, -1) + 1
            key = (*name, seen[name])
            if key not in found:
                found[key] = len(entries)
                color = colors.of(*key, position=len(entries))
                skeleton = tuple((start - 1, end - 1) for start, end in category.skeleton)
                entries.append(ShownCategory(*name, color, category.keypoints, skeleton))
            positions[path, category.id] = found[key]
    info = heads[0][1].info if heads else {}
    return ShownCategories(tuple(entries), positions, info)


class _Colors:
    """Colours of the ontology's objects by name and shape."""

    def __init__(self, ontology: Sequence[OntologyObject]) -> None:
        self._colors: dict[tuple[str, str | None], list[str | None]] = {}
        for node in ontology:
            self._colors.setdefault((node.name, node.shape), []).append(node.color)

    def of(self, name: str, shape: str, repeat: int, *, position: int) -> str:
        """Colour of the category; names that were made unique have lost their namesake's."""
        plain = name.removesuffix(f" ({shape})")
        for known in ((name, shape), (plain, shape)):
            colors = self._colors.get(known, [])
            if repeat < len(colors) and _is_color(colors[repeat]):
                return str(colors[repeat])
        return PALETTE[position % len(PALETTE)]


def _is_color(text: str | None) -> bool:
    if text is None or len(text) != 7 or text[0] != "#":
        return False
    return all(digit in "0123456789abcdefABCDEF" for digit in text[1:])
