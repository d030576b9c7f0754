"""Makes label rows with the Encord SDK's own object model, the same rows in all three dialects.

`python sdk_dialects.py TOOL OUT SEEDS [OPTION…]`, in an environment that has `encord` and nothing
of this project. TOOL is the generator of the shared data, which gives another dialect other rows:
its dialects are made here of one set of rows. SEEDS are separated by commas.
"""

import json
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def main(tool: str, out: Path, seeds: str, *options: str) -> None:
    """Writes the label rows of each seed to a folder that is called like it."""
    for seed in seeds.split(","):
        folder = out / seed
        folder.mkdir()
        make_dialects(tool, folder, seed, options)


def make_dialects(tool: str, out: Path, seed: str, options: Sequence[str]) -> None:
    """Writes `ontology.json`, and the label rows as `sdk`, `sdk-frames` and `editor.json`."""
    sys.argv = [tool, "--dialect", "sdk", "--seed", seed, "--out", str(out), *options]
    made = runpy.run_path(tool)
    rows = json.loads((out / "labels.json").read_text())
    expand, to_editor = made["expand_classification_answers_into_frame_labels"], made["to_editor"]
    dice = made["G"](int(seed))
    write(out / "sdk.json", rows)
    write(out / "sdk-frames.json", [expand(copy_of(row)) for row in rows])
    write(out / "editor.json", [to_editor(dice, copy_of(row)) for row in rows])


def copy_of(row: Json) -> Json:
    """A copy of a row that shares nothing with it."""
    copied: Json = json.loads(json.dumps(row))
    return copied


def write(path: Path, rows: list[Json]) -> None:
    """Writes label rows as one array."""
    path.write_text(json.dumps(rows, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
