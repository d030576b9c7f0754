"""Entries of the big sections, decoded with nothing taken for granted."""

import json
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import numpy as np
from msgspec import UNSET, Raw, Struct

from coco_dagster.coco.validation.findings import EntryKind, Findings, Place
from coco_dagster.encord.json_structure import split_rows
from coco_dagster.encord.run_lengths import Ints


class Entry(Struct, gc=False):
    """An entry of a section; what is not there is UNSET."""

    id: Any = UNSET


class AnnotationEntry(Entry, gc=False):
    """An annotation."""

    image_id: Any = UNSET
    category_id: Any = UNSET
    bbox: Any = UNSET
    area: Any = UNSET
    iscrowd: Any = UNSET
    segmentation: Any = UNSET
    keypoints: Any = UNSET
    num_keypoints: Any = UNSET
    ignore: Any = UNSET
    score: Any = UNSET
    attributes: Raw | msgspec.UnsetType = UNSET


class ImageEntry(Entry, gc=False):
    """An image."""

    width: Any = UNSET
    height: Any = UNSET
    file_name: Any = UNSET
    license: Any = UNSET
    date_captured: Any = UNSET


class CategoryEntry(Entry, gc=False):
    """A category."""

    name: Any = UNSET
    supercategory: Any = UNSET
    keypoints: Any = UNSET
    skeleton: Any = UNSET


EntryT = TypeVar("EntryT", bound=Entry)
_OF_NUMBERS: Final = b"0123456789-., "


class Block(NamedTuple):
    """Entries of one section, of consecutive COCO objects.

    Attributes:
        entries: the entries that are objects.
        indices: position of each in its section.
        units: position of the COCO object of each.
        kind: what they are.
    """

    entries: list[Any]
    indices: Ints
    units: Ints
    kind: EntryKind

    def column(self, name: str) -> list[Any]:
        """The values of one key."""
        return list(map(attrgetter(name), self.entries))

    def place(self, position: int) -> Place:
        """Where an entry of the block stands."""
        identity = self.entries[position].id
        shown = identity if type(identity) in (int, float, str) else None
        return Place(self.kind, shown, int(self.indices[position]), int(self.units[position]))


class EntryDecoder:
    """Decodes the entries of one section."""

    def __init__(self, entry_type: type[Entry], kind: EntryKind, findings: Findings) -> None:
        """Prepares decoding.

        Args:
            entry_type: what to make of an entry.
            kind: what the entries are.
            findings: where entries go that are not objects or cannot be read.
        """
        self._kind: EntryKind = kind
        self._type = entry_type
        self._findings = findings
        self._all = msgspec.json.Decoder(list[entry_type])  # type: ignore[valid-type]
        self._one = msgspec.json.Decoder(entry_type)
        self._keys = entry_type.__struct_fields__
        self._quoted = [b'"%s"' % key.encode() for key in self._keys]

    def decode(self, text: bytes, unit: int, first_index: int) -> tuple[list[Any], Sequence[int]]:
        """Decodes whole elements of an array.

        Args:
            text: the elements, with the commas between them.
            unit: position of their COCO object.
            first_index: position of the first one in its section.

        Returns:
            The entries, and the position of each element that is one; and, last, the position
            behind all of them.
        """
        try:
            entries = self._all.decode(b"[%s]" % text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._decode_singly(text, unit, first_index)
        self._find_duplicate_keys(text, entries, unit, first_index)
        return entries, range(first_index, first_index + len(entries) + 1)

    def _decode_singly(
        self, text: bytes, unit: int, first_index: int
    ) -> tuple[list[Any], Sequence[int]]:
        entries = []
        indices = []
        index = first_index
        for raw in _elements(text):
            entry = self._decode_one(raw, Place(self._kind, None, index, unit))
            if entry is not None:
                entries.append(entry)
                indices.append(index)
                self._find_duplicate_key(raw, entry, index, unit)
            index += 1
        return entries, [*indices, index]

    def _decode_one(self, raw: bytes, place: Place) -> Any:
        try:
            return self._one.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            # Numbers beyond doubles are a ValidationError too.
            is_text_fault = not isinstance(error, msgspec.ValidationError | RecursionError)
        try:
            value = json.loads(raw.decode("utf-8", "replace"))
        except RecursionError:
            self._findings.add("nested_too_deep", 1, [place])
            return None
        if not isinstance(value, dict):
            self._findings.add("entry_not_an_object", 1, [place])
            return None
        if is_text_fault:
            self._findings.add("text_not_unicode", 1, [place])
        known = {key: value[key] for key in self._keys if key in value}
        if "attributes" in known:
            known["attributes"] = Raw(json.dumps(known["attributes"]).encode())
        return self._type(**known)

    def _find_duplicate_keys(
        self, text: bytes, entries: Sequence[Any], unit: int, first_index: int
    ) -> None:
        # As a rule each entry has each key once: only where one stands more often than there are
        # entries it is worth looking for one that has it twice. Numbers are most of the text, and
        # no key has any of their characters.
        names, most = text.translate(None, _OF_NUMBERS), len(entries)
        if all(names.count(key) <= most or text.count(key) <= most for key in self._quoted):
            return
        for place, (raw, entry) in enumerate(zip(_elements(text), entries, strict=True)):
            self._find_duplicate_key(raw, entry, first_index + place, unit)

    def _find_duplicate_key(self, raw: bytes, entry: Any, index: int, unit: int) -> None:
        if all(raw.count(quoted) < 2 for quoted in self._quoted):
            return
        keys: list[str] = []

        def keep_keys(pairs: list[tuple[str, Any]]) -> None:
            # The outermost object comes last.
            keys[:] = [key for key, _ in pairs]

        json.loads(raw.decode("utf-8", "replace"), object_pairs_hook=keep_keys)
        if len(keys) != len(set(keys)):
            place = Block([entry], np.array([index]), np.array([unit]), self._kind).place(0)
            self._findings.add("duplicate_key", 1, [place])


def _elements(text: bytes) -> Iterable[bytes]:
    frame = bytearray(b"[%s]" % text)
    return [bytes(element) for element in split_rows(memoryview(frame), "array")]


class BlockBuilder:
    """Gathers the entries of a section until there are enough of them to work on."""

    def __init__(self, decoder: EntryDecoder, kind: EntryKind) -> None:
        """Starts without entries."""
        self.bytes = 0
        self._decoder = decoder
        self._kind: EntryKind = kind
        self._entries: list[Any] = []
        self._indices: list[Ints] = []
        self._units: list[Ints] = []
        self._next_index = 0
        self._unit = -1

    def add(self, text: memoryview, unit: int) -> int:
        """Adds whole elements of an array and returns how many they are."""
        if unit != self._unit:
            self._unit, self._next_index = unit, 0
        if not text.nbytes:
            return 0
        entries, indices = self._decoder.decode(bytes(text), unit, self._next_index)
        count = indices[-1] - self._next_index
        self._next_index = indices[-1]
        self._entries.extend(entries)
        self._indices.append(np.array(indices[:-1], np.int64))
        self._units.append(np.full(len(entries), unit, np.int64))
        self.bytes += text.nbytes
        return count

    def take(self) -> Iterator[Block]:
        """Yields what was gathered, if anything, and starts anew."""
        if self._entries:
            indices, units = np.concatenate(self._indices), np.concatenate(self._units)
            yield Block(self._entries, indices, units, self._kind)
        self._entries, self._indices, self._units, self.bytes = [], [], [], 0
