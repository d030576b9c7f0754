"""Label rows that are put together wrongly: rows, files, frames, answers and placements."""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from tests.fuzz.fields import Mutation
from tests.fuzz.values import GONE, LONG, Change, always
from tests.label_rows import JSON


def renamed(*names: str) -> Change:
    """An object of which one key is called by one of the names, in its place."""

    def change(holder: Any, dice: Random) -> Any:
        if not isinstance(holder, dict) or not holder:
            return holder
        chosen, name = dice.choice(list(holder)), dice.choice(names)
        return {name if key == chosen else key: value for key, value in holder.items()}

    return change


def _copies(count: int) -> Change:
    """A list with many copies of one of its entries."""

    def change(entries: Any, dice: Random) -> Any:
        if not isinstance(entries, list) or not entries:
            return entries
        return [*entries, *[dice.choice(entries)] * count]

    return change


def within(key: str, change: Change) -> Change:
    """The change of one key's value."""

    def changed(holder: Any, dice: Random) -> Any:
        if not isinstance(holder, dict) or key not in holder:
            return holder
        value = change(holder[key], dice)
        return {k: v for k, v in holder.items() if k != key} | (
            {} if value is GONE else {key: value}
        )

    return changed


def _with(entry: Any) -> Change:
    """A list with one entry more, anywhere in it."""

    def change(entries: Any, dice: Random) -> Any:
        if not isinstance(entries, list):
            return entries
        at = dice.randint(0, len(entries))
        return [*entries[:at], entry, *entries[at:]]

    return change


def _shuffled(value: Any, dice: Random) -> Any:
    if isinstance(value, dict):
        return {key: value[key] for key in dice.sample(list(value), len(value))}
    return dice.sample(value, len(value)) if isinstance(value, list) else value


def _same_hash(objects: Any, _: Random) -> Any:
    if not isinstance(objects, list):
        return objects
    return [entry | {"objectHash": "same"} for entry in objects if isinstance(entry, dict)]


def _many_units(row: Any, dice: Random) -> Any:
    if not isinstance(row, dict):
        return row
    units = row.get("data_units")
    more = {f"more {n}": {"labels": {}, "width": 5, "height": 5} for n in range(300)}
    return row | {"data_units": (units if isinstance(units, dict) else {}) | more}


def _many_frames(labels: Any, _: Random) -> Any:
    frames: JSON = {str(n): {"objects": []} for n in range(3_000)}
    return frames | labels if isinstance(labels, dict) else labels


WHOLE: Final[Mapping[str, Change]] = {
    "row is null": always(None),
    "row is a list": always([1]),
    "row is a text": always("row"),
    "row is a number": always(0),
    "row is empty": always({}),
    "row has 300 files more": _many_units,
    "row has its keys in another order": _shuffled,
    "row has a key of 200 kB": lambda row, _: row | {LONG * 2: 1},
    "row is wrapped": lambda row, _: {"label_row": row},
    "row has a file in a file": lambda row, _: row | {"data_units": {"outer": row}},
    **{
        f"row says that it is {kind or 'nothing'}": within("data_type", always(kind))
        for kind in (
            "image",
            "img_group",
            "video",
            "dicom",
            "nifti",
            "group",
            "audio",
            "deleted",
            "IMAGE",
            "hologram",
            "",
        )
    },
}

_NAMES_OF_FRAMES: Final = {
    "negative": "-1",
    "with a zero before": "01",
    "a fraction": "1.5",
    "in another notation": "1e3",
    "with a space": " 1",
    "in Arabic digits": "\u0661",
    "a full-width digit": "\uff11",
    "in hexadecimal": "0x10",
    "empty": "",
    "a word": "null",
    "of 11 digits": "10000000000",
    "of 10 digits": "9999999999",
    "of 5,000 digits": "9" * 5_000,
    "of a stream": "camera#5",
    "a key of frames": "objects",
    "with a line break": "1\n",
    "a path": "../../1",
}

CONTAINERS: Final[Mapping[str, Mapping[str, Change]]] = {
    "labels": {
        **{f"frame key {name}": renamed(key) for name, key in _NAMES_OF_FRAMES.items()},
        "3,000 empty frames": _many_frames,
        "frames in another order": _shuffled,
        "frames in a list": lambda labels, _: list(labels.values()),
        "frames beside objects": lambda labels, _: {"objects": [], **labels},
        "frames beside null objects": lambda labels, _: {"objects": None, **labels},
        "objects beside frames": lambda labels, _: {"7": {"objects": []}, **labels},
        "labels within labels": lambda labels, _: {"labels": labels},
    },
    "frame": {
        "objects repeated": within("objects", _copies(1)),
        "100 copies of an object": within("objects", _copies(100)),
        "objects of one hash": within("objects", _same_hash),
        "objects in another order": within("objects", _shuffled),
        "null among objects": within("objects", _with(None)),
        "a list among objects": within("objects", _with([])),
        "a number among objects": within("objects", _with(1e9)),
        "an empty object among objects": within("objects", _with({})),
        "objects by number": within(
            "objects", lambda objects, _: {str(n): one for n, one in enumerate(objects)}
        ),
        "classification repeated": within("classifications", _copies(1)),
        "500 copies of a classification": within("classifications", _copies(500)),
        "null among classifications": within("classifications", _with(None)),
        "frame is null": always(None),
        "frame is a list": always([]),
        "frame is left out": always(GONE),
    },
    "unit": {
        "unit is null": always(None),
        "unit is a text": always("file"),
        "unit is a list": always([{}]),
        "unit is left out": always(GONE),
        "unit with signed links": lambda unit, _: (
            unit | {"data_link": "https://u:p@host/x?token=1#f"}
        ),
    },
    "space": {
        "space is null": always(None),
        "space is a list": always([]),
        "space is left out": always(GONE),
        "space with 5,000 files": lambda space, _: space | {"frames": [{}] * 5_000},
        "space with files of one name": lambda space, _: (
            space | {"frames": [{"data_uuid": "one"}] * 5}
        ),
        "space without a type": within("space_type", always(GONE)),
    },
}

_NAMES: Final = {
    "root": "root",
    "empty": "",
    "a path upwards": "../../evil",
    "an absolute path": "/etc/passwd",
    "a NUL": "a\0b",
    "200 kB long": LONG * 2,
    "half a surrogate pair": "\udc80",
    "quotes and brackets": 'a"]["b\\',
}

KEYS_OF_ROWS: Final[Mapping[str, Change]] = {
    f"{key}: a key is {name}": within(key, renamed(value))
    for key in (
        "data_units",
        "spaces",
        "object_answers",
        "object_actions",
        "classification_answers",
    )
    for name, value in _NAMES.items()
}


def _answer(value: Any) -> Change:
    return within("answers", always(value))


ANSWERS: Final[Mapping[str, Mapping[str, Change]]] = {
    "answer": {
        "answers with true": _answer(True),
        "answers with a number": _answer(5),
        "answers with 10^30": _answer(10**30),
        "answers with a text": _answer("red"),
        "answers with a text of 1 MB": _answer(LONG * 10),
        "answers with nothing": _answer([]),
        "answers with texts": _answer(["red", "blue"]),
        "answers with null in a list": _answer([None]),
        "answers with lists in a list": _answer([[]]),
        "answers with an empty option": _answer([{}]),
        "answers with an unknown option": _answer([{"featureHash": "?", "name": "?"}]),
        "answers twice with one option": within("answers", _copies(1)),
        "answers 1,000 times": within("answers", _copies(1_000)),
        "answers to another attribute": within("featureHash", always("colour")),
        "answers to a dynamic attribute": within("featureHash", always("state")),
        "answers to a relation": within("featureHash", always("#near")),
        "answer is null": always(None),
        "answer is a list": always([]),
        "answer is left out": always(GONE),
        "answer in an unknown space": lambda answer, _: answer | {"spaceId": "?"},
        "answer that says it is dynamic": lambda answer, _: (
            answer | {"dynamic": True, "range": [[0, 1]]}
        ),
    },
    "object answer": {
        "object answer is null": always(None),
        "object answer is a list": always([]),
        "object answer is left out": always(GONE),
        "object answers repeated": within("classifications", _copies(1)),
        "500 copies of an object answer": within("classifications", _copies(500)),
        "object answers in another order": within("classifications", _shuffled),
        "null among object answers": within("classifications", _with(None)),
        "object answer of an audio": lambda answer, _: answer | {"shape": "audio"},
    },
    "object action": {
        "object action is null": always(None),
        "object action is left out": always(GONE),
        "actions repeated": within("actions", _copies(1)),
        "2,000 copies of an action": within("actions", _copies(2_000)),
        "actions in another order": within("actions", _shuffled),
        "null among actions": within("actions", _with(None)),
    },
    "classification answer": {
        "classification answer is null": always(None),
        "classification answer is left out": always(GONE),
        "classification answers repeated": within("classifications", _copies(1)),
        "classification in an unknown space": within("spaces", always({"?": {"range": [[0, 5]]}})),
        "classification in a whole space": within("spaces", always({"clip": {"range": []}})),
        "classification on places in a text": within(
            "spaces", always({"clip": {"range": [[{"xpath": "/p"}, {"offset": 1}]]}})
        ),
        "classification on 5,000 frames": within("range", always([[100, 5_099]])),
    },
    "placement": {
        "placement is null": always(None),
        "placement is a text": always("w"),
        "placement is left out": always(GONE),
        "placement of an unknown classification": lambda label, _: (
            label | {"classificationHash": "?", "featureHash": "?"}
        ),
    },
    "row": {
        "answers for 1,000 unknown objects": lambda row, _: _more_answers(row, "object_answers"),
        "actions for 1,000 unknown objects": lambda row, _: _more_answers(row, "object_actions"),
        "1,000 classifications more": lambda row, _: _more_answers(row, "classification_answers"),
    },
}


def _more_answers(row: JSON, key: str) -> JSON:
    given = row.get(key)
    more: JSON = {f"unknown {n}": {"classifications": [], "actions": []} for n in range(1_000)}
    return row | {key: (given if isinstance(given, dict) else {}) | more}


def structure_mutations() -> list[Mutation]:
    """Everything above."""
    return [
        Mutation(name, kind, change)
        for tables in ({"row": WHOLE}, CONTAINERS, {"row": KEYS_OF_ROWS}, ANSWERS)
        for kind, changes in tables.items()
        for name, change in changes.items()
    ]
