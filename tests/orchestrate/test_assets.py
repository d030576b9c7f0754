"""The steps that materialise the assets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from coco_dagster.tables.schemas import LABEL_TABLES

Build = Callable[..., dg.Definitions]
Launch = Callable[..., dg.ExecuteInProcessResult]
Finished = tuple[dg.Definitions, dg.ExecuteInProcessResult]

ASSETS = ("raw_labels", "ontology", *LABEL_TABLES, "coco")
OF_EACH_STEP = ("raw_labels", "ontology", "annotations", "coco")
"""One asset of each step."""


def materialized(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetMaterialization]:
    """Materialisations of a run by the last part of their asset's key."""
    return {
        event.materialization.asset_key.path[-1]: event.materialization
        for event in result.get_asset_materialization_events()
    }


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    return {
        asset: {name: entry.value for name, entry in materialization.metadata.items()}
        for asset, materialization in materialized(result).items()
    }


def data_versions(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    return {
        asset: (materialization.tags or {})["dagster/data_version"]
        for asset, materialization in materialized(result).items()
    }


def test_job_materialises_every_asset(finished: Finished) -> None:
    assert set(materialized(finished[1])) == set(ASSETS)


def test_job_materialises_every_asset_without_an_ontology_file(
    build: Build, launch: Launch
) -> None:
    assert set(materialized(launch(build(ontology=None)))) == set(ASSETS)


def test_no_labels_at_all_are_an_empty_export(build: Build, launch: Launch, tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("[]")
    result = launch(build(labels=str(tmp_path / "empty.json")))
    assert metadata(result)["coco"]["images"] == 0
    assert all(check.passed for check in result.get_asset_check_evaluations())


@pytest.mark.parametrize("asset", ASSETS)
def test_materialisation_says_rows_columns_place_and_reuse(finished: Finished, asset: str) -> None:
    said = metadata(finished[1])[asset]
    assert isinstance(said["dagster/row_count"], int)
    assert said["dagster/uri"].startswith("file:///")
    assert said["dagster/column_schema"].columns
    assert "dagster/column_lineage" in said or asset == "raw_labels"
    assert Path(said["path"]).exists()
    assert said["reused"] is False


def test_numbers_are_those_of_the_label_rows(finished: Finished) -> None:
    said = metadata(finished[1])
    assert said["raw_labels"]["dagster/row_count"] == 2
    assert said["ontology"]["categories"] == 1
    assert said["frames"]["dagster/row_count"] == 2
    assert said["annotations"]["dagster/row_count"] == 3
    assert {name: said["coco"][name] for name in ("images", "annotations", "objects")} == {
        "images": 2,
        "annotations": 3,
        "objects": 3,
    }


@pytest.mark.parametrize("asset", ASSETS)
def test_event_of_a_materialisation_stays_small(finished: Finished, asset: str) -> None:
    assert len(dg.serialize_value(materialized(finished[1])[asset])) < 25_000


def test_no_value_goes_through_an_io_manager(finished: Finished) -> None:
    handled = [e for e in finished[1].all_events if e.event_type_value == "HANDLED_OUTPUT"]
    assert handled == []


def test_source_may_be_a_url(build: Build, launch: Launch, labels: Path) -> None:
    url = f"file://{labels / 'row-a.json'}"
    said = metadata(launch(build(labels=url), "raw_labels"))["raw_labels"]
    assert said["source"] == url
    assert said["dagster/row_count"] == 1


def test_failure_does_not_show_the_secret_of_a_url(build: Build, launch: Launch) -> None:
    url = "memory://nowhere/labels.json?signature=secret"
    result = launch(build(labels=url), "raw_labels", raise_on_error=False)
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    assert "secret" not in dg.serialize_value(failure)


def test_running_again_reuses_everything_under_the_same_data_versions(
    finished: Finished, launch: Launch
) -> None:
    again = launch(finished[0])
    said = metadata(again)
    assert all(said[asset]["reused"] for asset in ASSETS)
    assert data_versions(again) == data_versions(finished[1])


def test_same_labels_in_another_place_give_the_same_data_versions(
    finished: Finished, build: Build, launch: Launch
) -> None:
    assert data_versions(launch(build())) == data_versions(finished[1])


def test_storage_may_come_from_the_environment_of_the_run(
    build: Build, launch: Launch, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definitions = build(storage=dg.EnvVar("BOATS_STORAGE"))
    monkeypatch.setenv("BOATS_STORAGE", str(storage / "boats"))
    said = metadata(launch(definitions, "raw_labels"))["raw_labels"]
    assert said["path"].startswith(str(storage / "boats"))


def test_changed_label_row_changes_the_versions_that_depend_on_it(
    finished: Finished, build: Build, launch: Launch, labels: Path
) -> None:
    path = labels / "row-a.json"
    row = json.loads(path.read_text())
    row["data_units"]["file-a"]["labels"]["objects"][0]["boundingBox"]["x"] = 0.25
    path.write_text(json.dumps(row))
    before, after = data_versions(finished[1]), data_versions(launch(build()))
    changed = {asset for asset in ASSETS if before[asset] != after[asset]}
    assert changed == {"raw_labels", "label_rows", "annotations", "coco"}


@pytest.mark.parametrize("asset", ASSETS)
def test_each_asset_can_be_materialised_alone(
    finished: Finished, launch: Launch, asset: str
) -> None:
    assert set(materialized(launch(finished[0], asset))) == {asset}


@pytest.mark.parametrize(
    "assets",
    [
        ("frames", "annotations"),
        ("findings", "coco"),
        ("raw_labels", "ontology", "objects"),
        *(tuple(name for name in ASSETS if name != left_out) for left_out in OF_EACH_STEP),
    ],
    ids=lambda assets: " ".join(assets) if len(assets) < 4 else f"{len(assets)} of all",
)
def test_several_assets_can_be_materialised_without_the_others(
    finished: Finished, launch: Launch, assets: tuple[str, ...]
) -> None:
    assert set(materialized(launch(finished[0], *assets))) == set(assets)


def test_export_alone_works_when_the_source_is_gone(
    build: Build, launch: Launch, labels: Path
) -> None:
    first = data_versions(launch(build()))
    for path in labels.iterdir():
        path.unlink()
    assert data_versions(launch(build(), "coco"))["coco"] == first["coco"]


@pytest.mark.parametrize(
    ("asset", "settings", "missing"),
    [
        ("frames", {}, "boats/raw_labels"),
        ("coco", {}, "boats/label_rows"),
        ("ontology", {"ontology": None}, "boats/raw_labels"),
    ],
)
def test_missing_upstream_is_named(
    build: Build, launch: Launch, asset: str, settings: dict[str, Any], missing: str
) -> None:
    with pytest.raises(dg.Failure) as failure:
        launch(build(**settings), asset)
    assert f"Materialise `{missing}` first." in str(failure.value.description)


def test_missing_source_is_named_and_not_tried_again(
    build: Build, launch: Launch, tmp_path: Path
) -> None:
    with pytest.raises(dg.Failure) as failure:
        launch(build(labels=str(tmp_path / "nowhere")), "raw_labels")
    assert "nowhere" in str(failure.value.description)
    assert failure.value.allow_retries is False


def test_manifest_names_the_run_and_the_data_versions_that_went_in(
    build: Build, launch: Launch
) -> None:
    result = launch(build())
    versions = data_versions(result)
    export = Path(metadata(result)["coco"]["path"])
    run = json.loads((export / "manifest.json").read_text())["run"]
    assert run["dagster_run_id"] == result.run_id
    assert run["data_versions"] == {
        f"boats/{asset}": versions[asset] for asset in (*LABEL_TABLES, "ontology")
    }


def test_latest_export_is_the_one_that_was_materialised(finished: Finished) -> None:
    said = metadata(finished[1])["coco"]
    latest = json.loads((Path(said["path"]).parent / "latest.json").read_text())
    assert latest["export_id"] == said["export_id"] == Path(said["path"]).name
