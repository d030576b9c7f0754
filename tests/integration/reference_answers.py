"""Attributes as the contract wants them, one annotation and one frame at a time."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


class Answers:
    """Answers of label rows to the attributes of an ontology."""

    def __init__(self, ontology: Json) -> None:
        self._objects = {node["featureNodeHash"]: node for node in ontology["objects"]}
        self._classifications = ontology.get("classifications") or []
        self._keys: dict[tuple[str, str | None], str] = {}
        for node in ontology["objects"]:
            self._name_keys(node.get("attributes") or [])
        self._name_keys([node["attributes"][0] for node in self._classifications])

    def _name_keys(self, attributes: list[Json]) -> None:
        """Keys of attributes and options; what occurs twice bears the name of its attribute."""
        entries: list[tuple[str, str | None, str, str]] = []
        for node in _with_nested(attributes):
            if _is_relation(node):
                continue
            name, own = node["name"], node["featureNodeHash"]
            if node["type"] != "checklist":
                entries.append((own, None, name, name))
                continue
            options = node["options"]
            entries += [(own, one["featureNodeHash"], name, one["label"]) for one in options]
        counts = Counter(key for *_, key in entries)
        written: Counter[str] = Counter()
        for own, option_hash, name, key in entries:
            long = key if counts[key] == 1 else f"{name}/{key}"
            written[long] += 1
            self._keys[own, option_hash] = (
                long if written[long] == 1 else f"{long} ({written[long]})"
            )

    def of_object(self, row: Json, frame: int, space: str | None, entry: Json) -> Json:
        """`classifications` of an annotation, and its relations."""
        object_hash = entry["objectHash"]
        static = (row["object_answers"].get(object_hash) or {}).get("classifications") or []
        actions = (row["object_actions"].get(object_hash) or {}).get("actions") or []
        standing = [
            action
            for action in actions
            if action.get("spaceId") in (None, space) and _covers(action["range"], frame)
        ]
        given: dict[str, list[Json]] = {}
        for answer in [*static, *standing]:
            given.setdefault(answer["featureHash"], []).append(answer)
        attributes = _ordered(self._objects[entry["featureHash"]].get("attributes") or [])
        found: Json = {"classifications": {}}
        for node in attributes:
            if _is_relation(node):
                if answers := given.get(node["featureNodeHash"]):
                    found |= (
                        {node["name"]: answers[-1]["answers"]} if answers[-1]["answers"] else {}
                    )
            else:
                found["classifications"] |= self._written(node, given, required=True)
        return found

    def of_frame(self, row: Json, frame: int, place: Any) -> Json:
        """`encord.classifications` of an image."""
        found: Json = {}
        for node in self._classifications:
            standing = self._standing(row, frame, place, node)
            if standing is None:
                continue
            record = row["classification_answers"].get(standing) or {}
            given: dict[str, list[Json]] = {}
            for answer in record.get("classifications") or []:
                given.setdefault(answer["featureHash"], []).append(answer)
            found |= self._written(node["attributes"][0], given, required=True)
        return found

    def _standing(self, row: Json, frame: int, place: Any, node: Json) -> str | None:
        """Hash of the classification of this kind on a frame."""
        found: str | None = None
        drawn = {
            entry["classificationHash"]: entry
            for entry in place.labels.get("classifications") or []
        }
        for name, record in row["classification_answers"].items():
            feature = record.get("featureHash") or drawn.get(name, {}).get("featureHash")
            roots = [answer["featureHash"] for answer in record["classifications"]]
            if feature is None and node["attributes"][0]["featureNodeHash"] in roots:
                feature = node["featureNodeHash"]
            if feature != node["featureNodeHash"]:
                continue
            if name in drawn or self._reaches(record, frame, place.space, node):
                found = name
        for name, entry in drawn.items():
            if entry["featureHash"] == node["featureNodeHash"]:
                found = name
        return found

    def _reaches(self, record: Json, frame: int, space: str | None, node: Json) -> bool:
        if node.get("level") == "global" and not record.get("range"):
            return True
        ranges, spaces = record.get("range") or [], record.get("spaces") or {}
        if space in (None, "root") and _covers(ranges, frame):
            return True
        return space in spaces and (
            not spaces[space]["range"] or _covers(spaces[space]["range"], frame)
        )

    def frames_with_ranges(self, row: Json, space: str | None) -> set[int]:
        """Frames that classifications stand on by their ranges."""
        numbers: set[int] = set()
        for record in row["classification_answers"].values():
            ranges = record.get("range") or [] if space is None else []
            ranges = ranges + (record.get("spaces") or {}).get(space, {}).get("range", [])
            for first, last in ranges:
                numbers |= set(range(first, last + 1))
        return numbers

    def _written(self, node: Json, given: dict[str, list[Json]], *, required: bool) -> Json:
        """An attribute and what is answered below its chosen option."""
        own = node["featureNodeHash"]
        answers = given.get(own, [])
        value = answers[-1]["answers"] if answers else None
        is_answered = bool(value) if node["type"] == "radio" else bool(answers)
        if not is_answered and (not required or node.get("archived")):
            return {}
        if node["type"] == "checklist":
            chosen = {one["featureHash"] for answer in answers for one in answer["answers"]}
            return {
                self._keys[own, option["featureNodeHash"]]: option["featureNodeHash"] in chosen
                for option in node["options"]
            }
        if node["type"] != "radio":
            return {self._keys[own, None]: value}
        (option,) = [
            option
            for option in node["options"]
            if value and option["featureNodeHash"] == value[0]["featureHash"]
        ] or [None]
        found: Json = {self._keys[own, None]: option and option["label"]}
        for nested in (option or {}).get("options") or []:
            found |= self._written(nested, given, required=False)
        return found


def _is_relation(node: Json) -> bool:
    is_relation: bool = node["name"].startswith("#")
    return is_relation


def _ordered(attributes: list[Json]) -> list[Json]:
    """Static attributes, then dynamic ones."""
    return sorted(attributes, key=lambda node: bool(node.get("dynamic")))


def _with_nested(attributes: list[Json]) -> Iterator[Json]:
    for node in attributes:
        yield node
        for option in node.get("options") or []:
            yield from _with_nested(option.get("options") or [])


def _covers(ranges: list[list[int]], frame: int) -> bool:
    return any(first <= frame <= last for first, last in ranges)
