"""The sensor watches the source and starts each run exactly once."""

import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import fsspec
import pytest

from coco_dagster.orchestrate.partitions import RANGE_END, RANGE_START
from coco_dagster.orchestrate.sensors import CHANGE_TAG
from tests.orchestrate.conftest import boat, write_row

Build = Callable[..., dg.Definitions]


class Watch:
    """Ticks of the sensor, which hand on their cursor."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self._sensor = definitions.resolve_sensor_def("boats_sensor")
        self._definitions, self._instance = definitions, instance
        self.cursor: str | None = None

    def tick(self) -> dg.SensorResult:
        context = dg.build_sensor_context(
            self._instance, self.cursor, sensor_name="boats_sensor", definitions=self._definitions
        )
        found: Any = self._sensor(context)
        assert isinstance(found, dg.SensorResult)
        self.cursor = found.cursor
        return found

    def keys(self) -> list[str | None]:
        return [request.run_key for request in self.tick().run_requests or []]


def settle(folder: Path) -> None:
    """Let all files have been written a while ago, but for their time of change."""
    for path in folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))


@pytest.fixture(autouse=True)
def files_settle_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coco_dagster.encord.source_stamps._SETTLED_NS", 0)


@pytest.fixture
def watch(build: Build, instance: dg.DagsterInstance) -> Watch:
    return Watch(build(), instance)


def test_first_look_starts_a_run_and_the_next_one_does_not(watch: Watch) -> None:
    (key,) = watch.keys()
    assert key is not None
    assert watch.keys() == []


def test_new_changed_and_removed_files_start_a_run_each(watch: Watch, labels: Path) -> None:
    keys = watch.keys()
    write_row(labels, "c", [boat("o1")])
    added = watch.tick()
    write_row(labels, "c", [boat("o1"), boat("o2", 0.5)])
    changed = watch.tick()
    (labels / "row-c.json").unlink()
    removed = watch.tick()
    requests = [
        request for tick in (added, changed, removed) for request in tick.run_requests or []
    ]
    assert [request.tags[CHANGE_TAG] for request in requests] == ["1 new", "1 changed", "1 removed"]
    assert len({*keys, *(request.run_key for request in requests)}) == 4


@pytest.fixture
def bucket(labels: Path) -> Iterator[Any]:
    """An object store in memory that holds the label rows."""
    store = fsspec.filesystem("memory")
    store.put(str(labels), "/boats/labels", recursive=True)
    yield store
    store.rm("/boats", recursive=True)


def test_object_store_is_watched(build: Build, instance: dg.DagsterInstance, bucket: Any) -> None:
    watch = Watch(build(labels="memory://boats/labels"), instance)
    assert len(watch.keys()) == 1
    assert watch.keys() == []
    text = bucket.cat("/boats/labels/row-a.json").replace(b"row-a", b"row-c")
    bucket.pipe("/boats/labels/row-c.json", text)
    added = watch.tick()
    bucket.pipe("/boats/labels/row-c.json", text.replace(b"row-c", b"row-d"))
    changed = watch.tick()
    bucket.rm("/boats/labels/row-c.json")
    removed = watch.tick()
    assert [changes_of(tick) for tick in (added, changed, removed)] == [
        ["1 new"],
        ["1 changed"],
        ["1 removed"],
    ]
    assert watch.keys() == []


def test_zip_is_watched(build: Build, instance: dg.DagsterInstance, labels: Path) -> None:
    archive = labels.parent / "labels.zip"

    def zip_up() -> None:
        with zipfile.ZipFile(archive, "w") as made:
            for path in sorted(labels.iterdir()):
                made.writestr(zipfile.ZipInfo(path.name), path.read_text())

    zip_up()
    watch = Watch(build(labels=str(archive)), instance)
    assert len(watch.keys()) == 1
    write_row(labels, "c", [boat("o1")])
    zip_up()
    assert changes_of(watch.tick()) == ["1 changed"]
    zip_up()
    assert watch.keys() == []


def test_run_key_carries_the_content_of_the_source(
    build: Build, instance: dg.DagsterInstance, labels: Path, tmp_path: Path
) -> None:
    (key,) = Watch(build(), instance).keys()
    shutil.copytree(labels, tmp_path / "copy")
    (of_copy,) = Watch(build(labels=str(tmp_path / "copy")), instance).keys()
    write_row(labels, "a", [boat("o1")])
    (of_other_content,) = Watch(build(), instance).keys()
    assert key == of_copy != of_other_content


def changes_of(tick: dg.SensorResult) -> list[str]:
    return [request.tags[CHANGE_TAG] for request in tick.run_requests or []]


def test_touched_file_starts_no_run(watch: Watch, labels: Path) -> None:
    watch.keys()
    settle(labels)
    assert watch.keys() == []


def test_tick_that_is_repeated_asks_for_the_same_run(watch: Watch, labels: Path) -> None:
    watch.keys()
    cursor = watch.cursor
    write_row(labels, "c", [boat("o1")])
    first = watch.keys()
    watch.cursor = cursor
    assert watch.keys() == first


def test_labels_that_are_as_they_were_before_are_exported_again(watch: Watch, labels: Path) -> None:
    first = watch.keys()
    path = write_row(labels, "c", [boat("o1")])
    watch.keys()
    path.unlink()
    (back,) = watch.keys()
    assert back not in first


def test_files_that_are_being_written_are_waited_for(
    watch: Watch, labels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coco_dagster.encord.source_stamps._SETTLED_NS", 10**12)
    write_row(labels, "c", [boat("o1")])
    tick = watch.tick()
    assert not tick.run_requests
    assert "being written" in str(tick.skip_reason)


def test_run_that_was_started_before_the_cursor_was_lost_is_not_started_again(
    watch: Watch, instance: dg.DagsterInstance, build: Build
) -> None:
    (key,) = watch.keys()
    job = build().resolve_job_def("boats_job")
    instance.create_run_for_job(
        job, tags={"dagster/sensor_name": "boats_sensor", "dagster/run_key": str(key)}
    )
    watch.cursor = None
    assert watch.keys() == [key]


def test_new_file_adds_its_partition_and_runs_it_alone(
    build: Build, instance: dg.DagsterInstance, labels: Path
) -> None:
    watch = Watch(build(partition_by="shard"), instance)
    first = watch.tick()
    (added,) = first.dynamic_partitions_requests or []
    assert sorted(added.partition_keys) == ["row-a.json", "row-b.json"]
    instance.add_dynamic_partitions("boats_partitions", list(added.partition_keys))
    write_row(labels, "c", [boat("o1")])
    second = watch.tick()
    (run,) = second.run_requests or []
    assert run.tags["dagster/asset_partition_range_start"] == "row-c.json"
    assert run.tags["dagster/asset_partition_range_end"] == "row-c.json"


def known_partitions(tick: dg.SensorResult, instance: dg.DagsterInstance) -> None:
    """Do what a tick asks for, as the daemon does."""
    for request in tick.dynamic_partitions_requests or []:
        assert isinstance(request, dg.AddDynamicPartitionsRequest)
        instance.add_dynamic_partitions("boats_partitions", list(request.partition_keys))


def partition_range(tick: dg.SensorResult) -> tuple[str, str]:
    (run,) = tick.run_requests or []
    return run.tags[RANGE_START], run.tags[RANGE_END]


def test_partition_that_lost_one_of_its_files_is_made_anew(
    build: Build, instance: dg.DagsterInstance, labels: Path
) -> None:
    for folder in ("x", "y"):
        (labels / folder).mkdir()
        for name in "cd":
            write_row(labels / folder, f"{folder}{name}", [boat("o1")])
    watch = Watch(build(partition_by="shard"), instance)
    known_partitions(watch.tick(), instance)
    (labels / "x" / "row-xd.json").unlink()
    assert partition_range(watch.tick()) == ("x", "x")


def test_datasets_are_made_anew_where_a_file_is_gone(
    build: Build, instance: dg.DagsterInstance, labels: Path
) -> None:
    watch = Watch(build(partition_by="dataset"), instance)
    known_partitions(watch.tick(), instance)
    (labels / "row-b.json").unlink()
    (key,) = instance.get_dynamic_partitions("boats_partitions")
    assert partition_range(watch.tick()) == (key, key)


def test_partition_that_is_gone_is_removed_and_the_export_made_anew(
    build: Build, instance: dg.DagsterInstance, labels: Path
) -> None:
    watch = Watch(build(partition_by="shard"), instance)
    watch.tick()
    instance.add_dynamic_partitions("boats_partitions", ["row-a.json", "row-b.json"])
    (labels / "row-b.json").unlink()
    tick = watch.tick()
    (removed,) = tick.dynamic_partitions_requests or []
    assert isinstance(removed, dg.DeleteDynamicPartitionsRequest)
    (run,) = tick.run_requests or []
    assert run.asset_selection == [dg.AssetKey(["boats", "coco"])]
