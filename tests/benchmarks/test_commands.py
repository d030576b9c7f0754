"""The commands of the benchmarks, on as little as will do, in a process of their own: measuring
adopts orphans of the whole process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def printed_by(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows_of(command: str, data: Path, *arguments: str) -> list[dict[str, Any]]:
    small = ["--data", str(data), "--repeats", "1", "--sdk-up-to", "0", "--json"]
    printed = printed_by(*command.split()[1:], *arguments, *small)
    rows: list[dict[str, Any]] = json.loads(printed)["rows"]
    return rows


def test_compare_measures_all_but_the_exporter_that_is_left_out(tmp_path: Path) -> None:
    rows = rows_of("python -m benchmarks compare", tmp_path, "--images", "5")
    problems = {row["name"]: row["problem"] for row in rows}
    assert problems.pop("Encord SDK CocoExporter") == "more than --sdk-up-to 0 images"
    assert problems == dict.fromkeys(
        (
            *("json.loads", "orjson.loads", "coco-dagster export", "floor: split and write"),
            "coco-dagster --help",
        )
    )


def test_peers_are_measured_or_it_is_told_why_not(tmp_path: Path) -> None:
    rows = rows_of("python -m benchmarks peers", tmp_path, "--images", "3")
    names = [row["name"] for row in rows]
    assert [name for name in names if name.endswith("COCO to COCO")] == [
        f"{peer}, COCO to COCO"
        for peer in ("datumaro", "datumaro-streaming", "labelformat", "globox", "sahi")
    ]
    (ours,) = (row for row in rows if row["name"] == "coco-dagster export, training")
    assert ours["problem"] is None
    assert all((row["wall"] is None) == (row["problem"] is not None) for row in rows)


def test_scaling_measures_every_size(tmp_path: Path) -> None:
    rows = rows_of("python -m benchmarks scaling", tmp_path, "2", "4")
    assert [row["images"] for row in rows if row["name"] == "json.loads"] == [2, 4]


def test_generate_says_what_it_wrote(tmp_path: Path) -> None:
    size = ["--images", "1", "--videos", "1", "--frames", "2"]
    said = printed_by("-m", "benchmarks", "generate", str(tmp_path), *size)
    assert said.startswith(str(tmp_path / "labels.json"))
