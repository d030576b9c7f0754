"""Well-formed label rows to spoil, with the ontology that they belong to."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from tests.fuzz.places import places
from tests.fuzz.values import as_text
from tests.integration.random_rows import RowMaker
from tests.integration.shared_data import SHARED
from tests.label_rows import (
    JSON,
    action,
    answer,
    chosen,
    classified,
    dicom_unit,
    flat,
    group_row,
    image_unit,
    label_row,
    nifti_unit,
    object_actions,
    object_answers,
    placed,
    space,
    video_unit,
)
from tests.objects import box, drawn, every_shape, polygons, rectangle
from tests.ontologies import (
    checklist,
    classification_node,
    numeric,
    object_node,
    ontology,
    option,
    radio,
    text,
)

SAMPLE = Path(__file__).parents[2] / "definitions" / "sample"

_MANY_ROWS = 300
_FEW_ROWS = 12
_MEMBER = re.compile(r'"data_uuid": "([^"]*)"')

NODES = ontology(
    object_node(
        "bounding_box",
        radio("colour", option("red", text("shade")), "blue"),
        checklist("flags", "old", "wet"),
        text("note"),
        numeric("speed"),
        radio("state", "fast", "slow", dynamic=True),
        checklist("lights", "left", "right", dynamic=True),
        text("#near"),
    ),
    object_node("polygon", radio("kind", "field", "pond")),
    classifications=[
        classification_node("weather", radio("sky", "sun", option("rain", checklist("r", "x")))),
        classification_node("site", text("place"), level="global"),
    ],
)


class Corpus:
    """Label rows whose hashes differ, and their ontology.

    Attributes:
        name: what they are called.
        rows: label rows as they are read.
        ontology: their ontology as it is read.
        texts: text of each row.
    """

    def __init__(self, name: str, rows: list[JSON], ontology: JSON) -> None:
        self.name = name
        self.texts = [as_text(row) for row in rows]
        self.rows: list[JSON] = [json.loads(text) for text in self.texts]
        self.ontology: JSON = json.loads(json.dumps(ontology))
        self._kinds: dict[tuple[int, str], bool] = {}

    def has_place(self, position: int, kind: str) -> bool:
        """Whether the row at a position has a place of a kind."""
        key = (position, kind)
        if key not in self._kinds:
            self._kinds[key] = bool(places(self.rows[position], kind))
        return self._kinds[key]


@lru_cache
def built() -> Corpus:
    """A row of every modality, with every shape, every kind of answer and every placement."""
    frames = {0: flat(_objects(), [placed("w")]), 5: _objects(), "10": flat(_objects())}
    slices = {n: flat(_objects(), [placed("w")]) | {"metadata": _slice(n)} for n in range(3)}
    images = {f"g{n}": image_unit(_objects(), [placed("w")], data_sequence=n) for n in range(3)}
    rows = [
        label_row(_objects(), label_hash="photo", **_answers()),
        label_row(images, "img_group", "album", **_answers()),
        label_row({"v": video_unit(frames)}, "video", "film", **_answers()),
        label_row({"d": dicom_unit(slices)}, "dicom", "scan", **_answers()),
        label_row({"n": nifti_unit({3: _objects()})}, "nifti", "volume", **_answers()),
        _group(),
        label_row({"p": image_unit(_objects())}, "pdf", "paper", **_answers()),
        label_row({"s": {"labels": {}}}, "audio", "sound", **_answers()),
        label_row(_objects(), label_hash="draft", branch_name="draft"),
        label_row({"quiet": image_unit()}, label_hash="quiet"),
    ]
    return Corpus("built", rows, NODES)


def _objects() -> list[JSON]:
    people = {"createdBy": "ann@example.com", "lastEditedBy": "bob@example.com"}
    dates = {"createdAt": "Fri, 01 Dec 2023 10:30:02 GMT", "lastEditedAt": "2024-01-01 00:00:00"}
    hole = [rectangle(0.1, 0.1, 0.5, 0.5), rectangle(0.2, 0.2, 0.1, 0.1)]
    islands = polygons("islands", hole, [rectangle(0.7, 0.7, 0.2, 0.2)])
    return [
        *(shape | people | dates for shape in every_shape()),
        islands,
        box("car"),
        box("gone", isDeleted=True),
        box("other", featureHash="elsewhere"),
        drawn("hologram", "hologram", {}, "strange"),
    ]


def _answers() -> JSON:
    car = [
        answer("colour", chosen("red")),
        answer("shade", "dark"),
        answer("flags", chosen("wet", "old")),
        answer("note", 'says "so"'),
        answer("speed", 12.5),
        answer("#near", "polygon"),
    ]
    actions = [
        action("state", chosen("fast"), (0, 3), (5, 5)),
        action("state", chosen("slow"), (4, 8)),
        action("lights", chosen("left"), (0, 9)),
        action("lights", chosen("right"), (5, 9)),
    ]
    statics = {"car": car, "polygon": [answer("kind", chosen("pond"))], "orphan": car}
    sky = [answer("r", chosen("x")), answer("sky", chosen("rain"))]
    return {
        "object_answers": object_answers(statics) | {"hum": {"shape": "audio", "range": [[0, 5]]}},
        "object_actions": object_actions({"car": actions}),
        "classification_answers": classified("w", sky, range=[[0, 2]])
        | classified("everywhere", [answer("place", "quay")], "site"),
    }


def _slice(number: int) -> JSON:
    size = {"width": 64 + number, "height": 32}
    return {"dicom_instance_uid": f"1.2.{number}", "multiframe_frame_number": number} | size


def _group() -> JSON:
    size = {"width": 30, "height": 20}
    members = [{"data_uuid": f"u{n}", "data_title": f"{n}.png"} for n in range(3)]
    stack = [size | {"instance_uid": f"9.{n}", "file_name": f"{n}.dcm"} for n in range(3)]
    spaces = {
        "still": space("image", {0: _objects()}),
        "clip": space("video", {2: _objects()}, number_of_frames=9),
        "stack": space("medical_stack", {1: _objects()}) | {"frames": stack},
        "file": space("medical_file", {0: _objects()}, number_of_frames=2),
        "sequence": space("image_sequence", {0: _objects()}) | {"frames": members},
        "paper": space("pdf", {0: _objects()}),
    }
    answers = _answers()
    everywhere = answers["classification_answers"]["w"]
    everywhere |= {"range": [], "spaces": {"clip": {"type": "frame", "range": [[0, 3]]}}}
    return group_row(spaces, "group-row", **answers)


@lru_cache
def made(seed: int, rows: int) -> Corpus:
    """Rows from a seed: every modality, with strange names, answers and outlines."""
    maker = RowMaker(seed)
    return Corpus(f"made {seed}", maker.rows(rows), maker.ontology)


@lru_cache
def sample() -> Corpus:
    """The sample project."""
    return of_files("sample", SAMPLE / "labels.json", SAMPLE / "ontology.json")


@lru_cache
def shared() -> Sequence[Corpus]:
    """Label rows of the Encord SDK's own tests, where they are at hand."""
    folders = sorted((SHARED / "data" / "encord").glob("*"))
    return [of_files(path.name, path / "labels.json", path / "ontology.json") for path in folders]


@lru_cache
def small() -> Sequence[Corpus]:
    """A few rows each, for what can only be spoilt once in an export."""
    return [built(), sample(), *shared(), *(made(seed, _FEW_ROWS) for seed in range(8))]


@lru_cache
def large() -> Sequence[Corpus]:
    """Many rows each: an export of some hundred costs little more than one of a few."""
    repeated = [_repeated(built()), _repeated(sample())]
    return [*repeated, *(made(seed, _MANY_ROWS) for seed in range(100, 116))]


def _repeated(corpus: Corpus) -> Corpus:
    """The rows of a corpus over and over, each with hashes of its own."""
    times = _MANY_ROWS // len(corpus.rows)
    rows = [with_own_hashes(row, number) for number in range(times) for row in corpus.rows]
    return Corpus(f"{corpus.name} {times} times", rows, corpus.ontology)


def with_own_hashes(row: JSON, number: int) -> JSON:
    """The row with hashes of its own, and of its own files."""
    text = json.dumps(row)
    files = [name for key in ("data_units", "spaces") for name in row.get(key) or {}]
    for name in {row["label_hash"], row["data_hash"], *files, *_MEMBER.findall(text)}:
        text = text.replace(json.dumps(name), json.dumps(f"{name}-{number}"))
    own: JSON = json.loads(text)
    return own


def of_files(name: str, labels: Path, nodes: Path) -> Corpus:
    """Label rows of a file, an array or a single one."""
    rows = json.loads(labels.read_bytes())
    return Corpus(name, rows if isinstance(rows, list) else [rows], json.loads(nodes.read_bytes()))
