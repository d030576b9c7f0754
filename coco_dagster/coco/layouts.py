"""Layouts: which files an export has, what goes into each, and where ids start afresh.

A layout is data that the writer reads. Image ids, annotation ids and track ids run through all
files of an export: an image has the same id in every file that lists it, and no annotation id
occurs twice, whatever split or file it is in. Only where every data unit is a COCO object of its
own do they start afresh with each unit, and run through the files that the unit occurs in. The ids
of categories count from 1 (or what the profile says) within each file.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from coco_dagster.coco.file_name_templates import FLAT_NAMES
from coco_dagster.coco.profiles import ExportSettings, Profile
from coco_dagster.encord.ontology_nodes import SKELETON
from coco_dagster.encord.shapes import SHAPES
from coco_dagster.errors import SettingsError

POINT: Final = "point"
POLYLINE: Final = "polyline"
KEYPOINT_SHAPES: Final = (POINT, SKELETON)
"""Shapes that have keypoints."""

Role: TypeAlias = Literal["instances", "keypoints"]
Container: TypeAlias = Literal["object", "list", "zip"]


class Content(Struct, frozen=True):
    """Which annotations a kind of COCO file holds.

    Attributes:
        role: `instances`, or `keypoints` where points and skeletons have a file of their own.
        shapes: shapes of its annotations and of its categories.
    """

    role: Role
    shapes: tuple[str, ...]

    @property
    def needs_own_keypoints(self) -> bool:
        """Whether every annotation must have the keypoints that its category names."""
        return self.role == "keypoints"


class LayoutForm(Struct, frozen=True, kw_only=True):
    """How annotations are divided over files.

    Attributes:
        paths: path of the file for each role.
        split_paths: path of the file for each role and split, with the field `split`.
        container: `object`, a file is one COCO object; `list`, a JSON list of one for each data
            unit; `zip`, an archive with a file for each data unit.
        videos: whether frames belong to videos, and annotations to instances, as COCO-VID has it.
        split_without_splits: name of the one split where nothing is split; None: files have no
            split in their names.
        file_name_template: of images, where the profile has none; None: by the kind of data.
    """

    paths: dict[Role, str]
    split_paths: dict[Role, str]
    container: Container = "object"
    videos: bool = False
    split_without_splits: str | None = None
    file_name_template: str | None = None

    @property
    def by_unit(self) -> bool:
        """Whether every data unit is a COCO object of its own, with ids of its own."""
        return self.container != "object"


def _flat(extension: str, container: Container, *, videos: bool = False) -> LayoutForm:
    return LayoutForm(
        paths={
            "instances": f"annotations.{extension}",
            "keypoints": f"keypoints.{extension}",
        },
        split_paths={
            "instances": f"{{split}}.{extension}",
            "keypoints": f"{{split}}_keypoints.{extension}",
        },
        container=container,
        videos=videos,
    )


def _tree(instances: str, keypoints: str) -> LayoutForm:
    paths: dict[Role, str] = {"instances": instances, "keypoints": keypoints}
    # Their readers look for pictures and labels in one folder, by stem and suffix: Ultralytics
    # takes the last `/images/` of a path for that of the tree, and Datumaro forgets suffixes.
    return LayoutForm(
        paths=paths,
        split_paths=paths,
        split_without_splits="train",
        file_name_template=FLAT_NAMES,
    )


LAYOUT_FORMS: Final = {
    "dataset": _flat("json", "object"),
    "data_units": _flat("json", "list"),
    "archive": _flat("zip", "zip"),
    # As cocodataset.org has it; file names count from images/<split>/.
    "coco": _tree(
        "annotations/instances_{split}.json", "annotations/person_keypoints_{split}.json"
    ),
    # As Roboflow has it; file names count from <split>/.
    "roboflow": _tree("{split}/_annotations.coco.json", "{split}/_keypoints.coco.json"),
    # As mmtracking and mmdet read it.
    "coco_vid": _flat("json", "object", videos=True),
}
"""All layouts by name."""


class CocoFile(Struct, frozen=True):
    """A COCO file of an export.

    Attributes:
        path: path below the export's folder, with `/`.
        content: position of its content in the plan.
        split: position of its split in the plan.
    """

    path: str
    content: int
    split: int


class ExportPlan(Struct, frozen=True):
    """The COCO files of an export.

    Attributes:
        form: how annotations are divided over files.
        contents: what the files of a split hold.
        splits: names of the splits; one that is empty where nothing is split.
        files: the files, by split, then by content.
    """

    form: LayoutForm
    contents: tuple[Content, ...]
    splits: tuple[str, ...]
    files: tuple[CocoFile, ...]


def export_plan(settings: ExportSettings) -> ExportPlan:
    """The COCO files that settings ask for.

    Raises:
        SettingsError: two files would have one path.
    """
    form = LAYOUT_FORMS[settings.layout]
    contents = contents_of(settings.profile)
    splits = tuple(split.name for split in settings.splits) or (form.split_without_splits or "",)
    files = tuple(
        CocoFile(
            (form.split_paths if split else form.paths)[content.role].format(split=split),
            content_number,
            split_number,
        )
        for split_number, split in enumerate(splits)
        for content_number, content in enumerate(contents)
    )
    paths = [file.path.casefold() for file in files]
    repeated = [path for path in paths if paths.count(path) > 1]
    if repeated:
        raise SettingsError(
            f"Two files would be called `{repeated[0]}`; give the splits other names."
        )
    return ExportPlan(form, contents, splits, files)


def contents_of(profile: Profile) -> tuple[Content, ...]:
    """What the files of a split hold: shapes that a profile gives no form are in none."""
    shapes = tuple(shape for shape in SHAPES if shape != POLYLINE or _has_form(profile))
    if profile.keypoints == "same_file":
        return (Content("instances", shapes),)
    areas = tuple(shape for shape in shapes if shape not in KEYPOINT_SHAPES)
    return (Content("instances", areas), Content("keypoints", KEYPOINT_SHAPES))


def _has_form(profile: Profile) -> bool:
    return profile.polylines == "path" or profile.polyline_width is not None
