"""Parts of tables to the files of one export, in a folder that nobody sees yet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.categories import Categories, coco_categories
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.coco.selection import MAIN_BRANCH
from coco_dagster.coco.writer import FirstIds
from coco_dagster.errors import ExportError
from coco_dagster.export.assembly import (
    ANNOTATIONS_FILE,
    check_file_names,
    coco_info,
    file_entry,
    write_coco_file,
    write_findings,
    write_lineage,
)
from coco_dagster.export.label_tables import groups_of_parts
from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.progress import Progress, Stopwatch
from coco_dagster.export.result import ExportFile, ExportResult
from coco_dagster.export.row_facts import row_entries, row_facts
from coco_dagster.export.tasks import NumberGroup, RenderedCounts, RenderGroup, TableFolder
from coco_dagster.lineage.manifest import (
    FINDINGS_FILE,
    LINEAGE_FILE,
    MANIFEST_FILE,
    Manifest,
    TableEntry,
    library_versions,
)
from coco_dagster.tables.parts import read_part, write_part
from coco_dagster.tables.schemas import ONTOLOGY_TABLES
from coco_dagster.tables.skeletons import with_points_of_labels
from coco_dagster.tables.store import TableInfo


class ExportInput(Struct, frozen=True):
    """What an export is made from.

    Attributes:
        tables: tables of the label rows; ontology: those of the ontology.
        parts: number of parts of `tables`.
        skeleton_points: names of points for skeletons without a template.
        infos: what each table holds.
        ontology_sha256: digest of the ontology.
        findings: findings on files and on the ontology.
        export_id: id of the export.
    """

    tables: TableFolder
    ontology: TableFolder
    parts: int
    skeleton_points: Mapping[str, Sequence[str]]
    infos: Mapping[str, TableInfo]
    ontology_sha256: str
    findings: pa.Table
    export_id: str


def render_export(
    pool: WorkerPool,
    given: ExportInput,
    settings: ExportSettings,
    work: Path,
    out: Path,
    run: Mapping[str, Any],
    progress: Progress,
    watch: Stopwatch,
) -> ExportResult:
    """Write all files of an export.

    Args:
        pool: carries out the work on parts.
        given: tables and digests.
        settings: what to render.
        work: folder for what passes between the stages.
        out: empty folder for the files.
        run: what the manifest says of the run.
        progress: told of every group.
        watch: takes the time of the stages.

    Returns:
        The result, with `out` as its url.

    Raises:
        ExportError: the counts do not add up, or file names collide.
    """
    rendered = TableFolder(str(work / "rendered"), "arrow")
    ontology = with_points_of_labels(
        read_part(given.ontology.path, 0, ONTOLOGY_TABLES, given.ontology.form),
        given.skeleton_points,
    )
    completed = TableFolder(str(work / "completed_ontology"), "arrow")
    write_part(completed.path, 0, ontology, completed.form)
    groups = groups_of_parts(given.tables, given.parts, settings.branches, MAIN_BRANCH)
    with watch.stage("rendering"):
        counts = _render(pool, given.tables, completed, settings, rendered, groups, progress)
    check_file_names(rendered, len(groups))
    with watch.stage("writing"):
        rows = row_facts(given.tables, given.parts, settings.branches)
        categories = coco_categories(ontology)
        info = coco_info(rows, given.export_id)
        size, digest = write_coco_file(
            out / ANNOTATIONS_FILE, info, categories, rendered, len(groups)
        )
        write_lineage(out / LINEAGE_FILE, rendered, len(groups))
        write_findings(out / FINDINGS_FILE, given.findings, rendered, len(groups))
    totals = _totals(counts, rows.objects)
    per_category = _per_category(counts, categories)
    files = [
        ExportFile(
            ANNOTATIONS_FILE,
            size,
            digest,
            totals["images"],
            totals["annotations"],
            {str(number): count for number, count in per_category.items()},
        ),
        file_entry(out / LINEAGE_FILE),
        file_entry(out / FINDINGS_FILE),
    ]
    totals["categories"] = len(categories.entries)
    findings = _codes(counts, given)
    _write_manifest(out, given, settings, files, totals, findings, run)
    return ExportResult(
        export_id=given.export_id,
        url=str(out),
        per_category=per_category_name(files, categories),
        findings=findings,
        files=[*files, file_entry(out / MANIFEST_FILE)],
        images=totals["images"],
        annotations=totals["annotations"],
        skipped=totals["skipped"],
        rejected=totals["rejected"],
        objects=totals["objects"],
        categories=totals["categories"],
    )


def _render(
    pool: WorkerPool,
    tables: TableFolder,
    ontology: TableFolder,
    settings: ExportSettings,
    rendered: TableFolder,
    groups: list[tuple[int, int]],
    progress: Progress,
) -> list[RenderedCounts]:
    """Render and number all groups: ids start where those of the group before end."""
    tasks = [
        RenderGroup(tables, first, last, ontology, settings, rendered, number)
        for number, (first, last) in enumerate(groups)
    ]

    def numbering(group: int, counts: Sequence[RenderedCounts]) -> NumberGroup:
        before = counts[:group]
        first = FirstIds(
            settings.profile.first_image_id + sum(count.images for count in before),
            settings.profile.first_annotation_id + sum(count.annotations for count in before),
            1 + sum(count.tracks for count in before),
        )
        return NumberGroup(rendered, group, first, ANNOTATIONS_FILE)

    counts: list[RenderedCounts] = []
    for report in pool.run_chained(tasks, RenderedCounts, numbering):
        counts.append(report)
        progress("rendering", len(counts), len(tasks))
    return counts


def _totals(counts: list[RenderedCounts], objects_of_rows: int) -> dict[str, int]:
    """Counts of the export; input objects and what became of them are counted apart."""
    skipped = sum(count.outcomes.get("skipped", 0) for count in counts)
    rejected = sum(count.outcomes.get("rejected", 0) for count in counts)
    annotations = sum(count.annotations for count in counts)
    superseded = sum(count.superseded_objects for count in counts)
    objects = objects_of_rows + superseded
    if objects != annotations + skipped + rejected:
        raise ExportError(
            f"{objects} input objects became {annotations} annotations, {skipped} skipped and "
            f"{rejected} rejected ones, which does not add up; nothing is published. Please "
            "report this with the label rows."
        )
    return {
        "images": sum(count.images for count in counts),
        "objects": objects,
        "annotations": annotations,
        "skipped": skipped,
        "rejected": rejected,
    }


def _per_category(counts: list[RenderedCounts], categories: Categories) -> dict[int, int]:
    return {
        category.id: sum(count.per_category.get(category.id, 0) for count in counts)
        for category in categories.entries
    }


def per_category_name(files: Sequence[ExportFile], categories: Categories) -> dict[str, int]:
    """Annotations of COCO files by category name; categories of one name share an entry."""
    totals: dict[str, int] = {}
    for category in categories.entries:
        counts = [file.annotations_per_category or {} for file in files]
        count = sum(of_file.get(str(category.id), 0) for of_file in counts)
        totals[category.name] = totals.get(category.name, 0) + count
    return totals


def _codes(counts: list[RenderedCounts], given: ExportInput) -> dict[str, int]:
    totals: dict[str, int] = {}
    for code in given.findings["code"].to_pylist():
        totals[code] = totals.get(code, 0) + 1
    for count in counts:
        for code, number in count.codes.items():
            totals[code] = totals.get(code, 0) + number
    return dict(sorted(totals.items()))


def _write_manifest(
    out: Path,
    given: ExportInput,
    settings: ExportSettings,
    files: list[ExportFile],
    totals: dict[str, int],
    findings: dict[str, int],
    run: Mapping[str, Any],
) -> None:
    manifest = Manifest(
        export_id=given.export_id,
        profile=settings.profile.name,
        settings=settings,
        inputs={"label_rows": [], "ontology": {"sha256": given.ontology_sha256}},
        tables={
            name: TableEntry(info.rows, info.sha256) for name, info in sorted(given.infos.items())
        },
        files=[_file_facts(file) for file in files],
        counts=totals,
        findings=findings,
        run={**run, "versions": library_versions()},
    )
    with (out / MANIFEST_FILE).open("wb") as file:
        file.writelines(manifest.blocks(row_entries(given.tables, given.parts)))


def _file_facts(file: ExportFile) -> dict[str, Any]:
    facts = {name: getattr(file, name) for name in file.__struct_fields__}
    return {name: value for name, value in facts.items() if value is not None}
