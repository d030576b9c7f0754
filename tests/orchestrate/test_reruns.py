"""What is run again, and what is not."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from coco_dagster.coco.profiles import TRAINING, ExportSettings
from coco_dagster.orchestrate import translator
from coco_dagster.orchestrate.pipeline import Export
from coco_dagster.tables.schemas import LABEL_TABLES
from tests.orchestrate.conftest import write_ontology
from tests.orchestrate.test_partitions import export_of

Build = Callable[..., dg.Definitions]
Launch = Callable[..., dg.ExecuteInProcessResult]


def unsynced(definitions: dg.Definitions, instance: dg.DagsterInstance) -> set[str]:
    """Assets that the UI shows as unsynced, by the last part of their key."""
    graph = definitions.resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    keys = graph.materializable_asset_keys
    return {key.path[-1] for key in keys if resolver.get_status(key).value != "FRESH"}


def test_new_setting_or_version_marks_exactly_what_it_concerns_as_unsynced(
    build: Build,
    launch: Launch,
    instance: dg.DagsterInstance,
    labels: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exports = {"archive": Export(), "trained": Export(settings=ExportSettings(profile=TRAINING))}
    launch(build(exports=exports), instance=instance)
    assert unsynced(build(exports=exports), instance) == set()
    narrow = {**exports, "archive": Export(settings=ExportSettings(branches=("review",)))}
    assert unsynced(build(exports=narrow), instance) == {"archive"}
    assert unsynced(build(exports=exports, workers=2, pool="boats"), instance) == set()
    moved = build(exports=exports, labels=f"{labels}/.")
    assert unsynced(moved, instance) == {"raw_labels"}
    monkeypatch.setattr(translator, "NORMALISATION_VERSION", "next")
    assert unsynced(build(exports=exports), instance) == {*LABEL_TABLES}
    assert not unsynced(build(exports=exports), instance) & {"raw_labels", "ontology"}


def test_failed_step_and_what_follows_it_are_run_again_alone(
    labels: Path, ontology: Path, storage: Path, instance: dg.DagsterInstance
) -> None:
    places = {"labels": str(labels), "ontology": str(ontology), "storage": str(storage)}
    job = dg.build_reconstructable_job(
        "tests.orchestrate.asset_job", "boats_job", reconstructable_kwargs=places
    )
    ontology.unlink()
    with dg.execute_job(job, instance) as failed:
        assert not failed.success
        assert materialised(failed) == {"raw_labels"}
    write_ontology(ontology)
    again = dg.ReexecutionOptions.from_failure(failed.run_id, instance)
    with dg.execute_job(job, instance, reexecution_options=again) as result:
        assert result.success
        assert materialised(result) == {"ontology", *LABEL_TABLES, "coco"}


def materialised(result: Any) -> set[str]:
    return {
        event.asset_key.path[-1] for event in result.all_events if event.is_step_materialization
    }


def test_deleted_export_comes_back_with_the_same_bytes(
    build: Build, launch: Launch, storage: Path
) -> None:
    launch(build())
    root = storage / "exports" / "boats"
    export = root / export_of(root)
    before = contents(export)
    shutil.rmtree(export)
    launch(build(), "coco")
    assert contents(export) == before


def contents(export: Path) -> dict[str, bytes]:
    """Files of an export, but for the manifest, which names the run."""
    kept = (path for path in export.iterdir() if path.name != "manifest.json")
    return {path.name: path.read_bytes() for path in kept}
