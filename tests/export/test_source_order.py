"""How parts are put together to windows."""

from pathlib import Path

import pyarrow as pa
import pytest
from msgspec.structs import replace

from coco_dagster.export.places import PartPlace, TableFolder
from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.source_order import LABELS, part_weight, windows_of
from coco_dagster.tables.part_store import SourcePosition, SourceSpan
from coco_dagster.tables.parts import PartInfo, write_part
from coco_dagster.tables.schemas import LABEL_TABLES

FOLDER = TableFolder("tables", "arrow")


def part_of(rows: int, kilobytes: int) -> dict[str, PartInfo]:
    tables = dict.fromkeys(("label_rows", "frames", "findings"), PartInfo(1, 100, ""))
    return tables | {"annotations": PartInfo(rows, kilobytes << 10, "")}


@pytest.mark.parametrize(
    ("rows", "kilobytes", "weight"), [(10_000, 2_000, 10_002), (300, 12_000, 12_000)]
)
def test_a_part_weighs_its_rows_or_its_bytes(rows: int, kilobytes: int, weight: int) -> None:
    assert part_weight(part_of(rows, kilobytes)) == weight


@pytest.mark.parametrize(
    ("workers", "weights", "windows"),
    [
        (1, [0.5, 0.5, 0.5, 0.5], [2, 2]),
        (1, [0.4, 0.7, 0.2, 0.1], [1, 1, 2]),
        (1, [0.2, 3.0, 0.2], [1, 1, 1]),
        (1, [None, 0.1, 0.1, None], [1, 2, 1]),
        (2, [0.4, 0.4], [1, 1]),
        (2, [0.45] * 6, [1] * 6),
        (2, [0.45] * 8, [2] * 4),
        (3, [0.1] * 6, [2] * 3),
    ],
)
def test_parts_make_a_window_while_they_are_light_and_every_worker_gets_as_many(
    tmp_path: Path, workers: int, weights: list[float | None], windows: list[int]
) -> None:
    parts = [
        PartPlace(
            FOLDER, number, weight=None if share is None else int(share * LABELS.window_weight)
        )
        for number, share in enumerate(weights)
    ]
    made = windows_of(WorkerPool(workers), parts, tmp_path)
    assert [len(window) for window in made] == windows
    assert [part.part for window in made for part in window] == list(range(len(parts)))


@pytest.mark.parametrize(("weight", "windows"), [(100, 2), (1_000, 20)])
def test_parts_of_one_stretch_are_cut_by_their_rows_or_their_bytes(
    tmp_path: Path, weight: int, windows: int
) -> None:
    parts = []
    for number in range(2):
        rows = [
            {"label_hash": f"{number}-{row}", "source_file": "labels.json", "source_index": row}
            | {"row_sha256": "", "frames": 1, "objects": 3}
            for row in range(number, 40, 2)
        ]
        tables = {name: schema.empty_table() for name, schema in LABEL_TABLES.items()}
        tables["label_rows"] = pa.Table.from_pylist(rows, LABEL_TABLES["label_rows"])
        write_part((tmp_path / "parts"), number, tables, "arrow")
        span = SourceSpan(SourcePosition("labels.json", 0), SourcePosition("labels.json", 39))
        folder = TableFolder(str(tmp_path / "parts"), "arrow")
        parts.append(PartPlace(folder, number, span, weight))
    cutting = replace(LABELS, window_weight=100)
    assert len(windows_of(WorkerPool(1), parts, tmp_path / "work", cutting)) == windows
