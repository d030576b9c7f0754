"""Planted secrets, looked for in everything that a run leaves: not one of them is there."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import fsspec
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import coco_dagster
from coco_dagster import build_encord_coco_defs
from coco_dagster.cli import main
from tests.label_rows import (
    JSON,
    answer,
    as_json,
    dicom_unit,
    flat,
    image_unit,
    label_row,
    object_answers,
    placed,
    video_unit,
)
from tests.objects import box, polygon
from tests.ontologies import object_node, ontology, text

SECRETS = {
    "signed link of S3": "https://host/a.png?X-Amz-Credential=PLANTED1&X-Amz-Signature=PLANTED2",
    "signed link of GCS": "https://storage.host/b.mp4?GoogleAccessId=PLANTED3&Signature=PLANTED4",
    "signed link of Azure": "https://blob.host/c.dcm?sv=2024&sig=PLANTED5#PLANTED6",
    "credentials in a link": "https://PLANTED7:PLANTED8@host/d.png",
    "e-mail address": "planted9.PLANTED9@example.com",
    "access key": "AKIAPLANTED1PLANTED1",
    "key by its name": "aws_secret_access_key=PLANTED10/PLANTED10",
}
MARK = "planted"
LINKS = [SECRETS[name] for name in SECRETS if "link" in name]


def person() -> JSON:
    mail = SECRETS["e-mail address"]
    return {"createdBy": mail, "lastEditedBy": mail, "reviews": [{"email": mail}]}


def rows() -> list[JSON]:
    """Label rows with secrets wherever Encord, or somebody who copies rows, could put one."""
    s3, gcs, azure, login = LINKS
    mail = SECRETS["e-mail address"]
    said = object_answers({"told": [answer("note", "by the harbour")]})
    metadata = {"dicom_instance_uid": "1.2", "file_uri": azure, "width": 20, "height": 20}
    odd = [
        polygon("too few points", [(0.1, 0.1)]) | person() | {"link": s3},
        box("no number", {"x": s3, "y": 0.1, "w": 0.1, "h": 0.1}) | person(),
        box("no box", boundingBox=mail) | person(),
        box("other class", featureHash="elsewhere", name=SECRETS["access key"]) | person(),
        box("told") | person(),
        SECRETS["key by its name"],
    ]
    image = image_unit(odd, [placed("w", createdBy=mail)], data_link=s3)
    logged_in = image_unit([box() | person()], data_link=login, width=f"{s3}")
    slices = {0: flat([box() | person()]) | {"metadata": metadata}}
    facts = {"last_edited_by": mail, "created_by": mail, "export_hash": s3, "data_link": gcs}
    return [
        label_row({"i": image}, label_hash="image", **said, **facts),
        label_row({"l": logged_in}, label_hash="login", **facts),
        label_row({"v": video_unit({0: [box() | person()]}, data_link=gcs)}, "video", "video"),
        label_row({"d": dicom_unit(slices, data_link=azure)}, "dicom", "dicom"),
        {"label_hash": "unreadable", "data_units": s3, "created_by": mail},
    ]


def nodes() -> JSON:
    return ontology(object_node("bounding_box", text("note")), object_node("polygon"))


def texts_below(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder as text, tables and compressed ones too, but the raw label rows."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or "raw_labels" in path.relative_to(folder).parts:
            continue
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            if "json" in table.column_names and "row_sha256" in table.column_names:
                continue
            yield str(path), f"{table.schema}{table.to_pylist()}"
        else:
            yield str(path), path.read_bytes().decode("utf-8", "replace")


def leaks(texts: Iterator[tuple[str, str]]) -> list[str]:
    """Where planted secrets stand, with what is around them."""
    found = []
    for place, told in texts:
        at = told.lower().find(MARK)
        if at >= 0:
            found.append(f"{place}: …{told[max(0, at - 80) : at + 40]}…")
    return found


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """Storage whose addresses may have a query."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pipe("/labels.json?sig=PLANTED11", as_json(rows()).encode())
    system.pipe("/ontology.json?sig=PLANTED12", json.dumps(nodes()).encode())
    yield system
    system.store.clear()


LABELS = "memory://labels.json?sig=PLANTED11"
ONTOLOGY = "memory://ontology.json?sig=PLANTED12"


def test_no_setting_takes_a_key() -> None:
    model = coco_dagster.EncordCocoExport.get_model_cls()
    assert model is not None
    schema = model.model_json_schema()
    models = [schema, *schema.get("$defs", {}).values()]
    names = {name for model in models for name in model.get("properties", {})}
    assert {"labels", "storage", "schedule"} <= names
    telling = ("secret", "token", "passw", "credential", "access_key", "api_key", "options")
    assert [name for name in names if any(word in name for word in telling)] == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(as_json(rows()))
    assert len(leaks(texts_below(tmp_path))) == 1


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("link", ["empty", "link"])
def test_the_command_line_leaves_no_secret(link: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["--ontology", ONTOLOGY, "--out", str(out), "--report", "--coco-url", link]
    done = CliRunner().invoke(main, ["export", LABELS, *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert leaks(iter([("output", done.output), *texts_below(out)])) == []
    is_linked = "https://host/a.png" in (out / "annotations.json").read_text()
    assert is_linked == (link == "link")


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "https://PLANTED:PLANTED@host.invalid/a.json?sig=PLANTED", "--out", "out"],
        ["export", "memory://none.json?sig=PLANTED", "--out", "out"],
        ["export", "labels.json", "--ontology", "memory://none.json?sig=PLANTED", "--out", "out"],
        ["export", "labels.json", "--out", "nosuch://PLANTED:PLANTED@bucket/a?sig=PLANTED"],
        ["validate", "memory://none.json?sig=PLANTED"],
        ["report", "memory://none?sig=PLANTED"],
    ],
)
def test_errors_of_the_command_line_tell_no_secret(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.json").write_text(as_json([label_row([box()])]))
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code in (1, 2)
    assert leaks(iter([("output", done.output)])) == []


@pytest.mark.slow
@pytest.mark.usefixtures("memory")
def test_a_dagster_run_leaves_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    definitions = build_encord_coco_defs(
        name="none",
        labels=LABELS,
        ontology=ONTOLOGY,
        storage=str(tmp_path / "storage"),
        workers=1,
    )
    # On a finer level, clients of storage tell every address that they ask for.
    caplog.set_level(logging.INFO)
    (tmp_path / "home").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        run = definitions.resolve_job_def("none_job").execute_in_process(
            instance=instance, raise_on_error=False
        )
        records = [("event", str(event)) for event in run.all_events]
        logs = [("log", str(entry)) for entry in instance.all_logs(run.run_id)]
    assert run.success
    captured = capfd.readouterr()
    told = [("console", captured.out + captured.err), ("logging", caplog.text)]
    assert any("none_job" in text for _, text in texts_below(tmp_path / "home"))
    assert leaks(iter([*records, *logs, *told, *texts_below(tmp_path)])) == []
