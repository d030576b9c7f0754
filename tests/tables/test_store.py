"""Published sets of tables are immutable, whole, and named by their content."""

from pathlib import Path

import pyarrow as pa
import pytest

from coco_dagster.errors import StorageError
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.parts import PartInfo, write_part
from coco_dagster.tables.schemas import LABEL_TABLES
from coco_dagster.tables.store import (
    TableSetDraft,
    combined_digest,
    find_table_set,
    latest_table_set,
    version_of,
)
from tests.label_rows import label_row
from tests.normalised import numbered, ontology_index
from tests.objects import box

VERSION = "0123456789abcdef"


def tables_of(name: str) -> dict[str, pa.Table]:
    rows = numbered([label_row([box(name)], label_hash=name)])
    return normalise_rows(rows, ontology_index()).tables


def write(draft: TableSetDraft, *names: str) -> list[dict[str, PartInfo]]:
    return [
        write_part(draft.folder, part, tables_of(name), "parquet")
        for part, name in enumerate(names)
    ]


@pytest.fixture(params=["local", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "root") if request.param == "local" else f"memory://{tmp_path.name}"


def test_a_set_is_read_back_part_by_part_and_as_a_whole(root: str) -> None:
    draft = TableSetDraft(root)
    published = draft.publish(VERSION, write(draft, "a", "b"), {"fact": 1})
    found = find_table_set(root, VERSION)
    assert found is not None
    assert (found.version, found.parts, found.facts) == (VERSION, 2, {"fact": 1})
    assert (published.reused, found.reused) == (False, True)
    assert found.read("annotations")["object_hash"].to_pylist() == ["a", "b"]
    assert [batch.num_rows for batch in found.batches("annotations")] == [1, 1]
    assert found.read("annotations", ["shape"]).column_names == ["shape"]
    assert found.scan("annotations").collect().height == 2
    assert found.tables["annotations"].rows == 2


def test_the_set_that_was_published_last_is_the_latest(root: str) -> None:
    for version, name in ((VERSION, "a"), ("fedcba9876543210", "b"), (VERSION, "a")):
        draft = TableSetDraft(root)
        draft.publish(version, write(draft, name), {})
        assert latest_table_set(root).version == version


def test_a_set_that_is_there_already_is_kept(root: str) -> None:
    first = TableSetDraft(root)
    first.publish(VERSION, write(first, "a"), {"run": 1})
    second = TableSetDraft(root)
    again = second.publish(VERSION, write(second, "a"), {"run": 2})
    assert (again.facts, again.reused) == ({"run": 1}, True)
    assert not second.folder.exists()


def test_a_draft_is_not_seen_and_leaves_nothing(tmp_path: Path) -> None:
    draft = TableSetDraft(str(tmp_path))
    write(draft, "a")
    assert find_table_set(str(tmp_path), VERSION) is None
    with pytest.raises(StorageError, match="no tables"):
        latest_table_set(str(tmp_path))
    draft.discard()
    assert list(tmp_path.iterdir()) == []


def test_tables_without_parts_are_empty(root: str) -> None:
    published = TableSetDraft(root).publish(VERSION, [], {}, tuple(LABEL_TABLES))
    for name, schema in LABEL_TABLES.items():
        assert published.read(name).schema == schema
        assert published.scan(name).collect().height == 0


def test_a_table_that_is_not_there_is_named(root: str) -> None:
    published = TableSetDraft(root).publish(VERSION, [], {}, ("frames",))
    with pytest.raises(StorageError, match="annotations"):
        published.read("annotations")


def test_a_damaged_set_says_what_to_do(tmp_path: Path) -> None:
    draft = TableSetDraft(str(tmp_path))
    draft.publish(VERSION, write(draft, "a"), {})
    (tmp_path / VERSION / "tables.json").write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        find_table_set(str(tmp_path), VERSION)


def test_a_set_of_another_release_says_what_to_do(tmp_path: Path) -> None:
    draft = TableSetDraft(str(tmp_path))
    draft.publish(VERSION, write(draft, "a"), {})
    contents = tmp_path / VERSION / "tables.json"
    contents.write_text(contents.read_text().replace('"schema_version": "', '"schema_version": "x'))
    with pytest.raises(StorageError, match="schema version"):
        find_table_set(str(tmp_path), VERSION)


def test_a_set_that_is_gone_says_what_to_do(tmp_path: Path) -> None:
    draft = TableSetDraft(str(tmp_path))
    published = draft.publish(VERSION, write(draft, "a"), {})
    (Path(published.url) / "tables.json").unlink()
    with pytest.raises(StorageError, match="gone"):
        latest_table_set(str(tmp_path))


def test_two_runs_that_publish_one_version_at_once_both_succeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = TableSetDraft(str(tmp_path)), TableSetDraft(str(tmp_path))
    first_parts, second_parts = write(first, "a"), write(second, "a")
    real_rename = Path.rename

    def meanwhile(path: Path, target: Path) -> Path:
        if path == second.folder:
            first.publish(VERSION, first_parts, {"run": 1})
        return real_rename(path, target)

    monkeypatch.setattr(Path, "rename", meanwhile)
    assert second.publish(VERSION, second_parts, {"run": 2}).facts == {"run": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == [VERSION, "latest.json"]


def test_names_depend_on_order_and_content() -> None:
    assert version_of("a", "b") != version_of("b", "a")
    assert len(version_of("a")) == 16
    assert combined_digest(["a"]) != combined_digest([])
