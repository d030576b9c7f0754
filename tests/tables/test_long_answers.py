"""Long answers are left out of label rows that would repeat them too often, and of no others."""

import pytest

from coco_dagster.tables.long_answers import LONG
from tests.label_rows import JSON, answer, object_answers, video_row
from tests.normalised import normalised
from tests.objects import box
from tests.ontologies import object_node, ontology, text

NODES = ontology(object_node("bounding_box", text("note")))
FRAMES = 20


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for eleven times a text that is just long."""
    monkeypatch.setattr("coco_dagster.tables.long_answers.MAX_REPEATED", 11 * (LONG + 1))


def video(label_hash: str, words: str, frames: int = FRAMES, **others: str) -> JSON:
    """A video with an object on each of its frames."""
    answers = {"o": [answer("note", words)]} | {
        name: [answer("note", said)] for name, said in others.items()
    }
    objects = [box(name) for name in answers]
    return video_row(
        dict.fromkeys(range(frames), objects), label_hash, object_answers=object_answers(answers)
    )


def answers_of(tables: dict[str, list[JSON]]) -> dict[tuple[str, str], int]:
    return {(row["label_hash"], row["owner_hash"]): len(row["text"]) for row in tables["answers"]}


def test_a_long_answer_on_too_many_frames_is_left_out_and_told() -> None:
    tables = normalised(video("row", "x" * (LONG + 1), p="short"), nodes=NODES)
    assert answers_of(tables) == {("row", "p"): 5}
    (finding,) = tables["findings"]
    assert (finding["code"], finding["outcome"]) == ("long_answer", "note")
    assert (finding["label_hash"], finding["object_hash"]) == ("row", "o")
    assert len(tables["annotations"]) == 2 * FRAMES


@pytest.mark.parametrize(
    ("length", "frames"), [(LONG, FRAMES), (LONG + 1, 11), (3, FRAMES)], ids=str
)
def test_an_answer_that_comes_to_less_is_kept(length: int, frames: int) -> None:
    tables = normalised(video("row", "x" * length, frames), nodes=NODES)
    assert answers_of(tables) == {("row", "o"): length}
    assert tables["findings"] == []


def test_other_label_rows_keep_their_answers() -> None:
    rows = (video("long", "x" * (LONG + 1)), video("few frames", "y" * (LONG + 1), frames=2))
    tables = normalised(*rows, nodes=NODES)
    assert answers_of(tables) == {("few frames", "o"): LONG + 1}
