"""Parts are written whole, read back as they were, and named by what they hold."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.parts import (
    Format,
    content_digest,
    part_path,
    read_part,
    read_part_table,
    write_atomically,
    write_part,
)
from coco_dagster.tables.schemas import (
    LABEL_TABLES,
    TABLES,
    column_description,
    table_description,
    table_key,
)
from tests.label_rows import label_row
from tests.normalised import numbered, ontology_index
from tests.objects import bitmask, box, polygon, skeleton


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    entries = [box("a"), polygon("b"), skeleton("c"), bitmask("d"), box("e", isDeleted=True)]
    return normalise_rows(numbered([label_row(entries)]), ontology_index()).tables


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_parts_come_back_as_they_were(
    tmp_path: Path, tables: dict[str, pa.Table], form: Format
) -> None:
    infos = write_part(tmp_path, 7, tables, form)
    found = read_part(tmp_path, 7, LABEL_TABLES, form)
    for name, table in tables.items():
        assert found[name].to_pylist() == table.to_pylist()
        # Parquet calls the items of lists otherwise than Arrow.
        assert found[name].cast(table.schema) == table
        descriptions = map(column_description, found[name].schema)
        assert list(descriptions) == list(map(column_description, table.schema))
        assert infos[name].rows == table.num_rows
        assert infos[name].bytes == part_path(tmp_path, name, 7, form).stat().st_size
        assert infos[name].sha256 == (content_digest(found[name]) if form == "parquet" else "")


def test_only_the_wanted_columns_are_read(tmp_path: Path, tables: dict[str, pa.Table]) -> None:
    for form in ("parquet", "arrow"):
        write_part(tmp_path, 0, {"annotations": tables["annotations"]}, form)
        path = part_path(tmp_path, "annotations", 0, form)
        assert read_part_table(path, form, ["shape", "frame"]).column_names == ["shape", "frame"]


def test_parquet_is_compressed_sorted_and_has_statistics(
    tmp_path: Path, tables: dict[str, pa.Table]
) -> None:
    write_part(tmp_path, 0, tables, "parquet")
    for name in LABEL_TABLES:
        metadata = pq.ParquetFile(part_path(tmp_path, name, 0, "parquet")).metadata
        if not metadata.num_rows:
            continue
        group = metadata.row_group(0)
        columns = [group.column(number) for number in range(group.num_columns)]
        assert {column.compression for column in columns} == {"ZSTD"}
        assert all(column.is_stats_set for column in columns if "list" not in column.path_in_schema)
        declared = [
            metadata.schema.to_arrow_schema().names[at.column_index] for at in group.sorting_columns
        ]
        assert declared == list(table_key(LABEL_TABLES[name]))
        order = [(column, "ascending") for column in declared]
        assert tables[name].sort_by(order) == tables[name]


def test_parquet_is_read_by_polars(tmp_path: Path, tables: dict[str, pa.Table]) -> None:
    write_part(tmp_path, 0, tables, "parquet")
    for name, table in tables.items():
        found = pl.read_parquet(str(part_path(tmp_path, name, 0, "parquet")))
        assert found.height == table.num_rows


def test_every_table_and_column_is_described() -> None:
    for schema in TABLES.values():
        assert table_description(schema)
        assert all(column_description(field) for field in schema)
        assert set(table_key(schema)) <= set(schema.names)


def test_the_digest_depends_on_the_content_alone() -> None:
    def table(*chunks: list[str | None]) -> pa.Table:
        return pa.table({"a": pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks])})

    assert content_digest(table(["x", None], ["y"])) == content_digest(table(["x"], [None, "y"]))
    assert content_digest(table(["x", None, "y"]).slice(1)) == content_digest(table([None, "y"]))
    different: list[list[str | None]] = [
        ["x", "y"],
        ["xy", ""],
        ["", "xy"],
        ["x", None],
        [None, "x"],
        [],
        ["y", "x"],
    ]
    assert len({content_digest(table(chunk)) for chunk in different}) == len(different)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pa.array([[1], [2]]), pa.array([[1, 2], []])),
        (pa.array([[1], None]), pa.array([[1], []])),
        (pa.array([0, None]), pa.array([0, 0])),
        (pa.array([True, False]), pa.array([False, True])),
        (pa.array([1.0, 2.0]), pa.array([2.0, 1.0])),
        (pa.array([1], pa.int32()), pa.array([1], pa.int64())),
        (pa.array([[["a"], []]]), pa.array([[["a"]]])),
    ],
)
def test_other_content_has_another_digest(one: pa.Array, other: pa.Array) -> None:
    assert content_digest(pa.table({"a": one})) != content_digest(pa.table({"a": other}))


def test_a_file_is_replaced_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_part_that_is_open_may_be_written_anew(
    tmp_path: Path, tables: dict[str, pa.Table]
) -> None:
    write_part(tmp_path, 0, tables, "arrow")
    opened = read_part(tmp_path, 0, ["annotations"], "arrow")["annotations"]
    write_part(tmp_path, 0, {"annotations": opened.slice(1)}, "arrow")
    assert opened.to_pylist() == tables["annotations"].to_pylist()
    again = read_part(tmp_path, 0, ["annotations"], "arrow")["annotations"]
    assert again.to_pylist() == tables["annotations"].to_pylist()[1:]
