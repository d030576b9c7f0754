"""Label rows of every kind, and what is left of them when some of it is spoilt."""

import random
from typing import Any

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
    object_actions,
    object_answers,
    placed,
    space,
    video_unit,
)
from tests.objects import box, every_shape, polygons
from tests.ontologies import (
    checklist,
    classification_node,
    object_node,
    ontology,
    option,
    radio,
    text,
)

NODES = ontology(
    object_node(
        "bounding_box",
        radio("colour", option("red", text("shade")), "blue"),
        checklist("flags", "old", "wet"),
        radio("speed", "fast", "slow", dynamic=True),
        text("rel", name="#relation"),
    ),
    classifications=[classification_node("weather", radio("sky", "sun", "rain"))],
)
SPOILS: tuple[Any, ...] = (
    None,
    True,
    5,
    -1,
    1.5,
    10**30,
    1e308,
    "",
    "x",
    "5",
    [],
    {},
    [None],
    {"0": None},
    [[]],
)


def every_kind_of_row() -> list[JSON]:
    """Rows of every modality with every shape, attribute and placement.

    Each holds eleven objects that can be exported for each of its frames, but for the last two.
    """
    ring = [[0.1, 0.1, 0.5, 0.1, 0.1, 0.5], [0.2, 0.2, 0.3, 0.2, 0.2, 0.3]]
    objects = [
        *every_shape(),
        polygons("with a hole", ring),
        box("deleted", isDeleted=True),
        box("strange", shape="hologram"),
        box("unknown", featureHash="gone"),
    ]
    given = [
        answer("colour", chosen("red")),
        answer("shade", "dark"),
        answer("flags", chosen("wet")),
        answer("rel", "polygon"),
    ]
    moving = action("speed", chosen("fast"), (0, 3))
    facts: JSON = {
        "object_answers": object_answers({"bounding_box": given})
        | {"sound": {"shape": "audio", "range": [[0, 5]]}},
        "object_actions": object_actions({"bounding_box": [moving]}),
        "classification_answers": classified("w", [answer("sky", chosen("sun"))], range=[[0, 2]]),
    }
    size = {"width": 9, "height": 9}
    metadata = {"dicom_instance_uid": "1.2"} | size
    spaces = {
        "s1": space("image", {0: objects}),
        "s2": space("medical_stack", {0: objects}, frames=[size | {"instance_uid": "1"}]),
        "s3": space("image_sequence", {0: objects}, frames=[{"data_uuid": "u"}]),
        "s4": space("pdf", {0: objects}),
    }
    frames = {0: objects, 5: flat(objects, [placed("w")])}
    units = {f"g{n}": image_unit(objects, data_sequence=n) for n in range(2)}
    return [
        label_row(objects, label_hash="1", **facts),
        label_row({"v": video_unit(frames)}, "video", "2", **facts),
        label_row({"d": dicom_unit({0: flat(objects) | {"metadata": metadata}})}, "dicom", "3"),
        group_row(spaces, "4", **facts),
        label_row(units, "img_group", "5", **facts),
        label_row(objects, "pdf", "6"),
        label_row(objects, label_hash="7", branch_name="x"),
        label_row([box("b")], label_hash="1", last_edited_at="2020-01-01 00:00:00"),
        label_row([box("b")], label_hash=None),
    ]


def spoil(value: Any, dice: random.Random, share: float) -> Any:
    """The same JSON with some of its values replaced, left out, repeated, or under another key.

    Args:
        value: any JSON.
        dice: decides.
        share: of the values that are replaced, and so on for the others.
    """
    if dice.random() < share:
        return dice.choice(SPOILS)
    if isinstance(value, dict):
        return {
            key if dice.random() > share else dice.choice(["", "01", "-1", "x", "5"]): spoil(
                entry, dice, share
            )
            for key, entry in value.items()
            if dice.random() > share
        }
    if isinstance(value, list):
        entries = [spoil(entry, dice, share) for entry in value if dice.random() > share]
        return entries + entries[:1] if dice.random() < 2 * share else entries
    return value
