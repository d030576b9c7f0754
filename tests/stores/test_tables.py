"""Tables in an object store: the same as on a local disk, found without listings, or refused."""

from pathlib import Path

import pytest
import s3fs

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.errors import StorageError
from coco_dagster.export import (
    build_ontology,
    export_tables,
    normalise_tables,
    snapshot_raw_labels,
)
from coco_dagster.export.result import ExportResult
from coco_dagster.tables.store import TableSet, latest_table_set
from tests.stores.label_store import put_rows, same_files, write_rows
from tests.stores.s3_server import (
    EMPTY_LISTING,
    INTERNAL_ERROR,
    Answer,
    Request,
    S3Server,
    always,
    every,
)


def tables_of(place: str, storage: str) -> tuple[TableSet, TableSet]:
    """Raw labels to tables, stage by stage."""
    raw_labels = snapshot_raw_labels(f"{place}/labels", f"{storage}/raw_labels", workers=1)
    nodes = build_ontology(f"{place}/ontology.json", raw_labels, f"{storage}/ontology")
    return normalise_tables(raw_labels, nodes, f"{storage}/labels", workers=1), nodes


def run_stages(place: str, storage: str) -> tuple[TableSet, ExportResult]:
    """Raw labels to export, stage by stage."""
    labels, nodes = tables_of(place, storage)
    exports = f"{storage}/exports"
    return labels, export_tables(labels, nodes, exports, ExportSettings(), {}, workers=1)


def files_below(server: S3Server, bucket: str, folder: str) -> dict[str, bytes]:
    found = server.objects(bucket).items()
    return {name.removeprefix(folder): data for name, data in found if name.startswith(folder)}


def test_every_stage_in_a_store_that_fails_and_lists_nothing_equals_that_on_a_disk(
    server: S3Server, bucket: str, tmp_path: Path
) -> None:
    write_rows(tmp_path)
    local, local_export = run_stages(str(tmp_path), str(tmp_path / "storage"))

    now_and_then = every(9, INTERNAL_ERROR)

    def fault(request: Request) -> Answer | None:
        return EMPTY_LISTING if request.is_listing else now_and_then(request)

    with server.failing(fault):
        remote, remote_export = run_stages(str(tmp_path), f"s3://{bucket}/storage")
        again = latest_table_set(f"s3://{bucket}/storage/labels")

    assert (remote.version, remote.tables, remote.parts) == (
        local.version,
        local.tables,
        local.parts,
    )
    assert again.read("annotations") == local.read("annotations")
    assert again.scan("annotations").collect().height == local.tables["annotations"].rows
    parts = Path("storage/labels/parts")
    assert files_below(server, bucket, f"{parts}/") == {
        path.relative_to(tmp_path / parts).as_posix(): path.read_bytes()
        for path in (tmp_path / parts).rglob("*")
        if path.is_file()
    }
    assert remote_export.export_id == local_export.export_id
    assert same_files(
        files_below(server, bucket, f"storage/exports/{remote_export.export_id}/"),
        {path.name: path.read_bytes() for path in Path(local_export.url).iterdir()},
    )


@pytest.mark.parametrize("moment", ["/parts/annotations/", "/labels/latest.json"])
def test_a_stage_that_breaks_off_publishes_nothing_and_runs_again(
    moment: str, server: S3Server, bucket: str
) -> None:
    put_rows(bucket)
    broken = always(
        INTERNAL_ERROR, lambda request: request.method == "PUT" and moment in request.path
    )
    with (
        server.failing(broken),
        pytest.raises(StorageError, match=rf"^s3://.*{moment}.*cannot be written: .*InternalError"),
    ):
        tables_of(f"s3://{bucket}", f"s3://{bucket}/storage")
    with pytest.raises(StorageError, match="no tables"):
        latest_table_set(f"s3://{bucket}/storage/labels")
    labels, _ = tables_of(f"s3://{bucket}", f"s3://{bucket}/storage")
    assert latest_table_set(f"s3://{bucket}/storage/labels").version == labels.version
    assert labels.read("annotations").num_rows == labels.tables["annotations"].rows


def test_what_others_wrote_since_is_seen(server: S3Server, bucket: str) -> None:
    root = f"s3://{bucket}/storage/labels"
    s3fs.S3FileSystem().pipe_file(f"{bucket}/storage/labels/notes.txt", b"")
    # As a sensor or a check of a process that lives on would have done.
    assert s3fs.S3FileSystem().ls(f"{bucket}/storage/labels")
    latest = b'{"version": "of-another-process"}'
    # Another process has a client of its own.
    s3fs.S3FileSystem(skip_instance_cache=True).pipe_file(
        f"{bucket}/storage/labels/latest.json", latest
    )
    with pytest.raises(StorageError, match="of-another-process are gone"):
        latest_table_set(root)


def test_a_store_that_cannot_be_asked_is_not_an_empty_one(server: S3Server, bucket: str) -> None:
    with (
        server.failing(always(INTERNAL_ERROR, lambda _: True)),
        pytest.raises(StorageError, match=r"latest\.json cannot be read: its storage answers"),
    ):
        latest_table_set(f"s3://{bucket}/storage/labels")


def test_a_part_that_is_gone_is_told(server: S3Server, bucket: str) -> None:
    put_rows(bucket)
    labels, _ = tables_of(f"s3://{bucket}", f"s3://{bucket}/storage")
    s3fs.S3FileSystem().rm(labels.paths("annotations")[0])
    with pytest.raises(
        StorageError, match=r"parts/annotations/.* cannot be read: it does not exist"
    ):
        labels.read("annotations")
