"""`defs.yaml`: what its schema says, what `dg` writes into it, and what it says of mistakes."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coco_dagster.orchestrate.component import EncordCocoExport
from tests.dg_command import run_dg
from tests.orchestrate.test_component import load


def settings_in_schema() -> dict[str, dict[str, Any]]:
    """Every setting of the component and of what it holds, but for Dagster's own models."""
    schema = EncordCocoExport.model().model_json_schema()
    dagsters = re.compile("OpSpec|AssetSpec|PartitionsDefinition|BackfillPolicy")
    models = {"": schema} | {
        f"{name.removesuffix('Model')}.": model
        for name, model in schema["$defs"].items()
        if not dagsters.search(name)
    }
    return {
        f"{prefix}{name}": described
        for prefix, model in models.items()
        for name, described in model["properties"].items()
    }


def test_settings_in_the_schema_are_those_of_every_model() -> None:
    known = settings_in_schema()
    assert set(EncordCocoExport.model_fields) <= set(known)
    nested = ("ExportChecks.class_balance", "CheckOptions.threshold", "Retries.backoff")
    assert {*nested, "NamedExport.per_partition", "SourceSensor.running"} <= set(known)


@pytest.mark.parametrize("setting", settings_in_schema())
def test_every_setting_is_described_and_has_an_example(setting: str) -> None:
    described = settings_in_schema()[setting]
    assert described["description"]
    assert described["examples"]


@pytest.mark.parametrize("setting", [name for name in settings_in_schema() if "." not in name])
def test_the_example_of_a_setting_can_be_given(setting: str) -> None:
    (example,) = settings_in_schema()[setting]["examples"]
    assert setting in load(**{setting: example}).model_fields_set


WRONG_YAML = """\
type: coco_dagster.EncordCocoExport
attributes:
  name: big boats
  labels: labels
  profile: yolo
  layout: zip
  rejected: block
  workers: 0
  checks:
    rejected_labels: ignore
"""


DEFINITIONS = """\
from pathlib import Path

import dagster as dg


@dg.definitions
def defs():
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
"""


def write_project(root: Path) -> Path:
    """Write a project of `dg`; its folder of definitions."""
    defs = root / "ours" / "defs"
    defs.mkdir(parents=True)
    (defs.parent / "__init__.py").touch()
    (defs.parent / "definitions.py").write_text(DEFINITIONS)
    (root / "dg.toml").write_text(
        'directory_type = "project"\n[project]\nroot_module = "ours"\n'
        'registry_modules = ["coco_dagster"]\n'
    )
    return defs


def test_dg_scaffolds_a_file_whose_comments_may_all_be_taken_in(tmp_path: Path) -> None:
    defs = write_project(tmp_path)
    options = ("--labels", "rows.zip", "--profile", "training", "--partition-by", "shard")
    scaffolded = run_dg(
        tmp_path, "scaffold", "defs", "coco_dagster.EncordCocoExport", "a", *options
    )
    assert scaffolded.exit_code == 0, scaffolded.output
    path = defs / "a" / "defs.yaml"
    written = msgspec.yaml.decode(path.read_bytes())
    assert written["attributes"] == {
        "name": "a",
        "labels": "rows.zip",
        "profile": "training",
        "partition_by": "shard",
    }
    names = "|".join(EncordCocoExport.model_fields)
    path.write_text(re.sub(rf"^  # (({names}): .*)$", r"  \1", path.read_text(), flags=re.M))
    taken_in = msgspec.yaml.decode(path.read_bytes())
    assert set(taken_in["attributes"]) == set(EncordCocoExport.model_fields)
    checked = run_dg(tmp_path, "check", "yaml")
    assert checked.exit_code == 0, checked.output


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What `dg check yaml` says of a component with many wrong settings."""
    root = tmp_path_factory.mktemp("project")
    component = write_project(root) / "boats"
    component.mkdir()
    (component / "defs.yaml").write_text(WRONG_YAML)
    done = run_dg(root, "check", "yaml")
    assert done.exit_code == 1, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (3, "'big boats' does not match"),
        (5, "'yolo' does not match"),
        (6, "'zip' does not match"),
        (7, "'rejected' was unexpected"),
        (8, "0 is not valid"),
        (9, "{'rejected_labels': 'ignore'} is not valid"),
    ],
)
def test_dg_check_yaml_names_file_line_and_value_of_a_wrong_setting(
    complaints: list[str], line: int, message: str
) -> None:
    assert any(f"boats/defs.yaml:{line} " in text and message in text for text in complaints)


def test_dg_check_yaml_points_at_a_wrong_setting(complaints: list[str]) -> None:
    pointed = next(n for n, text in enumerate(complaints) if "^ 'yolo' does not match" in text)
    assert complaints[pointed - 1].endswith("profile: yolo")
