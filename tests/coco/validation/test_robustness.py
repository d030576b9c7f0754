"""Whatever stands in a file, the validator says something sensible."""

import copy
import json
import math
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coco_dagster.coco.validation import ValidationReport, validate_coco
from coco_dagster.errors import SourceError
from tests.coco.validation.coco_files import compressed, instances, keypoints, mask

SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
ODD_VALUES: list[Any] = [
    None,
    True,
    "",
    "x",
    "\ud800",
    0,
    -1,
    2**63,
    -(2**63),
    2**64,
    10**400,
    1.5,
    1e308,
    math.nan,
    -math.inf,
    [],
    {},
    [[]],
    [None],
    [{}],
    [[[]]],
    [1, 2],
    [[1, 2, 3, 4, 5, 6, 7]],
    [[1e308] * 8],
    [[1e200, -1e200, 1e200, 1e200, -1e200, 0, 5, 5]],
    [[0, 0, 9, 9, 9, 0, 0, 9]],
    [[0, 0, 9, 0, 9, 9, 0, 9], [1, 1, 2, 1, 2, 2]],
    [0, 0, 0, 0],
    [1e308, 1e308, 1e308, 1e308],
    mask([]),
    mask(""),
    mask("0"),
    mask(compressed([0, 10000])),
    mask([2**40, 1], -1, 2**62),
    mask([0.5]),
    {"counts": {}, "size": []},
    {"size": [1e400, 1]},
    {"id": 1, "image_id": 1, "category_id": 1},
]


def nodes(value: Any) -> list[tuple[Any, Any]]:
    """Every place in nested lists and objects, as a container and a key."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    here = [(value, key) for key in keys]
    return here + [
        node for key in keys if isinstance(value[key], list | dict) for node in nodes(value[key])
    ]


@st.composite
def odd_files(draw: st.DrawFn) -> str:
    coco = draw(st.sampled_from([instances, keypoints]))()
    for _ in range(draw(st.integers(1, 6))):
        if not (places := nodes(coco)):
            break
        container, key = draw(st.sampled_from(places))
        value = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
        if draw(st.booleans()):
            container[key] = value
        elif isinstance(container, dict):
            container.pop(key)
        else:
            container.insert(key, value)
    root = draw(st.sampled_from([coco, coco, coco, [coco], [coco, instances()]]))
    return json.dumps(root)


def said_of(path: Path) -> ValidationReport | str:
    """The report, or why there is none."""
    try:
        return validate_coco(path)
    except SourceError as error:
        return str(error)


@SHARED_FOLDER
@given(odd_files())
def test_odd_files_are_reported_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "coco.json"
    path.write_text(text)
    said = said_of(path)
    if isinstance(said, str):
        assert f"{path} is not a COCO file" in said
        return
    for found in said.findings:
        assert found.count >= max(len(found.affected), 1)


@SHARED_FOLDER
@given(st.data())
def test_damaged_files_are_reported_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    text = json.dumps(keypoints()).encode()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        put = data.draw(st.binary(max_size=2))
        text = text[:place] + put + text[place + data.draw(st.integers(0, 2)) :]
    path = tmp_path / "coco.json"
    path.write_bytes(text)
    said = said_of(path)
    assert not isinstance(said, str) or str(path) in said
