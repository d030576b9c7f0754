"""The files of an export that hold tables: where annotations come from, and what was found.

Another process writes them while this one writes COCO, for which both take about as long.
"""

from pathlib import Path
from typing import Final

import pyarrow as pa
from msgspec import Struct

from coco_dagster.export.assembly import file_entry, write_findings, write_lineage
from coco_dagster.export.group_files import read_tables, write_table
from coco_dagster.export.places import TableFolder, Window
from coco_dagster.export.result import ExportFile
from coco_dagster.export.row_facts import row_entries
from coco_dagster.lineage.manifest import FINDINGS_FILE, LINEAGE_FILE

_OTHER_FINDINGS: Final = "other_findings"


class TableFiles(Struct, frozen=True, tag=True):
    """Report on the files that were written."""

    files: list[ExportFile]


class WriteTableFiles(Struct, frozen=True, tag=True):
    """Write lineage and findings, and what the manifest says of the label rows.

    Attributes:
        out: folder of the export.
        rendered: the rendered groups.
        groups: their number.
        windows: the normalised tables.
        row_entries: file for the text between the brackets of the manifest's label rows.
    """

    out: str
    rendered: TableFolder
    groups: int
    windows: list[Window]
    row_entries: str

    def run(self) -> TableFiles:
        """Carry it out."""
        lineage, findings = (Path(self.out, name) for name in (LINEAGE_FILE, FINDINGS_FILE))
        write_lineage(lineage, self.rendered, self.groups)
        (others,) = read_tables(self.rendered, _OTHER_FINDINGS, 1)
        write_findings(findings, others, self.rendered, self.groups)
        with open(self.row_entries, "w", encoding="utf-8", newline="") as file:
            file.writelines(row_entries(self.windows, findings))
        return TableFiles([file_entry(lineage), file_entry(findings)])


def table_files_task(
    out: Path, others: pa.Table, rendered: TableFolder, windows: list[Window], groups: int
) -> WriteTableFiles:
    """The task, for which findings on files and on the ontology are put where it finds them."""
    write_table(rendered.path, _OTHER_FINDINGS, 0, others)
    entries = str(rendered.path / "label_rows.json")
    return WriteTableFiles(str(out), rendered, groups, windows, entries)
