"""Settings from what users write: single settings of a profile, and whole exports.

Everything is checked before an export starts, and every error names the setting and says what it
may be.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from math import isclose
from types import NoneType
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct, ValidationError

from coco_dagster.coco.file_name_templates import check_template
from coco_dagster.coco.profiles import (
    ENCORD,
    LAYOUTS,
    PROFILES,
    ExportSettings,
    Profile,
    Split,
)
from coco_dagster.errors import SettingsError

NONE: Final = "none"
"""What stands for "no value" where only texts can be written."""

_OF_EXPORT: Final = ("profile", "layout", "splits", "branches")


class Setting(Struct, frozen=True):
    """A setting of a profile as users meet it.

    Attributes:
        name: field of `Profile`.
        description: what it does.
        kind: type of its values.
        choices: the values, where there are only some.
        optional: whether it may be None.
        values: type with all its limits.
    """

    name: str
    description: str
    kind: type
    choices: tuple[str | int, ...]
    optional: bool
    values: Any

    def read(self, value: Any, *, is_text: bool = False) -> Any:
        """A value as the profile holds it.

        Args:
            value: what the user gave; `none` stands for None where there may be none.
            is_text: whether numbers are written as texts, as on a command line.

        Raises:
            SettingsError: the setting cannot have this value.
        """
        if self.optional and value == NONE:
            return None
        try:
            return msgspec.convert(value, self.values, strict=not is_text)
        except ValidationError as error:
            problem = self._allowed or str(error).lower()
            raise SettingsError(
                f"The setting `{self.name}` cannot be {value!r}: {problem}."
            ) from None

    @property
    def _allowed(self) -> str:
        listed = [f"`{choice}`" for choice in self.choices]
        return f"it is {' or '.join(listed)}" if listed else ""


@cache
def profile_settings() -> Mapping[str, Setting]:
    """All settings of profiles by name; the name of a profile is none."""
    hints = get_type_hints(Profile, include_extras=True)
    return {name: _setting(name, hints[name]) for name in Profile.__struct_fields__[1:]}


def _setting(name: str, hint: Any) -> Setting:
    inner, *notes = get_args(hint)
    description = next(
        note.description for note in notes if isinstance(note, Meta) and note.description
    )
    options = get_args(inner) if NoneType in get_args(inner) else (inner,)
    values = next(option for option in options if option is not NoneType)
    if get_origin(values) is Annotated:
        values = get_args(values)[0]
    choices = get_args(values) if get_origin(values) is Literal else ()
    kind = type(choices[0]) if choices else values
    return Setting(name, description, kind, choices, NoneType in options, hint)


def profile_from(name: str, /, **changes: Any) -> Profile:
    """A named profile, or one of your own: a named one with single settings changed.

    Args:
        name: a name of `PROFILES`.
        changes: values of settings (fields of `Profile`); what is not given stays as it is.

    Raises:
        SettingsError: there is no such profile or setting, or the setting cannot have the value.
    """
    if name not in PROFILES:
        raise SettingsError(f"There is no profile `{name}`; there are {', '.join(PROFILES)}.")
    known = profile_settings()
    values = {}
    for setting, value in changes.items():
        if setting not in known:
            raise SettingsError(
                f"There is no setting `{setting}`; a profile has {', '.join(known)}."
            )
        values[setting] = known[setting].read(value)
    return msgspec.structs.replace(PROFILES[name], **values)


def settings_from(given: Mapping[str, Any]) -> ExportSettings:
    """Settings of an export from plain values, as YAML holds them.

    Args:
        given: `profile` (a name), `layout`, `branches` (a list), `splits` (see `splits_from`), and
            any setting of profiles, which changes that one setting of the profile. What is left
            out is as the profile has it.

    Raises:
        SettingsError: there is no such setting, or it cannot have the value.
    """
    changes = {name: value for name, value in given.items() if name not in _OF_EXPORT}
    unknown = sorted(changes.keys() - profile_settings().keys())
    if unknown:
        known = ", ".join((*_OF_EXPORT, *profile_settings()))
        raise SettingsError(f"There is no setting `{unknown[0]}`; there are {known}.")
    settings = ExportSettings(
        profile=profile_from(given.get("profile", ENCORD.name), **changes),
        layout=given.get("layout", ExportSettings().layout),
        splits=splits_from(given.get("splits", {})),
        branches=_branches(given.get("branches", ExportSettings().branches)),
    )
    return checked(settings)


def splits_from(given: Mapping[str, Any]) -> tuple[Split, ...]:
    """Splits from their names.

    Args:
        given: for each split its share, the titles of its datasets, or both as an object: for
            example `{"train": 0.8, "val": 0.2, "test": ["Holdout"]}`.

    Raises:
        SettingsError: a value is none of these.
    """
    if not isinstance(given, Mapping):
        raise SettingsError(
            f"`splits` is {given!r}: write the share of each split by its name, such as "
            "train: 0.8, val: 0.2."
        )
    return tuple(_split(name, value) for name, value in given.items())


def _split(name: str, value: Any) -> Split:
    facts = {"share": value}
    if isinstance(value, Split):
        facts = msgspec.to_builtins(value)
    elif isinstance(value, Mapping):
        facts = dict(value)
    elif isinstance(value, list | tuple):
        facts = {"datasets": value}
    try:
        return msgspec.convert(facts | {"name": name}, Split)
    except ValidationError as error:
        raise SettingsError(
            f"The split `{name}` cannot be {value!r}: it has a share between 0 and 1, or a list of "
            f"dataset titles, and its name is made of letters, digits, _ and - ({error})."
        ) from None


def _branches(given: object) -> tuple[str, ...]:
    if not isinstance(given, list | tuple) or not given:
        raise SettingsError(f"`branches` is {given!r}: list the branches to export.")
    return tuple(given)


def checked(settings: ExportSettings) -> ExportSettings:
    """Settings that an export can be made with: the same ones, and 3 as 3.0 where a float belongs.

    Raises:
        SettingsError: a setting has a value that it cannot have, or some contradict each other.
    """
    values = {
        name: setting.read(getattr(settings.profile, name))
        for name, setting in profile_settings().items()
    }
    if settings.layout not in LAYOUTS:
        raise SettingsError(
            f"There is no layout {settings.layout!r}; there are {', '.join(LAYOUTS)}."
        )
    if not all(isinstance(branch, str) for branch in _branches(settings.branches)):
        raise SettingsError(f"`branches` holds something else than names: {settings.branches!r}.")
    if settings.profile.file_name_template is not None:
        check_template(settings.profile.file_name_template)
    return msgspec.structs.replace(
        settings,
        profile=msgspec.structs.replace(settings.profile, **values),
        splits=_checked_splits(settings.splits),
    )


def _checked_splits(given: Sequence[Split]) -> tuple[Split, ...]:
    try:
        splits = msgspec.convert(msgspec.to_builtins(given), tuple[Split, ...])
    except ValidationError as error:
        raise SettingsError(f"The splits {given!r} cannot be: {error}.") from None
    names = [split.name.casefold() for split in splits]
    titles = [title for split in splits for title in split.datasets]
    for kind, values in (("Split", names), ("dataset", titles)):
        repeated = sorted({value for value in values if values.count(value) > 1})
        if repeated:
            raise SettingsError(f"{kind} `{repeated[0]}` is named twice; name it once.")
    shares = [split.share for split in splits]
    if any(shares) and not isclose(sum(shares), 1, abs_tol=1e-6):
        listed = ", ".join(f"{split.name} {split.share:g}" for split in splits)
        raise SettingsError(f"The shares of the splits ({listed}) do not add up to 1.")
    return splits
