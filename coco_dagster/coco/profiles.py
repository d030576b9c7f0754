"""Profiles: how one set of tables is rendered as COCO.

A profile is data that the writer reads, never a branch through the code: whatever it decides is a
setting of its own. `encord` follows Encord's own description of its COCO export to the letter,
`training` writes what trainers load and score without a patch, `strict` is `training` for those
who would rather have no export than one that lacks an object.
"""

from typing import Annotated, Final, Literal, TypeAlias, get_args

from msgspec import Meta, Struct

Layout: TypeAlias = Literal["dataset", "data_units", "archive", "coco", "roboflow", "coco_vid"]
LAYOUTS: Final[tuple[Layout, ...]] = get_args(Layout)
ClassificationStyle: TypeAlias = Literal["flat", "nested"]

FirstId: TypeAlias = Annotated[int, Meta(ge=0)]
Pixels: TypeAlias = Annotated[float, Meta(gt=0, le=1e6)]


class Profile(Struct, frozen=True, kw_only=True):
    """A rendering of the tables. What each setting does stands at its type.

    Attributes:
        name: name under which users choose it.
    """

    name: str
    first_image_id: Annotated[FirstId, Meta(description="Id of the first image.")] = 0
    first_annotation_id: Annotated[
        FirstId,
        Meta(
            description="Id of the first annotation. pycocotools scores a ground truth annotation "
            "whose id is 0 as missed."
        ),
    ] = 0
    first_category_id: Annotated[
        FirstId, Meta(description="Id of the first category; the others follow without gaps.")
    ] = 1
    rle_iscrowd: Annotated[
        Literal[0, 1],
        Meta(
            description="iscrowd of annotations whose segmentation is run-length encoded. Trainers "
            "leave out what has 1."
        ),
    ] = 1
    holes: Annotated[
        Literal["rle", "keyhole"],
        Meta(
            description="Outlines with holes: rle, run-length encoded; keyhole, rings of which "
            "each runs around its holes too."
        ),
    ] = "rle"
    bitmasks: Annotated[
        Literal["rle", "outline"],
        Meta(
            description="Bitmasks: rle, run-length encoded; outline, rings along the edges of "
            "their pixels, those with holes as other outlines with holes."
        ),
    ] = "rle"
    keypoints: Annotated[
        Literal["same_file", "own_file"],
        Meta(
            description="Points and skeletons: same_file, beside the other annotations; own_file, "
            "in a second file with categories of its own."
        ),
    ] = "same_file"
    keypoint_box_side: Annotated[
        Pixels | None,
        Meta(
            description="Pixels to which w and h of the box around points and skeletons are grown; "
            "area and segmentation are then those of the box. none: boxes as they are, area 0."
        ),
    ] = None
    polylines: Annotated[
        Literal["path", "leave_out"],
        Meta(
            description="Polylines without a width: path, there and back without an area; "
            "leave_out, not exported."
        ),
    ] = "path"
    polyline_width: Annotated[
        Pixels | None,
        Meta(
            description="Pixels to which polylines are widened, with flat ends and bevelled "
            "corners; none: not at all."
        ),
    ] = None
    coordinates: Annotated[
        Literal["as_drawn", "clipped"],
        Meta(
            description="as_drawn, also outside of the image; clipped, what lies outside of the "
            "image is cut off, and keypoints there count as not labelled."
        ),
    ] = "as_drawn"
    min_side: Annotated[
        Annotated[float, Meta(ge=0, le=1e6)] | None,
        Meta(
            description="Smallest w and h of a bbox in pixels; shapes that are smaller or have no "
            "area are left out. none: all are kept. Points and skeletons are not judged."
        ),
    ] = None
    max_rings: Annotated[
        int,
        Meta(
            ge=1,
            description="Rings of one polygon annotation, holes included; one that has more is "
            "left out.",
        ),
    ] = 10_000
    max_crossings: Annotated[
        int,
        Meta(
            ge=0,
            description="Times that the outlines of one annotation may cross; one that is more "
            "tangled is left out, since finding what it covers would take minutes.",
        ),
    ] = 10_000
    max_runs: Annotated[
        int,
        Meta(
            ge=1,
            description="Runs of one run-length encoded mask; one that may have more, along its "
            "columns, is left out.",
        ),
    ] = 5_000_000
    max_row_runs: Annotated[
        int,
        Meta(
            ge=1,
            description="Runs of all run-length encoded masks of one label row; those that come "
            "after so many are left out.",
        ),
    ] = 200_000_000
    max_bridge_steps: Annotated[
        int,
        Meta(
            ge=1,
            description="Steps to find the bridges to the holes of one annotation, where holes are "
            "keyholes: points and edges level with a hole, for all holes together; one that takes "
            "more is left out.",
        ),
    ] = 100_000_000
    images_without_size: Annotated[
        Literal["keep", "leave_out"], Meta(description="Images whose width and height are unknown.")
    ] = "keep"
    category_names: Annotated[
        Literal["as_given", "unique"],
        Meta(
            description="Categories of one name in a file: as_given, or unique, with the shape "
            "and then a number after the name."
        ),
    ] = "as_given"
    on_loss: Annotated[
        Literal["skip", "fail"],
        Meta(
            description="Objects that cannot be rendered: skip, counted and listed; fail, nothing "
            "is exported."
        ),
    ] = "skip"
    classification_style: Annotated[
        ClassificationStyle,
        Meta(
            description="flat, attribute or option to answer; nested, attribute to answer, with "
            "checklists as lists and nested attributes inside."
        ),
    ] = "flat"
    coordinate_precision: Annotated[
        Annotated[int, Meta(ge=0, le=15)] | None,
        Meta(description="Decimals of pixel coordinates; none: not rounded."),
    ] = None
    file_name_template: Annotated[
        str | None,
        Meta(
            description="Format of file_name, with the fields data_hash, frame, title, extension, "
            "dataset_title, default (by the kind of data) and flat (without folders, with the "
            "suffix of a picture); none: flat in the layouts coco and roboflow, else default."
        ),
    ] = None
    coco_url: Annotated[
        Literal["empty", "link"],
        Meta(description="empty, or link: the link to the file, without its query."),
    ] = "empty"


ENCORD: Final = Profile(name="encord")

TRAINING: Final = Profile(
    name="training",
    first_image_id=1,
    first_annotation_id=1,
    rle_iscrowd=0,
    keypoints="own_file",
    keypoint_box_side=1.0,
    polylines="leave_out",
    coordinates="clipped",
    min_side=1.0,
    images_without_size="leave_out",
    category_names="unique",
)

STRICT: Final = Profile(
    **{name: getattr(TRAINING, name) for name in Profile.__struct_fields__}
    | {"name": "strict", "on_loss": "fail"}
)

PROFILES: Final = {profile.name: profile for profile in (ENCORD, TRAINING, STRICT)}
"""The named profiles."""


class Split(Struct, frozen=True):
    """A part of the dataset, as trainers want it: train, val, test.

    Attributes:
        name: name of the split, which files are named after.
        share: part of the data units that no other split names by their dataset, 0 to 1.
        datasets: titles of the datasets whose data units belong to the split.
    """

    name: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]
    share: Annotated[float, Meta(ge=0, le=1)] = 0.0
    datasets: tuple[str, ...] = ()


class ExportSettings(Struct, frozen=True, kw_only=True):
    """Everything that decides what an export holds, given its input.

    Attributes:
        profile: how annotations are rendered.
        layout: how they are divided over files.
        splits: how images are divided over splits; none: not at all.
        branches: branches that are exported; a label row without one belongs to `main`.
    """

    profile: Profile = ENCORD
    layout: Layout = "dataset"
    splits: tuple[Split, ...] = ()
    branches: tuple[str, ...] = ("main",)
