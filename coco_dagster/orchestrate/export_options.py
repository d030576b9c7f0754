"""The settings of an export in YAML, made from those of `coco_dagster.coco.settings`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args

from msgspec import Meta
from pydantic import Field, create_model

from coco_dagster.coco.profiles import LAYOUTS, PROFILES, ExportSettings
from coco_dagster.coco.settings import NONE, Setting, profile_settings, settings_from
from coco_dagster.orchestrate.settings import Settings, one_of, or_template, setting

_TEMPLATE: Final = r"\{\{"
_FILE_NAMES: Final = "{dataset_title}/{data_hash}.{extension}"
_LIMITS: Final = ("ge", "gt", "le", "lt")
_PROFILE_PATTERN: Final = one_of(PROFILES)
_LAYOUT_PATTERN: Final = one_of(LAYOUTS)


def _given_settings(options: Any) -> dict[str, Any]:
    names = ("profile", "layout", "branches", "splits", *profile_settings())
    given = {name: getattr(options, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def settings_of(options: "ExportOptions") -> ExportSettings:
    """Settings of an export from what was given of them.

    Args:
        options: what was given; what was left out is as the profile has it.

    Raises:
        SettingsError: a setting cannot have its value.
    """
    return settings_from(_given_settings(options))


class _CommonOptions(Settings):
    profile: Annotated[
        str | None,
        Field(pattern=_PROFILE_PATTERN),
        setting(
            "How annotations are rendered: as Encord describes it, or for trainers.",
            "training",
            pattern=_PROFILE_PATTERN,
        ),
    ] = None
    layout: Annotated[
        str | None,
        Field(pattern=_LAYOUT_PATTERN),
        setting("How they are divided over files.", "dataset", pattern=_LAYOUT_PATTERN),
    ] = None
    branches: Annotated[
        list[str] | None,
        Field(min_length=1),
        setting(
            "Branches to export, in place of main; a label row without one is on main.",
            ["main", "consensus"],
            pattern=_TEMPLATE,
        ),
    ] = None
    splits: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1)] | list[str] | dict[str, Any]] | None,
        setting(
            "Splits by name: the share of each, or the titles of its datasets.",
            {"train": 0.9, "val": 0.1, "test": ["Holdout"]},
            pattern=_TEMPLATE,
        ),
    ] = None


def _field(described: Setting) -> tuple[Any, None]:
    """A field of the model, None where nothing is given."""
    limits = _limits(described.values)
    given: Any = described.kind
    if described.choices and described.kind is not str:
        given = Literal[described.choices]
    elif limits:
        given = Annotated[described.kind, Field(**limits)]
    if described.optional and described.kind is not str:
        given = given | Literal["none"]
    field = setting(described.description, example_of(described), pattern=_pattern(described))
    constraint = [Field(pattern=_pattern(described))] if _is_word(described) else []
    return Annotated[(given | None, *constraint, field)], None


def _is_word(described: Setting) -> bool:
    return described.kind is str and bool(described.choices)


def _pattern(described: Setting) -> str | None:
    """What a text may be: a choice, `none`, or a template that becomes one of them."""
    if described.kind is str and not described.choices:
        return None
    words = [*(str(choice) for choice in described.choices if isinstance(choice, str))]
    words += [NONE] if described.optional else []
    return or_template("|".join(words)) if words else _TEMPLATE


def _limits(hint: Any) -> dict[str, Any]:
    """Limits of a number, from wherever in its type they stand."""
    found: dict[str, Any] = {}
    for inner in get_args(hint):
        if isinstance(inner, Meta):
            limits = {name: getattr(inner, name) for name in _LIMITS}
            found |= {name: limit for name, limit in limits.items() if limit is not None}
        else:
            found |= _limits(inner)
    return found


def example_of(described: Setting) -> Any:
    """A value of a setting that differs from what profiles start from, where there is one.

    Args:
        described: the setting.
    """
    if described.choices:
        return described.choices[-1]
    values = [getattr(profile, described.name) for profile in PROFILES.values()]
    known = [value for value in values if value is not None]
    if known:
        return known[-1]
    return _FILE_NAMES if described.kind is str else described.kind(2)


def _fields() -> Mapping[str, Any]:
    return {name: _field(described) for name, described in profile_settings().items()}


if TYPE_CHECKING:

    class ExportOptions(_CommonOptions):
        """Settings of an export: profile, layout, branches, splits, and those of the profile."""

else:
    ExportOptions = create_model(
        "ExportOptions",
        __base__=_CommonOptions,
        __doc__="Settings of an export; what is left out is as the profile has it.",
        **_fields(),
    )


class NamedExport(ExportOptions):
    """One of several exports of the same tables."""

    per_partition: Annotated[
        bool,
        setting(
            "Whether every partition has an export of its own, in place of one over all.",
            True,
            pattern=_TEMPLATE,
        ),
    ] = False
