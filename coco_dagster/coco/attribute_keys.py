"""Keys under which attributes and options are written, so that no two of them are the same."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count


def distinct_keys(entries: Sequence[tuple[str, str]]) -> list[str]:
    """Keys of answers that share one JSON object.

    A key that occurs more than once is written as `<attribute name>/<key>` wherever it occurs;
    what still collides is numbered.

    Args:
        entries: attribute name and key of each answer, in ontology order.
    """
    counts = Counter(key for _, key in entries)
    return numbered_keys(
        [key if counts[key] == 1 else f"{attribute}/{key}" for attribute, key in entries]
    )


def numbered_keys(keys: Sequence[str]) -> list[str]:
    """The keys, of which repeated ones get ` (2)`, ` (3)`, … in the order given."""
    counts = Counter(keys)
    taken = {key for key in keys if counts[key] == 1}
    versions = {key: _versions(key) for key in keys if counts[key] > 1}
    distinct = []
    for key in keys:
        written = key
        if key in versions:
            written = next(version for version in versions[key] if version not in taken)
            taken.add(written)
        distinct.append(written)
    return distinct


def _versions(key: str) -> Iterator[str]:
    yield key
    for number in count(2):
        yield f"{key} ({number})"
