"""The asset checks of a pipeline: what each one is for, and what may be set of it."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, TypeAlias, get_args

from pydantic import Field, create_model

from coco_dagster.coco.validation import CONSUMERS
from coco_dagster.orchestrate.pipeline import ONTOLOGY_ASSET, RAW_LABELS_ASSET
from coco_dagster.orchestrate.settings import Settings, one_of, setting

Severity: TypeAlias = Literal["none", "warn", "error"]
_TEMPLATE: Final = r"\{\{"


class CheckType(NamedTuple):
    """One of the asset checks.

    Attributes:
        name: its name.
        asset: the table that it checks, `ontology`, or `export` for every export.
        description: what holds when it passes.
        severity: how bad it is when it fails, unless told otherwise.
        threshold: what it lets pass, unless told otherwise; None where there is no measure.
        measure: what is compared with the threshold.
        also_reads: assets that it reads beside the one that it checks.
        goes_beside: whether it takes so long that it goes on beside the other checks of its step.
    """

    name: str
    asset: str
    description: str
    severity: Severity
    threshold: float | None = None
    measure: str = ""
    also_reads: tuple[str, ...] = ()
    goes_beside: bool = False


EXPORT: Final = "export"
EVERY_TABLE: Final = "every table"

CHECK_TYPES: Final = (
    CheckType("keys_unique", EVERY_TABLE, "No two rows of the table have the same key.", "error"),
    CheckType(
        "annotations_have_frame_and_category",
        "annotations",
        "Every annotation stands on a known frame and has a known category.",
        "error",
        also_reads=("frames", ONTOLOGY_ASSET),
    ),
    CheckType(
        "boxes_inside_image",
        "annotations",
        "Boxes do not reach beyond their image.",
        "warn",
        0.0,
        "Share of the boxes that may, 0 to 1.",
    ),
    CheckType(
        "no_duplicate_boxes",
        "annotations",
        "No two boxes of a class lie in the same place of a frame.",
        "warn",
        0.0,
        "Share of the boxes that may, 0 to 1.",
    ),
    CheckType(
        "tracks_without_gaps",
        "objects",
        "Objects of a video are on every frame between their first and their last one.",
        "warn",
        0.5,
        "Share of the tracks that may have gaps, 0 to 1.",
        also_reads=("annotations", "data_units"),
    ),
    CheckType(
        "empty_images_reviewed",
        "label_rows",
        "Images without labels belong to rows that somebody has labelled or reviewed.",
        "warn",
        0.0,
        "Share of the images that may be unlabelled, 0 to 1.",
        also_reads=("classifications",),
    ),
    CheckType(
        "no_ontology_drift",
        "ontology",
        "Labels use no class, attribute or option that was removed, archived or renamed.",
        "warn",
        0.0,
        "Number of such classes, attributes and options that there may be.",
        also_reads=(RAW_LABELS_ASSET,),
        goes_beside=True,
    ),
    CheckType(
        "counts_add_up",
        EXPORT,
        "Input objects = annotations + skipped + rejected, and every file of the export is as the "
        "manifest says.",
        "error",
        also_reads=("label_rows",),
    ),
    CheckType(
        "loads_in_pycocotools",
        EXPORT,
        "pycocotools loads a sample of every COCO file, with all its images and annotations.",
        "error",
    ),
    CheckType(
        "scores_itself",
        EXPORT,
        "Scored against itself by pycocotools, a sample of every COCO file gets an average "
        "precision of 1.0.",
        "error",
    ),
    CheckType(
        "valid_for_consumers",
        EXPORT,
        "No consumer of COCO files fails on the export or misreads it, but for what the profile's "
        "settings stand for.",
        "warn",
        goes_beside=True,
    ),
    CheckType(
        "no_rejected_labels",
        EXPORT,
        "No label was rejected as malformed.",
        "warn",
        0.0,
        "Number of rejected labels that there may be.",
    ),
    CheckType(
        "class_balance",
        EXPORT,
        "The shares of the classes are about those of the export before.",
        "warn",
        0.2,
        "Share of all annotations that may have moved between classes, 0 to 1.",
    ),
)
"""All checks, those on tables first."""

_BY_NAME: Final = {check.name: check for check in CHECK_TYPES}


class CheckOptions(Settings):
    """What an asset check does; what is left out is as the check has it."""

    severity: Annotated[
        Severity | None,
        setting(
            "What a failure is: a warning, an error, or nothing, since the check is left out.",
            "error",
            pattern=one_of(get_args(Severity)),
        ),
    ] = None
    blocking: Annotated[
        bool,
        setting(
            "Whether a failure, then an error, fails the run and holds back what is downstream.",
            True,
            pattern=_TEMPLATE,
        ),
    ] = False
    threshold: Annotated[
        float | None,
        Field(ge=0),
        setting("What the check lets pass, in its own measure.", 0.05, pattern=_TEMPLATE),
    ] = None


class _CommonChecks(Settings):
    sample_images: Annotated[
        int,
        Field(ge=1),
        setting(
            "Images of each COCO file that pycocotools is given at most.", 500, pattern=_TEMPLATE
        ),
    ] = 500


def _field(check: CheckType) -> tuple[Any, None]:
    measure = f" Threshold: {check.measure}" if check.measure else ""
    example = {"severity": "error", "blocking": True}
    described = setting(f"{check.description}{measure}", example, pattern=_TEMPLATE)
    return Annotated[CheckOptions | None, described], None


def _consumers_field() -> tuple[Any, Any]:
    described = setting(
        "Programs that `valid_for_consumers` takes into account.",
        ["pycocotools", "detectron2"],
        pattern=_TEMPLATE,
    )
    names = list[Literal[CONSUMERS]]  # type: ignore[valid-type]
    return Annotated[names, described], Field(default_factory=lambda: ["pycocotools"])


if TYPE_CHECKING:

    class ExportChecks(_CommonChecks):
        """What the asset checks do, each by its name."""

        consumers: list[str] = Field(default_factory=list)

else:
    ExportChecks = create_model(
        "ExportChecks",
        __base__=_CommonChecks,
        __doc__="What the asset checks do, each by its name.",
        consumers=_consumers_field(),
        **{check.name: _field(check) for check in CHECK_TYPES},
    )


class CheckSettings(NamedTuple):
    """An asset check with what was set of it.

    Attributes:
        type: the check.
        severity: how bad it is when it fails; `none` leaves it out.
        blocking: whether a failure holds back what is downstream.
        threshold: what it lets pass.
    """

    type: CheckType
    severity: Severity
    blocking: bool
    threshold: float


def check_settings(given: ExportChecks, name: str) -> CheckSettings:
    """What was set of a check, and what was not as the check has it.

    Args:
        given: what was set.
        name: name of the check.
    """
    check = _BY_NAME[name]
    options: CheckOptions = getattr(given, name) or CheckOptions()
    severity = options.severity or check.severity
    blocking = options.blocking and severity != "none"
    threshold = options.threshold if options.threshold is not None else check.threshold
    return CheckSettings(check, "error" if blocking else severity, blocking, threshold or 0.0)
