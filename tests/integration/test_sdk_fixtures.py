"""Label rows of the Encord SDK's own tests, exported and compared with what the SDK's exporter made
of them: every difference is one of the table below, and nothing else differs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.exports import Export, export_files
from tests.integration.comparison import check_against_reference
from tests.integration.promises import check_promises
from tests.integration.reference import Reference
from tests.integration.reference_shapes import DRAWN
from tests.integration.shared_data import WHY_SKIPPED, folders
from tests.label_rows import JSON

ABSENT = "<absent>"
FOLDERS = folders("data/encord")

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not FOLDERS[0].exists(), reason=WHY_SKIPPED),
    pytest.mark.xdist_group("sdk fixtures"),
]


@dataclass(frozen=True)
class Case:
    """A folder of label rows with their export and what the SDK made of them."""

    rows: list[JSON]
    ontology: JSON
    labels: Path
    exported: Export
    theirs: JSON | None


@pytest.fixture(scope="module")
def case_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Case]:
    @cache
    def case(folder: Path) -> Case:
        labels, ontology = folder / "labels.json", folder / "ontology.json"
        out = tmp_path_factory.mktemp("export") / "coco"
        exported = export_files(labels, ontology, out)
        expected = folder / "expected_sdk_coco.json"
        theirs = json.loads(expected.read_bytes()) if expected.exists() else None
        rows = json.loads(labels.read_bytes())
        return Case(rows, json.loads(ontology.read_bytes()), labels, exported, theirs)

    return case


@pytest.fixture
def case(folder: Path, case_of: Callable[[Path], Case]) -> Case:
    return case_of(folder)


def name_of(folder: Path) -> str:
    return folder.name.split("__")[0]


every_folder = pytest.mark.parametrize("folder", FOLDERS, ids=name_of)


@every_folder
def test_export_keeps_its_promises(case: Case) -> None:
    check_promises(case.exported, case.rows, case.labels)


@every_folder
def test_export_is_what_the_plain_reference_makes(case: Case) -> None:
    check_against_reference(case.exported, case.rows, case.ontology)


class Found(NamedTuple):
    """A value that differs.

    Attributes:
        path: its place; an annotation is named by its object and frame, an image by its file name,
            a category by its name.
        ours: ours, or `ABSENT`.
        theirs: theirs, or `ABSENT`.
        node: our image, annotation or category that it belongs to, or theirs if we have none.
        case: the label rows.
    """

    path: str
    ours: Any
    theirs: Any
    node: JSON
    case: Case


@dataclass(frozen=True)
class Intended:
    """A difference that is meant: where, by which section of the contract, and how it looks."""

    path: str
    section: str
    reason: str
    holds: Callable[[Found], bool]


def shape_of(found: Found) -> str:
    """Shape of an annotation's category."""
    shapes = {entry["id"]: entry["supercategory"] for entry in found.case.exported.categories}
    return str(shapes[found.node["category_id"]])


def is_as_in_reference(found: Found) -> bool:
    """Whether ours is what the plain reference computes from the label row, and theirs is not."""
    number, *keys = found.node["id"], *found.path.split("/")[2:]
    expected: Any = Reference(found.case.rows, found.case.ontology).annotations()[number]
    for key in keys:
        expected = expected[key]
    if isinstance(expected, list):
        return bool(found.ours == _approximately(expected)) and found.theirs != expected
    return bool(found.ours == expected != found.theirs)


def _approximately(value: Any) -> Any:
    if value and isinstance(value[0], list):
        return [_approximately(inner) for inner in value]
    return pytest.approx(value, abs=1e-9)


def zeroed_where_invisible(found: Found) -> bool:
    """Whether ours are their keypoints with 0, 0, 0 for each that is not labelled."""
    expected: list[float] = []
    for x, y, v in zip(found.theirs[::3], found.theirs[1::3], found.theirs[2::3], strict=True):
        expected += [x, y, v] if v else [0, 0, 0]
    return bool(found.ours == expected != found.theirs)


INTENDED = [
    Intended(
        "info/description",
        "3",
        "the titles of the datasets, not of the first file",
        lambda f: (f.ours, f.theirs) == (f.case.rows[0]["dataset_title"], _title(f.case)),
    ),
    Intended("info/contributor", "3", "no nulls", lambda f: (f.ours, f.theirs) == ("Encord", None)),
    Intended("info/url", "3", "no nulls", lambda f: (f.ours, f.theirs) == ("", None)),
    Intended(
        "info/date_created",
        "3",
        "when the newest label row was edited",
        lambda f: f.theirs is None and f.ours.endswith("Z"),
    ),
    Intended(
        "info/year",
        "3",
        "the year of that date",
        lambda f: (
            f.theirs is None and str(f.ours) == f.case.exported.coco["info"]["date_created"][:4]
        ),
    ),
    Intended(
        "info/version",
        "3",
        "the export id",
        lambda f: f.theirs is None and f.ours == f.case.exported.manifest["export_id"],
    ),
    Intended(
        "licenses",
        "2",
        "always a list: streaming readers need the section",
        lambda f: (f.ours, f.theirs) == ([], ABSENT),
    ),
    Intended(
        "categories/*",
        "4",
        "what cannot appear in an image has no category",
        lambda f: f.ours == ABSENT and f.theirs["supercategory"] not in DRAWN,
    ),
    Intended(
        "categories/*/keypoints",
        "4",
        "a list of names, as COCO has it, not one text",
        lambda f: (
            (f.ours, f.theirs, f.node["supercategory"]) == (["keypoint"], "keypoint", "point")
        ),
    ),
    Intended(
        "categories/*/keypoints",
        "4",
        "skeletons name their points",
        lambda f: f.theirs == ABSENT and f.node["supercategory"] == "skeleton",
    ),
    Intended(
        "categories/*/skeleton",
        "4",
        "skeletons list their edges",
        lambda f: f.theirs == ABSENT and f.node["supercategory"] == "skeleton",
    ),
    Intended(
        "images/*/coco_url",
        "5",
        "no Encord file is hosted by COCO, and a signed link is a secret",
        lambda f: f.ours == "" != f.theirs,
    ),
    Intended(
        "images/*/image_title",
        "5",
        "the title of the file, for every modality",
        lambda f: (f.ours, f.theirs) == (_title(f.case), ABSENT),
    ),
    Intended(
        "images/*/encord",
        "5",
        "where the image comes from, and its frame classifications",
        lambda f: f.theirs == ABSENT,
    ),
    Intended(
        "annotations/*/keypoints",
        "6",
        "only points and skeletons have the key: no nulls",
        lambda f: (f.ours, f.theirs) == (ABSENT, None),
    ),
    Intended(
        "annotations/*/keypoints",
        "6.1",
        "an invisible point is not labelled: 0, 0, 0",
        lambda f: shape_of(f) == "skeleton" and zeroed_where_invisible(f),
    ),
    Intended(
        "annotations/*/num_keypoints",
        "6.1",
        "0 for shapes without keypoints",
        lambda f: (f.ours, f.theirs) == (0, None),
    ),
    Intended(
        "annotations/*/num_keypoints",
        "6.1",
        "counts points with v > 0",
        lambda f: shape_of(f) == "skeleton" and is_as_in_reference(f),
    ),
    Intended(
        "annotations/*/bbox",
        "6.1",
        "encloses the corners of a turned box, and the points with v > 0 of a skeleton",
        lambda f: shape_of(f) in ("rotatable_bounding_box", "skeleton") and is_as_in_reference(f),
    ),
    Intended(
        "annotations/*/segmentation",
        "6.1",
        "the corners of a turned box are turned",
        lambda f: shape_of(f) == "rotatable_bounding_box" and is_as_in_reference(f),
    ),
    Intended(
        "annotations/*/attributes/track_id",
        "6.2",
        "from 1, as Encord's description says",
        lambda f: f.ours == f.theirs + 1,
    ),
    Intended(
        "annotations/*/attributes/classifications/*",
        "6.3",
        "options are matched by hash, never by the name in the label",
        is_as_in_reference,
    ),
]


def _title(case: Case) -> str:
    title: str = case.rows[0]["data_title"]
    return title


def found_in(ours: Any, theirs: Any, path: str, node: JSON, case: Case) -> Iterator[Found]:
    """Every difference between two values; numbers are equal whatever their type."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in dict.fromkeys([*ours, *theirs]):
            pair = (ours.get(key, ABSENT), theirs.get(key, ABSENT))
            yield from found_in(*pair, f"{path}/{key}", node, case)
    elif ours != theirs:
        yield Found(path, ours, theirs, node, case)


def differences(case: Case) -> Iterator[Found]:
    """Every difference between our export and theirs."""
    ours, theirs = case.exported.coco, case.theirs
    assert theirs is not None
    keyed = {"categories": _by_name, "images": _by_file_name, "annotations": _by_object}
    for section in dict.fromkeys([*ours, *theirs]):
        if section not in keyed:
            pair = (ours.get(section, ABSENT), theirs.get(section, ABSENT))
            yield from found_in(*pair, section, {}, case)
            continue
        our_nodes, their_nodes = keyed[section](ours), keyed[section](theirs)
        for name in dict.fromkeys([*our_nodes, *their_nodes]):
            pair = (our_nodes.get(name, ABSENT), their_nodes.get(name, ABSENT))
            node = our_nodes.get(name) or their_nodes[name]
            yield from found_in(*pair, f"{section}/{name}", node, case)


def _by_name(coco: JSON) -> dict[str, JSON]:
    return {f"{entry['name']}#{entry['id']}": entry for entry in coco["categories"]}


def _by_file_name(coco: JSON) -> dict[str, JSON]:
    return {image["file_name"].replace("/", "|"): image for image in coco["images"]}


def _by_object(coco: JSON) -> dict[str, JSON]:
    frames = {image["id"]: image["file_name"] for image in coco["images"]}
    keys = [
        f"{entry['attributes']['encord_track_uuid']}@{frames[entry['image_id']]}".replace("/", "|")
        for entry in coco["annotations"]
    ]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys, coco["annotations"], strict=True))


def rules_for(found: Found) -> list[Intended]:
    """Intended differences that this is one of."""
    depth = found.path.count("/")
    return [
        rule
        for rule in INTENDED
        if rule.path.count("/") == depth
        and fnmatchcase(found.path, rule.path)
        and rule.holds(found)
    ]


with_sdk_export = pytest.mark.parametrize(
    "folder",
    [folder for folder in FOLDERS if (folder / "expected_sdk_coco.json").exists()] or FOLDERS[:1],
    ids=name_of,
)


@with_sdk_export
def test_nothing_differs_from_the_sdk_but_what_is_intended(case: Case) -> None:
    unexplained = [found[:3] for found in differences(case) if len(rules_for(found)) != 1]
    assert unexplained == []


def test_every_intended_difference_occurs(case_of: Callable[[Path], Case]) -> None:
    cases = [case for folder in FOLDERS if (case := case_of(folder)).theirs is not None]
    used = [rule for case in cases for found in differences(case) for rule in rules_for(found)]
    assert [rule for rule in INTENDED if rule not in used] == []
