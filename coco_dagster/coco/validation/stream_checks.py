"""All checks of one stream of COCO text, in one or two walks through it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from msgspec import Struct

from coco_dagster.coco.validation.annotations import AnnotationChecks
from coco_dagster.coco.validation.categories import CategorySection, in_unit, read_categories
from coco_dagster.coco.validation.elements import (
    AnnotationEntry,
    BlockBuilder,
    EntryDecoder,
    ImageEntry,
)
from coco_dagster.coco.validation.findings import Findings
from coco_dagster.coco.validation.images import ImageTable
from coco_dagster.coco.validation.literals import LiteralFilter
from coco_dagster.coco.validation.sections import (
    BIG_SECTIONS,
    missing_sections,
    section_codes,
)
from coco_dagster.coco.validation.walk import (
    CHUNK_BYTES,
    CocoWalk,
    NotCocoError,
    SectionText,
    UnitEnd,
)
from coco_dagster.encord.byte_window import ByteWindow
from coco_dagster.encord.json_structure import JsonSyntaxError

Read = Callable[[memoryview], int]
OpenStream = Callable[[], AbstractContextManager[Read]]

_DETECTION_KEYS: Final = frozenset(("image_id", "category_id"))


class StreamReport(Struct):
    """What one stream holds and what is wrong with it.

    Attributes:
        findings: what was found.
        is_list: whether it is a list of COCO objects.
        coco_objects: number of them.
        images: number of entries, of all COCO objects.
        annotations: number of entries, of all COCO objects.
        categories: number of entries, of all COCO objects.
    """

    findings: Findings
    is_list: bool = False
    coco_objects: int = 0
    images: int = 0
    annotations: int = 0
    categories: int = 0


def check_stream(
    open_stream: OpenStream, max_affected: int, chunk_bytes: int = CHUNK_BYTES
) -> StreamReport:
    """Checks a stream.

    It is read twice where annotations come before the images that they are on, and once more where
    NaN or Infinity stand in it.

    Args:
        open_stream: opens it from the start.
        max_affected: places that are kept of each finding.
        chunk_bytes: how much is worked on at a time.

    Raises:
        JsonSyntaxError: it is not JSON.
        NotCocoError: it is JSON, but not COCO.
    """
    try:
        return _StreamChecks(max_affected, chunk_bytes).run(open_stream, lambda read: read)
    except JsonSyntaxError as error:
        filters: list[LiteralFilter] = []

        def filtered(read: Read) -> Read:
            filters.append(LiteralFilter(read))
            return filters[-1].readinto

        checks = _StreamChecks(max_affected, chunk_bytes)
        try:
            report = checks.run(open_stream, filtered)
        except JsonSyntaxError:
            if filters[0].count:
                raise
            raise error from None
        report.findings.add("nan_literal", filters[0].count, [])
        return report


class _StreamChecks:
    """The checks while a stream is walked through."""

    def __init__(self, max_affected: int, chunk_bytes: int) -> None:
        self._chunk_bytes = chunk_bytes
        self._findings = findings = Findings(max_affected)
        self._report = StreamReport(findings)
        self._images = ImageTable(findings)
        self._annotations = AnnotationChecks(findings, self._images)
        self._image_entries = BlockBuilder(EntryDecoder(ImageEntry, "image", findings), "image")
        self._annotation_entries = BlockBuilder(
            EntryDecoder(AnnotationEntry, "annotation", findings), "annotation"
        )
        self._sections: dict[int, CategorySection] = {}
        self._category_texts: list[bytes] = []
        self._has_images = False
        self._is_put_off = False

    def run(self, open_stream: OpenStream, filtered: Callable[[Read], Read]) -> StreamReport:
        buffer = bytearray()
        with open_stream() as read:
            walk = CocoWalk(ByteWindow(filtered(read), buffer), self._chunk_bytes)
            for event in walk:
                self._take(event)
        self._flush()
        if self._is_put_off:
            with open_stream() as read:
                for event in CocoWalk(ByteWindow(filtered(read), buffer), self._chunk_bytes):
                    self._take_put_off(event)
            self._flush()
        self._finish(walk)
        return self._report

    def _take(self, event: SectionText | UnitEnd) -> None:
        if isinstance(event, UnitEnd):
            self._end_unit(event)
            return
        for code in section_codes(event):
            self._findings.add(code, 1, [])
        if event.key == "images":
            self._has_images = True
        if event.kind != "array":
            return
        if event.key == "images":
            self._report.images += self._image_entries.add(event.text, event.unit)
            self._flush_images(self._chunk_bytes)
        elif event.key == "categories" and event.text.nbytes:
            self._category_texts.append(bytes(event.text))
        elif event.key == "annotations":
            self._take_annotations(event)

    def _take_annotations(self, event: SectionText) -> None:
        if not self._has_images:
            self._is_put_off = True
            return
        self._report.annotations += self._annotation_entries.add(event.text, event.unit)
        self._flush(self._chunk_bytes)

    def _take_put_off(self, event: SectionText | UnitEnd) -> None:
        """Takes the annotations for which it was too early in the first walk."""
        if isinstance(event, UnitEnd):
            self._has_images = False
        elif event.key == "images":
            self._has_images = True
        elif event.key == "annotations" and event.kind == "array" and not self._has_images:
            self._report.annotations += self._annotation_entries.add(event.text, event.unit)
            self._flush(self._chunk_bytes)

    def _end_unit(self, end: UnitEnd) -> None:
        if not set(BIG_SECTIONS) & set(end.keys):
            raise NotCocoError(_why_not_coco(end))
        self._has_images = False
        self._report.coco_objects += 1
        for code in missing_sections(end):
            self._findings.add(code, 1, [])
        section = read_categories(b",".join(self._category_texts))
        self._category_texts = []
        self._sections[end.unit] = section
        self._report.categories += section.count
        for code, found in section.findings.items():
            places = (in_unit(place, end.unit) for place in found.first)
            self._findings.add(code, found.count, places)

    def _flush_images(self, above: int = 0) -> None:
        if self._image_entries.bytes >= above:
            for block in self._image_entries.take():
                self._images.add(block)

    def _flush(self, above: int = 0) -> None:
        if self._annotation_entries.bytes < above:
            return
        self._flush_images()
        for block in self._annotation_entries.take():
            self._annotations.add(block)

    def _finish(self, walk: CocoWalk) -> None:
        report = self._report
        report.is_list = walk.is_list
        self._findings.add("byte_order_mark", int(walk.has_mark), [])
        if report.coco_objects and not report.annotations:
            is_missing = {"annotations_missing", "section_not_a_list"} & set(self._findings.by_code)
            self._findings.add("annotations_empty", int(not is_missing), [])
        self._annotations.finish(self._sections)
        # What they keep is not needed any more while the images are compared.
        del self._annotations
        self._images.finish()


def _why_not_coco(end: UnitEnd) -> str:
    if _DETECTION_KEYS.issubset(end.keys):
        return "it looks like a list of detections, which are no ground truth"
    return f"an object has none of the keys {', '.join(BIG_SECTIONS)}"
