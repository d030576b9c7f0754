"""Settings of a pipeline beside those of its exports, in Python as in YAML."""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import dagster as dg
from pydantic import Field
from pydantic.fields import FieldInfo

DAILY: Final = "0 3 * * *"
"""Cron expression of the default schedule: every night at three."""

AutomationName: TypeAlias = Literal["none", "eager", "on_missing", "on_cron"]
"""Conditions under which Dagster materialises assets by itself."""

CRON_PATTERN: Final = r"@(hourly|daily|weekly|monthly|yearly)|\S+( +\S+){4}"
NOT_EMPTY: Final = ".+"
_STEPS: Final = ("raw_labels", "ontology", "tables")


def or_template(pattern: str) -> str:
    """Pattern of a whole setting, which may also be a template."""
    return rf"^({pattern})$|\{{\{{"


def one_of(choices: Iterable[object]) -> str:
    """Pattern of a setting that is one of some words, or a template."""
    return or_template("|".join(str(choice) for choice in choices))


def setting(description: str, example: Any, *, pattern: str | None = None) -> dg.Resolver:
    """A setting as `dg` shows it and `dg check yaml` checks it.

    Dagster widens every type by `str` so that templates fit, which hides what a type allows: the
    pattern says it again.

    Args:
        description: what it does.
        example: a value of it.
        pattern: what a text may be.
    """
    resolver: dg.Resolver = dg.Resolver.default(description=description, examples=[example])
    # Dagster 1.13 takes it as an argument from its eighth release on.
    resolver.json_schema_extra = {"pattern": pattern} if pattern else None
    return resolver


class Settings(dg.Model, dg.Resolvable):
    """Settings that are each made by `setting`."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Tell the fields what their resolvers know: early releases of Dagster 1.13 ask these."""
        super().__pydantic_init_subclass__(**kwargs)
        for name, field in list(cls.model_fields.items()):
            for known in field.metadata:
                if constraint := getattr(known, "json_schema_extra", None):
                    cls.model_fields[name] = FieldInfo.merge_field_infos(
                        field, json_schema_extra=constraint
                    )


_CRON = or_template(CRON_PATTERN)


class ExportSchedule(Settings):
    """When the pipeline's job runs, once the schedule is turned on in the UI."""

    cron: Annotated[
        str,
        Field(pattern=_CRON),
        setting("Cron expression of five fields, or @daily and the like.", DAILY, pattern=_CRON),
    ] = DAILY
    timezone: Annotated[str, setting("Time zone of the expression.", "Europe/London")] = "UTC"
    running: Annotated[
        bool, setting("Whether it runs without being turned on in the UI.", True, pattern=r"\{\{")
    ] = False


class SourceSensor(Settings):
    """Watches the source, and starts a run when label rows are new, changed or gone."""

    interval_seconds: Annotated[
        int, Field(ge=1), setting("Seconds between two looks.", 60, pattern=r"\{\{")
    ] = 60
    running: Annotated[
        bool, setting("Whether it runs without being turned on in the UI.", True, pattern=r"\{\{")
    ] = False


class Retries(Settings):
    """How often a step is tried again after a failure that another attempt may mend.

    Malformed input never is: only storage that is out of reach, or a worker process that ended.
    """

    max_retries: Annotated[
        int, Field(ge=0), setting("Attempts after the first one.", 3, pattern=r"\{\{")
    ] = 0
    delay_seconds: Annotated[
        float, Field(ge=0), setting("Seconds before the second attempt.", 30, pattern=r"\{\{")
    ] = 10.0
    backoff: Annotated[
        Literal["constant", "linear", "exponential"],
        setting(
            "How the delay grows from attempt to attempt.",
            "exponential",
            pattern=one_of(("constant", "linear", "exponential")),
        ),
    ] = "exponential"


class Freshness(Settings):
    """How old the exports may get before Dagster shows them as stale, in one of two ways.

    Either a window since the last export, or a cron expression by whose times there has to be one.
    """

    fail_hours: Annotated[
        float | None,
        Field(gt=0),
        setting("Hours after which an export is overdue.", 36, pattern=r"\{\{"),
    ] = None
    warn_hours: Annotated[
        float | None,
        Field(gt=0),
        setting("Hours after which a warning is shown.", 25, pattern=r"\{\{"),
    ] = None
    deadline_cron: Annotated[
        str | None,
        Field(pattern=_CRON),
        setting("By when there has to be an export.", "0 6 * * *", pattern=_CRON),
    ] = None
    within_hours: Annotated[
        float,
        Field(gt=0),
        setting("Hours before the deadline that an export counts for it.", 12, pattern=r"\{\{"),
    ] = 24.0
    timezone: Annotated[str, setting("Time zone of the deadline.", "Europe/London")] = "UTC"


class Report(Settings):
    """What people are shown of an export, on its asset page and in `report.html` beside it."""

    pictures: Annotated[
        str | None,
        setting(
            "Folder or fsspec URL with the pictures of the images, under the names of the export, "
            "their titles or their hashes; left out: annotations are drawn on a plain canvas.",
            "s3://bucket/images",
        ),
    ] = None
    images: Annotated[
        int,
        Field(ge=1, le=1000),
        setting("Images in the gallery of `report.html` at most.", 200, pattern=r"\{\{"),
    ] = 200
    html: Annotated[
        bool, setting("Write `report.html` beside the export.", True, pattern=r"\{\{")
    ] = True
    contact_sheet: Annotated[
        bool,
        setting(
            "Show annotated images on the asset page: 37 kB of the event log.",
            True,
            pattern=r"\{\{",
        ),
    ] = True


AUTOMATIONS: Final[tuple[AutomationName, ...]] = get_args(AutomationName)


def step_names(exports: Iterable[str]) -> tuple[str, ...]:
    """Steps of a pipeline that `ops` may set: three, and one for each export.

    Args:
        exports: names of the exports.
    """
    return (*_STEPS, *exports)
