"""Label rows and tables by partition, with one export over all or one each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coco_dagster.export import find_partitions
from coco_dagster.orchestrate.partitions import range_tags
from coco_dagster.orchestrate.pipeline import Export
from coco_dagster.report.settings import ReportSettings
from tests.orchestrate.conftest import boat, write_row

Build = Callable[..., dg.Definitions]
Launch = Callable[..., dg.ExecuteInProcessResult]
KEYS = ["row-a.json", "row-b.json"]
NO_REPORT = ReportSettings(html=False, contact_sheet=False)


@pytest.fixture
def instance(instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """An instance that knows the partitions."""
    instance.add_dynamic_partitions("boats_partitions", KEYS)
    return instance


def run(definitions: dg.Definitions, instance: dg.DagsterInstance, *keys: str) -> Any:
    job = definitions.resolve_job_def("boats_job")
    if len(keys) == 1:
        return job.execute_in_process(instance=instance, partition_key=keys[0])
    return job.execute_in_process(instance=instance, tags=dict(range_tags(KEYS, keys)))


def export_of(folder: Path) -> str:
    return str(json.loads((folder / "latest.json").read_text())["export_id"])


def put_into_dataset(path: Path, title: str) -> None:
    """Let the label row of a file belong to a dataset of its own."""
    row = json.loads(path.read_text())
    path.write_text(json.dumps(row | {"dataset_hash": title, "dataset_title": title}))


@pytest.mark.parametrize("division", ["shard", "dataset"])
def test_export_over_a_range_of_partitions_is_that_of_the_whole(
    build: Build, launch: Launch, labels: Path, storage: Path, tmp_path: Path, division: str
) -> None:
    write_row(labels, "c", [boat("o1")])
    put_into_dataset(labels / "row-b.json", "Second")
    keys = find_partitions(str(labels), "shard" if division == "shard" else "dataset")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("boats_partitions", keys)
        job = build(partition_by=division, report=NO_REPORT, workers=1).resolve_job_def("boats_job")
        result = job.execute_in_process(instance=instance, tags=dict(range_tags(keys, keys)))
    made = {
        (event.asset_key.path[-1], event.partition)
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }
    assert len(keys) > 1
    assert {("frames", key) for key in keys} | {("coco", None), ("ontology", None)} <= made
    launch(build(storage=str(tmp_path / "whole"), report=NO_REPORT, workers=1))
    whole, merged = tmp_path / "whole" / "exports" / "boats", storage / "exports" / "boats"
    assert export_of(merged) == export_of(whole)
    for name in ("annotations.json", "lineage.parquet", "findings.parquet"):
        parts = [folder / export_of(folder) / name for folder in (whole, merged)]
        assert parts[0].read_bytes() == parts[1].read_bytes()


def test_partitions_can_be_run_one_by_one(
    build: Build, instance: dg.DagsterInstance, storage: Path
) -> None:
    definitions = build(partition_by="shard")
    first = run(definitions, instance, KEYS[0])
    second = run(definitions, instance, KEYS[1])
    counts = [
        event.materialization.metadata["partitions"].value
        for result in (first, second)
        for event in result.get_asset_materialization_events()
        if event.asset_key.path[-1] == "coco"
    ]
    assert counts == [1, 2]


def test_each_partition_can_have_an_export_of_its_own(
    build: Build, instance: dg.DagsterInstance, storage: Path
) -> None:
    run(build(partition_by="shard", exports={"each": Export(per_partition=True)}), instance, *KEYS)
    root = storage / "exports" / "boats" / "each" / "partitions"
    assert sorted(path.name for path in root.iterdir()) == KEYS


def test_partition_that_the_source_lacks_is_named(
    build: Build, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions("boats_partitions", ["row-z.json"])
    with pytest.raises(dg.Failure) as failure:
        run(build(partition_by="shard"), instance, "row-z.json")
    assert "no partition row-z.json" in str(failure.value.description)


def test_one_changed_row_computes_its_part_alone(
    build: Build, launch: Launch, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coco_dagster.export.chunks.CHUNK_BYTES", 1)
    for name in "cde":
        write_row(labels, name, [boat("o1")])
    assets = ("raw_labels", "ontology", "frames")
    launch(build(workers=1), *assets)
    write_row(labels, "d", [boat("o1", 0.3)])
    said = {
        event.materialization.asset_key.path[-1]: event.materialization.metadata
        for event in launch(build(workers=1), *assets).get_asset_materialization_events()
    }
    assert said["raw_labels"]["parts_computed"].value == 1
    assert said["frames"]["parts_computed"].value == 1
    assert said["raw_labels"]["rows_changed"].value == 1
    assert said["raw_labels"]["rows_new"].value == 0
