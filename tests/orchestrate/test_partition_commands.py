"""Partitions by hand: `coco-dagster partitions`, and `dg launch` over a range of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from coco_dagster.cli import main
from tests.dg_command import run_dg
from tests.orchestrate.test_defs_yaml import write_project

KEYS = ["row-a.json", "row-b.json"]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """The instance of DAGSTER_HOME."""
    with dg.instance_for_test(set_dagster_home=True) as instance:
        yield instance


def partitions(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["partitions", *map(str, arguments)])


def test_partitions_are_added_by_key_and_from_the_label_rows(
    home: dg.DagsterInstance, labels: Path
) -> None:
    assert partitions("add", "boats", "row-b.json").output == "row-b.json\n"
    # Those that are known already are not added again.
    assert partitions("add", "boats", "--labels", labels, "--by", "shard").output == "row-a.json\n"
    assert home.get_dynamic_partitions("boats_partitions") == ["row-b.json", "row-a.json"]
    assert partitions("list", "boats").output == "row-b.json\nrow-a.json\n"


def test_partitions_are_removed(home: dg.DagsterInstance) -> None:
    partitions("add", "boats", *KEYS)
    assert partitions("remove", "boats", "row-a.json").exit_code == 0
    assert partitions("list", "boats").output == "row-b.json\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "boats", "../x"), "is no key of a partition"),
        (("add", "boats"), "Name the partitions to add"),
        (("remove", "boats", "x"), "has no partition `x`"),
    ],
)
@pytest.mark.usefixtures("home")
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    done = partitions(*arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr


def test_no_home_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    done = partitions("list", "boats")
    assert done.exit_code == 1
    assert "set DAGSTER_HOME" in done.stderr


def test_dg_launches_a_range_of_partitions_as_one_run(
    home: dg.DagsterInstance, labels: Path, storage: Path, tmp_path: Path
) -> None:
    defs = write_project(tmp_path)
    (defs / "boats").mkdir()
    attributes = {"name": "boats", "labels": str(labels), "storage": str(storage)}
    component = {
        "type": "coco_dagster.EncordCocoExport",
        "attributes": attributes | {"partition_by": "shard"},
    }
    (defs / "boats" / "defs.yaml").write_text(json.dumps(component))
    home.add_dynamic_partitions("boats_partitions", KEYS)
    launched = run_dg(
        tmp_path, "launch", "--job", "boats_job", "--partition-range", "...".join(KEYS)
    )
    assert launched.exit_code == 0, launched.output
    (run,) = home.get_runs()
    assert run.is_success
    tables = dg.AssetKey(["boats", "frames"])
    assert home.get_materialized_partitions(tables) == set(KEYS)
    assert len(list((storage / "exports" / "boats").glob("*/annotations.json"))) == 1
