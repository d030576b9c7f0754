"""`python -m tests.fuzz.coverage_guided CORPUS`: atheris chooses bytes for the label-row reader.

It chooses them by what they reach in the readers, starting from the label rows of the tests, each
spoilt in its text in every way that has a name. What it finds interesting is kept in the folder
CORPUS, and what goes wrong is written to the working directory. It takes libFuzzer's options:
``-max_total_time=3600`` is a night's hour. Needs ``pip install 'coco-dagster[fuzz]'``, on Linux.
"""

import sys
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["coco_dagster.encord", "msgspec"]):
    from tests.fuzz.readers import rows_read

from tests.fuzz.files import array
from tests.fuzz.mutations import ROW_TEXTS
from tests.fuzz.named import few
from tests.fuzz.values import as_text

_LONGEST_SEED = 1 << 15


def write_seeds(folder: Path) -> int:
    """Write files to start from; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [as_text(row) for row in few().rows]
    seeds = [array(rows), b"\n".join(rows)]
    seeds += [change(row, Random(0)) for row in rows for change in ROW_TEXTS.values()]
    short = [seed for seed in seeds if len(seed) <= _LONGEST_SEED]
    for number, seed in enumerate(short):
        (folder / f"seed-{number}").write_bytes(seed)
    return len(short)


def _try(data: bytes) -> None:
    rows_read(data)


def main() -> None:
    """Fuzz until the options say otherwise."""
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not folders:
        sys.exit(__doc__)
    write_seeds(Path(folders[0]))
    atheris.Setup([*sys.argv, f"-max_len={_LONGEST_SEED}"], _try)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
