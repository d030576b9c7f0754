"""Objects that do not become annotations, and annotations of which something was mended."""

from typing import Final

from msgspec import Struct

from coco_dagster.encord.json_paths import Fragments, json_key
from coco_dagster.encord.label_row import Malformed
from coco_dagster.encord.object_label import ObjectLabel
from coco_dagster.encord.shapes import RANGE_SHAPES, SHAPES, UNRENDERABLE_SHAPES
from coco_dagster.tables.findings import FindingRows, Outcome, Place
from coco_dagster.tables.ontology_index import OntologyIndex
from coco_dagster.tables.row_reading import RawRow, ReadRow

_NO_PIXELS: Final = "The file has no pixels, so that COCO cannot hold what is labelled in it."


class FramePlace(Struct, gc=False):
    """A frame of a label row, as far as findings name it.

    Attributes:
        raw: the label row as received.
        label_hash: the label row; data_hash: the file; space: the space of a data group.
        media: kind of the file; None where it has no pixels.
        number: frame number; None where the frame's key is none.
        path: JSON path of the frame's labels.
        first_index: objects that another file of the row lists before on the same frame.
    """

    raw: RawRow
    label_hash: str
    data_hash: str
    space: str | None
    media: str | None
    number: int | None
    path: str
    first_index: int


class ObjectEndings:
    """Findings about objects."""

    def __init__(self, index: OntologyIndex, findings: FindingRows) -> None:
        self._index = index
        self._findings = findings
        self._fragments: tuple[RawRow, Fragments] | None = None

    def end(
        self,
        place: FramePlace,
        position: int,
        label: ObjectLabel | Malformed,
        code: str,
        outcome: Outcome,
        message: str,
        suffix: str = "",
    ) -> None:
        """Record how an object ended, with its place and, if it is at fault, its bytes.

        Args:
            place: its frame.
            position: its place in the frame's list, from 0.
            label: the object.
            code: code of the finding.
            outcome: what became of it.
            message: what is wrong.
            suffix: JSON path of the fault below the object.
        """
        known = label.raw if isinstance(label, Malformed) else None
        self._add(place, position, label.object_hash, code, outcome, message, suffix, known)

    def end_added(
        self, place: FramePlace, index: int, object_hash: str, code: str, message: str
    ) -> None:
        """Reject an object that was taken for an annotation; `index` is its annotation index."""
        self._add(place, index - place.first_index, object_hash, code, "rejected", message)

    def note_added(
        self, place: FramePlace, index: int, object_hash: str, code: str, message: str
    ) -> None:
        """Note what was mended of an annotation; `index` is its annotation index."""
        self._add(place, index - place.first_index, object_hash, code, "note", message)

    def end_early(self, place: FramePlace, position: int, label: ObjectLabel | Malformed) -> None:
        """End an object that its kind, its place or its state keeps out of the tables."""
        end = (place, position, label)
        if place.media is None:
            self.end(*end, "media_without_pixels", "skipped", _NO_PIXELS)
        elif label.is_deleted:
            self.end(*end, "deleted", "skipped", "The object is marked as deleted.")
        elif isinstance(label, Malformed):
            self.end(*end, label.code, "rejected", label.message, label.path)
        elif place.number is None:
            message = "The object stands under a key that is no frame number."
            self.end(*end, "bad_frame_key", "rejected", message)
        elif label.shape not in SHAPES:
            known = label.shape in UNRENDERABLE_SHAPES
            code = "shape_not_in_images" if known else "unknown_shape"
            message = f"COCO cannot hold the shape {label.shape}."
            self.end(*end, code, "skipped", message)
        elif label.feature_hash not in self._index.shapes:
            message = f"The ontology has no object with the featureHash {label.feature_hash}."
            self.end(*end, "unknown_feature", "rejected", message)
        else:
            shape = self._index.shapes[label.feature_hash]
            message = f"The ontology's object has the shape {shape}, which makes no category."
            self.end(*end, "no_category", "rejected", message)

    def skip_ranges(
        self, row: ReadRow, code: str = "media_without_pixels", message: str = _NO_PIXELS
    ) -> int:
        """Skip objects that exist only as ranges in their answers (audio, text, time).

        Returns:
            Their number.
        """
        count = 0
        for object_hash, answer in (row.row.object_answers or {}).items():
            if answer.shape in RANGE_SHAPES:
                path = f"$.object_answers{json_key(object_hash)}"
                place = Place(row.label_hash, object_hash=object_hash, path=path)
                self._findings.add(code, "skipped", place, message)
                count += 1
        return count

    def _add(
        self,
        place: FramePlace,
        position: int,
        object_hash: str | None,
        code: str,
        outcome: Outcome,
        message: str,
        suffix: str = "",
        known: bytes | None = None,
    ) -> None:
        path = f"{place.path}.objects[{position}]"
        raw = (known or self._fragments_of(place.raw).at(path)) if outcome == "rejected" else None
        found = Place(
            place.label_hash,
            place.data_hash,
            place.space,
            place.number,
            object_hash,
            path + suffix,
        )
        self._findings.add(code, outcome, found, message, raw)

    def _fragments_of(self, raw: RawRow) -> Fragments:
        """The pieces of a row; findings come row by row, so that one row's are kept."""
        if self._fragments is None or self._fragments[0] is not raw:
            self._fragments = (raw, Fragments(bytes(raw.json)))
        return self._fragments[1]
