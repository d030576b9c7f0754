"""Rendered groups to the files of an export."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from coco_dagster.errors import ExportError
from coco_dagster.export.finding_files import write_sorted_findings
from coco_dagster.export.group_files import read_tables
from coco_dagster.export.parquet_files import write_row_groups
from coco_dagster.export.places import TableFolder
from coco_dagster.export.result import ExportFile
from coco_dagster.export.row_facts import RowFacts
from coco_dagster.lineage.provenance import LINEAGE, REPEATED
from coco_dagster.tables.parts import part_path, read_part_table


def coco_info(rows: RowFacts, export_id: str) -> dict[str, Any]:
    """COCO's `info`: nothing in it comes from the clock, and no value is null."""
    info: dict[str, Any] = {"description": ", ".join(sorted(rows.dataset_titles))}
    if rows.last_edited_at is not None:
        info["date_created"] = iso_date(rows.last_edited_at)
        info["year"] = rows.last_edited_at.year
    return info | {"version": export_id, "contributor": "Encord", "url": ""}


def iso_date(date: dt.datetime) -> str:
    """ISO 8601 in UTC."""
    return date.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def write_lineage(path: Path, rendered: TableFolder, groups: int) -> None:
    """Write `lineage.parquet`."""
    tables = read_tables(rendered, "lineage", groups)
    write_row_groups(path, LINEAGE, tables, REPEATED)


def write_findings(path: Path, others: pa.Table, rendered: TableFolder, groups: int) -> None:
    """Write `findings.parquet`: findings on files and the ontology, then those on label rows."""
    write_sorted_findings(path, others, read_tables(rendered, "findings", groups))


def file_entry(path: Path) -> ExportFile:
    """Size and digest of a file that is no COCO file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ExportFile(path.name, path.stat().st_size, digest)


def check_file_names(rendered: TableFolder, groups: int) -> None:
    """Make sure that no two images have one file name.

    Compares 64-bit hashes first, 8 bytes an image, and names only where two of them are equal.

    Raises:
        ExportError: two images have one name.
    """
    hashes = [_file_names(rendered, group).hash().to_numpy() for group in range(groups)]
    ordered = np.sort(np.concatenate([np.zeros(0, np.uint64), *hashes]))
    suspects = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not suspects.size:
        return
    wanted = pl.Series(suspects)
    names = pl.concat(
        series.filter(series.hash().is_in(wanted))
        for series in (_file_names(rendered, group) for group in range(groups))
    )
    repeated = names.filter(names.is_duplicated()).unique().sort()
    if len(repeated):
        raise ExportError(
            f"{len(repeated)} file names stand for more than one image, such as `{repeated[0]}`; "
            "choose a file name template that tells the images apart."
        )


def _file_names(rendered: TableFolder, group: int) -> pl.Series:
    path = part_path(rendered.path, "file_names", group, "arrow")
    return pl.DataFrame(pl.from_arrow(read_part_table(path, "arrow", ["file_name"])))["file_name"]
