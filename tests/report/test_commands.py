"""The commands `report` and `preview`, and the report of `export`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from coco_dagster.cli import main
from tests.exports import export_rows
from tests.label_rows import as_json, label_row
from tests.objects import box
from tests.ontologies import ontology
from tests.report.conftest import SAMPLE, Reported
from tests.report.test_page import data_of


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def data(folder: Path) -> Any:
    return data_of((folder / "report.html").read_text())


def export(folder: Path, *options: object, objects: int = 1) -> Result:
    folder.mkdir(exist_ok=True)
    row = label_row([box(f"o{number}", None, createdBy="ann@x.org") for number in range(objects)])
    (folder / "labels.json").write_text(as_json([row]))
    (folder / "ontology.json").write_text(as_json(ontology()))
    given = ("--ontology", folder / "ontology.json", "--out", folder / "coco", "--workers", 1)
    return run("export", folder / "labels.json", *given, *options)


def test_an_export_writes_its_report_when_told_to(tmp_path: Path) -> None:
    found = export(tmp_path, "--report", "--json")
    assert found.exit_code == 0, found.stderr
    (image,) = data(tmp_path / "coco")["images"]
    assert image["annotations"][0]["origin"]["created_by"].startswith("user-")
    assert "report.html" not in json.dumps(json.loads(found.stdout)["files"])


def test_an_export_writes_no_report_otherwise(tmp_path: Path) -> None:
    assert export(tmp_path).exit_code == 0
    assert not (tmp_path / "coco" / "report.html").exists()


def test_the_report_compares_with_the_export_that_is_replaced(tmp_path: Path) -> None:
    export(tmp_path, "--report")
    assert data(tmp_path / "coco")["changes"] is None
    export(tmp_path, "--report", objects=3)
    changes = data(tmp_path / "coco")["changes"]
    assert changes["annotations_added"] == 2
    assert changes["rows"]["edited"]["count"] == 1


def test_the_report_compares_with_the_export_that_is_named(tmp_path: Path) -> None:
    earlier = export_rows(tmp_path / "earlier", [])
    export(tmp_path, "--report", "--since", earlier.folder)
    assert data(tmp_path / "coco")["changes"]["since"] == earlier.manifest["export_id"]


@pytest.mark.parametrize("option", ["--pictures", "--since"])
def test_a_wrong_folder_is_found_out_before_the_export(tmp_path: Path, option: str) -> None:
    found = export(tmp_path, "--report", option, tmp_path / "nowhere")
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: There is no")
    assert not (tmp_path / "coco").exists()


def test_a_report_is_written_into_the_folder_of_an_export(tmp_path: Path) -> None:
    folder = export_rows(tmp_path, [label_row([box()])]).folder
    found = run("report", folder, "--images", 5)
    assert found.exit_code == 0, found.stderr
    assert found.stdout.startswith(f"{folder}/report.html (0.")
    assert data(folder)["shown"] == {"images": 1, "of": 1, "pictures": 0}


def test_a_report_says_which_pictures_are_missing(tmp_path: Path) -> None:
    folder = export_rows(tmp_path, [label_row([box()])]).folder
    found = run("report", folder, "--pictures", tmp_path)
    assert "1 image without a picture: there is no file" in found.stdout


def test_a_preview_is_a_picture(tmp_path: Path, sample_report: Reported) -> None:
    out = tmp_path / "x.png"
    arguments = ("--image", 0, "--pictures", SAMPLE, "-o", out, "--size", 300)
    found = run("preview", sample_report.folder, *arguments)
    assert found.stdout == f"{out}: eileen-collins.jpg, 5 annotations\n"
    assert Image.open(out).size == (300, 300)


def test_a_preview_of_an_annotation(tmp_path: Path, sample_report: Reported) -> None:
    out = tmp_path / "x.jpg"
    found = run("preview", sample_report.folder, "--annotation", 7, "-o", out)
    assert "espresso.jpg, 1 annotation (on a plain canvas: no folder" in found.stdout
    assert Image.open(out).format == "JPEG"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--image", "7000", "-o", "x.png"), 1, "Error: The export has no image 7000"),
        (("--image", "0", "-o", "x.gif"), 1, "Error: x.gif has none of the suffixes"),
        (("-o", "x.png"), 2, "Give either --annotation or --image"),
        (("--image", "0", "--annotation", "0", "-o", "x.png"), 2, "Give either"),
    ],
)
def test_what_a_preview_cannot_do_is_told(
    sample_report: Reported, arguments: tuple[str, ...], code: int, message: str
) -> None:
    found = run("preview", sample_report.folder, *arguments)
    assert found.exit_code == code
    assert message in found.stderr
