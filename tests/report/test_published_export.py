"""Published exports as readers find them."""

import json
from pathlib import Path

import fsspec
import pytest

from coco_dagster.errors import StorageError
from coco_dagster.report.inspection import inspect_export
from coco_dagster.report.published_export import PublishedExport, is_export
from tests.exports import export_rows
from tests.label_rows import label_row
from tests.objects import box
from tests.report.conftest import Reported


def test_a_folder_without_a_manifest_is_no_export(tmp_path: Path) -> None:
    assert not is_export(str(tmp_path))
    with pytest.raises(StorageError, match=r"There is no export in .*: it has no manifest\.json"):
        PublishedExport(str(tmp_path))


def test_a_damaged_manifest_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"export_id": 3}')
    with pytest.raises(StorageError, match=r"manifest.json in .* is damaged"):
        PublishedExport(str(tmp_path))


@pytest.mark.parametrize("name", ["annotations.json", "lineage.parquet", "findings.parquet"])
def test_a_file_that_is_gone_is_named(tmp_path: Path, name: str) -> None:
    export = export_rows(tmp_path, [label_row([box()])])
    (export.folder / name).unlink()
    with pytest.raises(StorageError, match=f"lacks its file {name}"):
        inspect_export(PublishedExport(str(export.folder)), 10)


def test_a_secret_of_a_url_is_not_repeated() -> None:
    with pytest.raises(StorageError) as raised:
        PublishedExport("memory://nowhere?token=SECRET")
    assert "SECRET" not in str(raised.value)


def test_an_export_in_an_object_store_is_read_like_one_on_disk(sample_report: Reported) -> None:
    store = fsspec.filesystem("memory")
    for path in sample_report.folder.iterdir():
        store.pipe_file(f"/exports/one/{path.name}", path.read_bytes())
    there = inspect_export(PublishedExport("memory://exports/one"), 24)
    here = inspect_export(PublishedExport(str(sample_report.folder)), 24)
    assert there.lineage.annotations == here.lineage.annotations
    assert [image.coco.id for image in there.images] == [image.coco.id for image in here.images]
    assert there.findings == here.findings
    assert there.origins == here.origins


def test_the_ontology_of_an_export_has_its_colours(sample_report: Reported) -> None:
    objects = PublishedExport(str(sample_report.folder)).ontology
    ontology = json.loads((Path("definitions/sample/ontology.json")).read_text())
    nodes = ontology.get("editor", ontology)["objects"]
    assert [(node.name, node.color) for node in objects] == [
        (node["name"], node["color"]) for node in nodes
    ]
