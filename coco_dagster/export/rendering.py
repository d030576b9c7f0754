"""Parts of tables to the files of one export, in a folder that nobody sees yet.

What is rendered together is a group: slices of parts that make a stretch of the source order.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from msgspec import Struct

from coco_dagster.coco.categories import Categories
from coco_dagster.coco.layouts import ExportPlan, export_plan
from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.coco.writer import FirstIds, categories_of_contents
from coco_dagster.errors import ExportError
from coco_dagster.export.assembly import (
    check_file_names,
    coco_info,
    file_entry,
)
from coco_dagster.export.coco_files import CocoHead, RenderedGroups, write_coco_file
from coco_dagster.export.group_files import discard_lines
from coco_dagster.export.groups import groups_of_windows
from coco_dagster.export.losses import check_losses
from coco_dagster.export.places import PartPlace, TableFolder
from coco_dagster.export.pool import WorkerPool
from coco_dagster.export.progress import Progress, Stopwatch
from coco_dagster.export.result import ExportFile, ExportResult
from coco_dagster.export.row_facts import all_row_facts
from coco_dagster.export.source_order import windows_of
from coco_dagster.export.table_files import TableFiles, table_files_task
from coco_dagster.export.tasks import NumberGroup, RenderedCounts, RenderGroup
from coco_dagster.lineage.manifest import (
    MANIFEST_FILE,
    Manifest,
    TableEntry,
    library_versions,
    ontology_entry,
    table_digest,
)
from coco_dagster.tables.parts import read_part, write_part
from coco_dagster.tables.schemas import ONTOLOGY_TABLES
from coco_dagster.tables.skeletons import SkeletonPoints, with_points_of_labels

_BLOCK_BYTES: Final = 1 << 20


class ExportInput(Struct, frozen=True):
    """What an export is made from.

    Attributes:
        parts: tables of the label rows, of one set of tables or of several.
        ontology: tables of the ontology.
        skeleton_points: names of points for skeletons without a template.
        table_rows: number of rows of each table.
        rows_sha256: digest over the digests of all label rows, in source order.
        ontology_sha256: digest of the ontology.
        findings: findings on files and on the ontology.
        export_id: id of the export.
        is_last_reader: whether nobody else reads the tables of the label rows.
    """

    parts: Sequence[PartPlace]
    ontology: TableFolder
    skeleton_points: SkeletonPoints
    table_rows: Mapping[str, int]
    rows_sha256: str
    ontology_sha256: str
    findings: pa.Table
    export_id: str
    is_last_reader: bool


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
        ExportError: the counts do not add up, file names collide, or objects are lost that the
            profile must not lose.
    """
    plan = export_plan(settings)
    rendered = TableFolder(str(work / "rendered"), "arrow")
    ontology = with_points_of_labels(
        read_part(given.ontology.path, 0, ONTOLOGY_TABLES, given.ontology.form),
        given.skeleton_points,
    )
    completed = TableFolder(str(work / "completed_ontology"), "arrow")
    write_part(completed.path, 0, ontology, completed.form)
    windows = windows_of(pool, given.parts, work / "windows")
    groups = groups_of_windows(pool, windows, settings.branches, work / "moved")
    with watch.stage("rendering"):
        tasks = [
            RenderGroup(slices, completed, settings, rendered, number, given.is_last_reader)
            for number, slices in enumerate(groups)
        ]
        counts = _render(pool, tasks, settings, rendered, progress)
    check_losses(counts, settings.profile)
    categories = categories_of_contents(ontology, settings)
    with watch.stage("writing"):
        rows = all_row_facts([count.rows for count in counts])
        totals = _totals(counts, rows.objects)
        task = table_files_task(out, given.findings, rendered, windows, len(groups))
        tables = pool.beside(task, TableFiles)
        check_file_names(rendered, len(groups))
        info = coco_info(rows, given.export_id)
        files = _write_coco_files(
            out, info, categories, RenderedGroups(rendered, len(groups), plan), counts
        )
        discard_lines(work / "rendered")
        versions = library_versions()
        files += tables.result().files
        pool.dismiss()
    totals["categories"] = sum(len(of_content.entries) for of_content in categories)
    findings = _codes(counts, given)
    entries = Path(task.row_entries)
    of_run = {**run, "versions": versions}
    _write_manifest(out, given, ontology, entries, settings, files, totals, findings, of_run)
    return ExportResult(
        export_id=given.export_id,
        url=str(out),
        per_category=per_category_name(files, plan, categories),
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
    tasks: Sequence[RenderGroup],
    settings: ExportSettings,
    rendered: TableFolder,
    progress: Progress,
) -> list[RenderedCounts]:
    """Render and number all groups: ids start where those of the group before end."""
    start = FirstIds(
        image=settings.profile.first_image_id,
        annotation=settings.profile.first_annotation_id,
        track=1,
        video=settings.profile.first_image_id,
    )
    runs_through = not export_plan(settings).form.by_unit

    def numbering(group: int, counts: Sequence[RenderedCounts]) -> NumberGroup:
        before = counts[:group] if runs_through else []
        first = FirstIds(
            image=start.image + sum(count.images for count in before),
            annotation=start.annotation + sum(count.annotations for count in before),
            track=start.track + sum(count.tracks for count in before),
            video=start.video + sum(count.videos for count in before),
        )
        return NumberGroup(rendered, group, first)

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


def _write_coco_files(
    out: Path,
    info: dict[str, Any],
    categories: Sequence[Categories],
    rendered: RenderedGroups,
    counts: Sequence[RenderedCounts],
) -> list[ExportFile]:
    entries = []
    for number, file in enumerate(rendered.plan.files):
        head = CocoHead(info, categories[file.content])
        path = out / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        size, digest = write_coco_file(path, file, head, rendered)
        of_file = [count.files[number] for count in counts]
        per_category = {
            str(category.id): sum(count.per_category.get(category.id, 0) for count in of_file)
            for category in head.categories.entries
        }
        images = sum(count.images for count in of_file)
        annotations = sum(count.annotations for count in of_file)
        entries.append(ExportFile(file.path, size, digest, images, annotations, per_category))
    return entries


def per_category_name(
    files: Sequence[ExportFile], plan: ExportPlan, categories: Sequence[Categories]
) -> dict[str, int]:
    """Annotations of an export by category name; categories of one name share an entry.

    Args:
        files: files of the export.
        plan: its COCO files.
        categories: categories of each content of the plan.
    """
    contents = {file.path: file.content for file in plan.files}
    totals: dict[str, int] = {}
    for content, of_content in enumerate(categories):
        counts = [
            file.annotations_per_category or {}
            for file in files
            if contents.get(file.path) == content
        ]
        for category in of_content.entries:
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
    ontology: Mapping[str, pa.Table],
    row_entries: Path,
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
        inputs={
            "label_rows": [],
            "ontology": ontology_entry(given.ontology_sha256, ontology["categories"]),
        },
        tables={
            name: TableEntry(rows, table_digest(name, given.ontology_sha256, given.rows_sha256))
            for name, rows in sorted(given.table_rows.items())
        },
        files=[_file_facts(file) for file in files],
        counts=totals,
        findings=findings,
        run=run,
    )
    with (out / MANIFEST_FILE).open("wb") as file, row_entries.open("rb") as entries:
        file.writelines(manifest.blocks(iter(partial(entries.read, _BLOCK_BYTES), b"")))


def _file_facts(file: ExportFile) -> dict[str, Any]:
    facts = {name: getattr(file, name) for name in file.__struct_fields__}
    return {name: value for name, value in facts.items() if value is not None}
