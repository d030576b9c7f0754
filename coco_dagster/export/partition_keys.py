"""Partitions of a source and their keys: names that are safe in paths, URLs and asset events."""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, Literal, TypeAlias, get_args

from coco_dagster.encord.row_dataset import Dataset
from coco_dagster.errors import SettingsError

PartitionBy: TypeAlias = Literal["none", "dataset", "shard"]
"""How a source is divided: not at all, by the dataset of a label row, or by the files and folders
at its top."""

PARTITION_BY: Final[tuple[PartitionBy, ...]] = get_args(PartitionBy)

KEY_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}"
"""What the key of a partition may be: it becomes part of paths."""

WITHOUT_DATASET: Final = "without-dataset"
"""Partition of the label rows that name no dataset."""

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_SLUG_LENGTH: Final = 60
_DIGITS: Final = 8


def dataset_key(dataset: Dataset) -> str:
    """Key of the partition of a dataset: its title for people, and a digest of its hash.

    Args:
        dataset: what a label row says of it.
    """
    identity = dataset.hash or dataset.title
    if identity is None:
        return WITHOUT_DATASET
    return f"{_slug(dataset.title or 'dataset')}-{_digest(identity)}"


def shard_key(source_file: str) -> str:
    """Key of the partition of a file: the first part of its path, digested where it is unsafe.

    Args:
        source_file: path of the file within the source, `/`-separated.
    """
    top = source_file.split("/", 1)[0]
    slug = _slug(top)
    return slug if slug == top else f"{slug}-{_digest(top)}"


def checked_key(key: str) -> str:
    """The key itself, if it is one.

    Args:
        key: key of a partition, as somebody gave it.

    Raises:
        SettingsError: it is none.
    """
    if not re.fullmatch(KEY_PATTERN, key):
        raise SettingsError(
            f"{key[:80]!r} is no key of a partition: it starts with a letter or a digit and holds "
            "nothing but at most 120 letters, digits, dots, dashes and underscores."
        )
    return key


def checked_keys(keys: Iterable[str]) -> list[str]:
    """Keys without repetition, each checked as by `checked_key`."""
    return list(dict.fromkeys(checked_key(key) for key in keys))


def _slug(text: str) -> str:
    slug = _UNSAFE.sub("-", text).strip("-._")[:_SLUG_LENGTH].rstrip("-._")
    return slug or "x"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_DIGITS]
