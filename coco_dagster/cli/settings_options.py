"""Options for the settings of an export: one for each setting of profiles, and those for splits."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from coco_dagster.coco.profiles import Split
from coco_dagster.coco.settings import NONE, Setting, profile_settings
from coco_dagster.errors import SettingsError

_C = TypeVar("_C", bound=Callable[..., Any])
_SECTION: Final = "Settings, in place of those of the profile"
_KINDS: Final = {int: "INTEGER", float: "NUMBER", str: "TEXT"}


class _SettingValue(click.ParamType):  # type: ignore[type-arg]
    """A value of a setting; `none` stands for no value where there may be none."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.name = setting.name

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        choices = [str(choice) for choice in self._setting.choices]
        values = choices or [_KINDS[self._setting.kind]]
        return f"[{'|'.join((*values, *([NONE] if self._setting.optional else [])))}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._setting.read(value, is_text=True)
        except SettingsError as error:
            self.fail(str(error), param, ctx)


class _SettingOption(click.Option):
    """An option that changes one setting of the profile."""


class SettingsCommand(click.Command):
    """A command whose help lists the settings of profiles after the other options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in two sections."""
        for title, of_profile in (("Options", False), (_SECTION, True)):
            records = [
                record
                for option in self.get_params(ctx)
                if isinstance(option, click.Option)
                and isinstance(option, _SettingOption) == of_profile
                and (record := option.get_help_record(ctx)) is not None
            ]
            with formatter.section(title):
                formatter.write_dl(records)


def settings_options(command: _C) -> _C:
    """Give a command an option for each setting of profiles, and those for splits."""
    for setting in reversed(list(profile_settings().values())):
        flag = f"--{setting.name.replace('_', '-')}"
        option = click.option(
            flag,
            setting.name,
            cls=_SettingOption,
            type=_SettingValue(setting),
            help=setting.description,
        )
        command = option(command)
    for option in (_DATASET_SPLIT, _SPLIT):
        command = option(command)
    return command


_SPLIT: Final = click.option(
    "--split",
    "shares",
    multiple=True,
    metavar="NAME=SHARE",
    help="Divide the data units over splits, each with files of its own, by a hash that no new "
    "data changes: --split train=0.8,val=0.1,test=0.1.",
)
_DATASET_SPLIT: Final = click.option(
    "--dataset-split",
    "datasets",
    multiple=True,
    metavar="TITLE=NAME",
    help="Put all data units of a dataset into a split; may be repeated.",
)


def changed_settings(context: click.Context) -> dict[str, Any]:
    """Settings of the profile that were given on the command line, by name."""
    return {
        name: context.params[name]
        for name in profile_settings()
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }


def splits_of(shares: Sequence[str], datasets: Sequence[str]) -> dict[str, Split]:
    """Splits by name, in the order in which they are named.

    Args:
        shares: texts such as `train=0.8,val=0.2`.
        datasets: texts such as `Holdout=test`.

    Raises:
        SettingsError: a text has another form.
    """
    splits: dict[str, Split] = {}
    for text in (piece for given in shares for piece in given.split(",")):
        name, _, share = text.strip().partition("=")
        try:
            splits[name] = Split(name, float(share))
        except ValueError:
            raise SettingsError(
                f"The split `{text}` has no share; write it as in train=0.8,val=0.2."
            ) from None
    for text in datasets:
        title, equals, name = text.rpartition("=")
        if not equals:
            raise SettingsError(f"`{text}` names no split; write it as in Holdout=test.")
        split = splits.get(name, Split(name))
        splits[name] = Split(name, split.share, (*split.datasets, title))
    return splits
