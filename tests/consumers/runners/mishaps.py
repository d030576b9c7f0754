"""No consumer: looks that fail in all the ways that a consumer's can."""

import os
from pathlib import Path

from tests.consumers.runners.looking import CannotError, Seen, answer


def well(folder: Path) -> Seen:
    return {"images": 1, "categories": [folder.name], "things": []}


def raises(folder: Path) -> Seen:
    try:
        raise KeyError("bbox")
    except KeyError as error:
        raise ValueError("in /some/folder/file.json") from error


def ends(folder: Path) -> Seen:
    raise SystemExit("bad file")


def dies(folder: Path) -> Seen:
    os._exit(7)


def cannot(folder: Path) -> Seen:
    raise CannotError("no database")


if __name__ == "__main__":
    answer(
        ["numpy"], {"well": well, "raises": raises, "ends": ends, "dies": dies, "cannot": cannot}
    )
