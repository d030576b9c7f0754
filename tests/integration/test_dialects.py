"""The same labels in the three dialects of Encord's label rows, made by Encord's own SDK."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.subjects import encord_python
from tests.exports import Export, export_files
from tests.integration.comparison import check_against_reference
from tests.integration.promises import check_promises
from tests.integration.shared_data import SHARED, WHY_SKIPPED
from tests.label_rows import JSON

TOOL = SHARED / "tools" / "sdk_label_rows.py"
MAKER = Path(__file__).with_name("sdk_dialects.py")
DIALECTS = ["sdk", "sdk-frames", "editor"]
SEEDS = [1, 2, 3]
OPTIONS = ["--images", "120", "--objects", "3", "--size", "160x120", "--frames", "12"]
OPTIONS += ["--mix", "image=3,img_group=2,video=4,dicom=1,nifti=1"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.peers,
    pytest.mark.shared_data,
    pytest.mark.skipif(not TOOL.exists(), reason=WHY_SKIPPED),
    pytest.mark.xdist_group("dialects"),
]


class Generated(NamedTuple):
    """Label rows of one dialect and their export."""

    labels: Path
    rows: list[JSON]
    ontology: JSON
    exported: Export


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each seed with its label rows in all dialects."""
    python = encord_python()
    if python is None:
        pytest.skip("the environment with Encord's SDK cannot be made")
    folder = tmp_path_factory.mktemp("dialects")
    seeds = ",".join(map(str, SEEDS))
    command = [str(python), "-P", str(MAKER), str(TOOL), str(folder), seeds, *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


@pytest.fixture(scope="module")
def generated(folder: Path) -> Callable[[int, str], Generated]:
    """Label rows of a seed in a dialect; they are exported once."""

    @cache
    def export(seed: int, dialect: str) -> Generated:
        made = folder / str(seed)
        labels, ontology = made / f"{dialect}.json", made / "ontology.json"
        exported = export_files(labels, ontology, made / "exports" / dialect)
        rows, given = json.loads(labels.read_bytes()), json.loads(ontology.read_bytes())
        return Generated(labels, rows, given, exported)

    return export


every_seed = pytest.mark.parametrize("seed", SEEDS)
every_dialect = pytest.mark.parametrize("dialect", DIALECTS)


@every_seed
@every_dialect
def test_export_keeps_its_promises(
    generated: Callable[[int, str], Generated], seed: int, dialect: str
) -> None:
    made = generated(seed, dialect)

    check_promises(made.exported, made.rows, made.labels)
    assert made.exported.rejected == made.exported.skipped == []


@every_seed
@every_dialect
def test_export_is_what_the_plain_reference_makes(
    generated: Callable[[int, str], Generated], seed: int, dialect: str
) -> None:
    made = generated(seed, dialect)

    check_against_reference(made.exported, made.rows, made.ontology)


@every_dialect
def test_label_rows_hold_every_shape_and_kind_of_data(
    generated: Callable[[int, str], Generated], dialect: str
) -> None:
    made = [generated(seed, dialect) for seed in SEEDS]

    kinds = Counter(row["data_type"] for given in made for row in given.rows)
    assert set(kinds) == {"image", "img_group", "video", "dicom", "nifti"}
    shapes = {
        entry["id"]: entry["supercategory"] for given in made for entry in given.exported.categories
    }
    drawn = {shapes[entry["category_id"]] for given in made for entry in given.exported.annotations}
    assert drawn == set(shapes.values())


@every_seed
def test_frame_classifications_on_frames_or_by_range_are_the_same(
    generated: Callable[[int, str], Generated], seed: int
) -> None:
    by_range, on_frames = (generated(seed, name).exported for name in ("sdk", "sdk-frames"))

    assert without_version(by_range.coco) == without_version(on_frames.coco)
    assert by_range.codes() == on_frames.codes()


@every_seed
def test_the_editor_differs_only_in_what_a_dialect_knows(
    generated: Callable[[int, str], Generated], seed: int
) -> None:
    """Its DICOM slices have metadata; its answers may bear no hash of their classification.

    Where such an answer stands on no frame and answers nothing either, no one can tell what it was.
    """
    sdk, editor = (generated(seed, name) for name in ("sdk", "editor"))

    assert editor.exported.annotations == sdk.exported.annotations
    assert editor.exported.categories == sdk.exported.categories
    nameless = {
        row["label_hash"]
        for row in editor.exported.findings
        if row["code"] == "unknown_classification"
    }
    for ours, theirs in zip(editor.exported.images, sdk.exported.images, strict=True):
        given, expected = (image["encord"]["classifications"] for image in (ours, theirs))
        if ours["encord"]["label_hash"] in nameless:
            expected = {name: value for name, value in expected.items() if name in given or value}
        assert given == expected
        assert is_named_by_slice(ours) or ours["file_name"] == theirs["file_name"]
        assert comparable(ours) == comparable(theirs)
    notes = editor.exported.codes() - sdk.exported.codes()
    assert set(notes) <= {"unknown_classification"}


def without_version(coco: JSON) -> JSON:
    """A COCO file without the export id, which stands for the bytes of the label rows."""
    return coco | {"info": coco["info"] | {"version": None}}


def is_named_by_slice(image: JSON) -> bool:
    """Whether a DICOM slice is named by its metadata, which the SDK does not write."""
    return image["encord"]["data_type"] == "dicom" and "/1.2.840." in image["file_name"]


def comparable(image: JSON) -> JSON:
    """An image without what the test looks at apart: its file name and its classifications."""
    encord = {key: value for key, value in image["encord"].items() if key != "classifications"}
    return image | {"file_name": None, "encord": encord}
