"""The paths that `make demo` prints."""

from pathlib import Path

import pytest

from definitions import latest


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COCO_DAGSTER_STORAGE", str(tmp_path))
    return tmp_path


def publish(storage: Path, name: str, export_id: str, *, newest: bool) -> Path:
    folder = storage / "exports" / name / export_id
    folder.mkdir(parents=True)
    (folder / "annotations.json").touch()
    if newest:
        (folder.parent / "latest.json").write_text(f'{{"export_id": "{export_id}"}}')
    return folder


def test_files_of_the_newest_export_of_every_component_are_printed(
    storage: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(storage, "faces", "00", newest=False)
    newest = [publish(storage, name, "01", newest=True) for name in ("boats", "faces")]
    latest.main()
    assert capsys.readouterr().out.split() == [str(path / "annotations.json") for path in newest]


def test_an_empty_storage_has_no_exports(storage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    latest.main()
    assert capsys.readouterr().out == ""
