"""Profiles: how one set of tables is rendered as COCO.

A profile is data that the writer reads, never a branch through the code. `encord` follows
Encord's own description of its COCO export to the letter.
"""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

Layout = Literal["dataset"]
LAYOUTS: Final[tuple[Layout, ...]] = get_args(Layout)
ClassificationStyle = Literal["flat", "nested"]


class Profile(Struct, frozen=True, kw_only=True):
    """A rendering of the tables.

    Attributes:
        name: name under which users choose it.
        first_image_id: id of the first image.
        first_annotation_id: id of the first annotation.
        rle_iscrowd: `iscrowd` of annotations whose segmentation is run-length encoded.
        classification_style: `flat` writes `{attribute or option: answer}`, `nested` writes
            `{attribute: answer}` with checklists as lists and nested attributes inside.
        coordinate_precision: decimals to which pixel coordinates are rounded; None: not at all.
        file_name_template: Python format string for `images[].file_name`; None: by modality. Its
            fields are `data_hash`, `frame`, `title`, `extension`, `dataset_title`.
        coco_url: `empty`, or `link` to write the file's link without its query.
    """

    name: str
    first_image_id: int = 0
    first_annotation_id: int = 0
    rle_iscrowd: Literal[0, 1] = 1
    classification_style: ClassificationStyle = "flat"
    coordinate_precision: Annotated[int, Meta(ge=0, le=15)] | None = None
    file_name_template: str | None = None
    coco_url: Literal["empty", "link"] = "empty"


ENCORD: Final = Profile(name="encord")

PROFILES: Final = {profile.name: profile for profile in (ENCORD,)}
"""The named profiles."""


class ExportSettings(Struct, frozen=True, kw_only=True):
    """Everything that decides what an export holds, given its input.

    Attributes:
        profile: how annotations are rendered.
        layout: how they are divided over files.
        branches: branches that are exported; a label row without one belongs to `main`.
    """

    profile: Profile = ENCORD
    layout: Layout = "dataset"
    branches: tuple[str, ...] = ("main",)
