"""Published sets of tables are immutable, whole, and named by their content; they share parts."""

from pathlib import Path

import pyarrow as pa
import pytest

from coco_dagster.errors import StorageError
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.part_store import (
    SourcePosition,
    SourceSpan,
    StoredPart,
    find_part,
    store_part,
)
from coco_dagster.tables.parts import write_atomically
from coco_dagster.tables.schemas import LABEL_TABLES
from coco_dagster.tables.store import (
    combined_digest,
    find_table_set,
    latest_table_set,
    latest_version,
    made_from,
    note_made_from,
    publish_table_set,
    usable_table_set,
    version_of,
)
from tests.label_rows import label_row
from tests.normalised import numbered, ontology_index
from tests.objects import box

VERSION = "0123456789abcdef"
OTHER = "fedcba9876543210"


def tables_of(name: str) -> dict[str, pa.Table]:
    rows = numbered([label_row([box(name)], label_hash=name)])
    return normalise_rows(rows, ontology_index()).tables


def write(root: str, *names: str) -> list[StoredPart]:
    return [store_part(root, name, tables_of(name)) for name in names]


@pytest.fixture(params=["local", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "root") if request.param == "local" else f"memory://{tmp_path.name}"


def test_a_set_is_read_back_part_by_part_and_as_a_whole(root: str) -> None:
    published = publish_table_set(root, VERSION, write(root, "a", "b"), {"fact": 1})
    found = find_table_set(root, VERSION)
    assert found is not None
    assert (found.version, len(found.parts), found.facts) == (VERSION, 2, {"fact": 1})
    assert (published.reused, found.reused) == (False, True)
    assert found.read("annotations")["object_hash"].to_pylist() == ["a", "b"]
    assert [batch.num_rows for batch in found.batches("annotations")] == [1, 1]
    assert found.read("annotations", ["shape"]).column_names == ["shape"]
    assert found.scan("annotations").collect().height == 2
    assert found.tables["annotations"].rows == 2


def test_sets_share_their_parts(root: str) -> None:
    first = publish_table_set(root, VERSION, write(root, "a", "b"), {})
    second = publish_table_set(root, OTHER, write(root, "a", "c"), {})
    assert first.paths("frames")[0] == second.paths("frames")[0]
    assert second.read("annotations")["object_hash"].to_pylist() == ["a", "c"]


def test_a_part_is_read_back_with_its_span_and_facts(root: str) -> None:
    span = SourceSpan(SourcePosition("a.json", 0), SourcePosition("b.json", 3))
    stored = store_part(root, "part", tables_of("a"), span, {"points": [1]})
    assert find_part(root, "part") == stored
    assert (stored.span, stored.facts) == (span, {"points": [1]})
    assert find_part(root, "other") is None


def test_a_damaged_part_says_what_to_do(tmp_path: Path) -> None:
    write(str(tmp_path), "a")
    (tmp_path / "parts" / "a.json").write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        find_part(str(tmp_path), "a")


def test_the_set_that_was_published_last_is_the_latest(root: str) -> None:
    assert latest_version(root) is None
    for version, name in ((VERSION, "a"), (OTHER, "b"), (VERSION, "a")):
        publish_table_set(root, version, write(root, name), {})
        assert latest_table_set(root).version == latest_version(root) == version


def test_a_set_that_is_there_already_is_kept(root: str) -> None:
    publish_table_set(root, VERSION, write(root, "a"), {"run": 1})
    again = publish_table_set(root, VERSION, write(root, "a"), {"run": 2})
    assert (again.facts, again.reused) == ({"run": 1}, True)


def test_parts_are_not_seen_before_they_are_published(tmp_path: Path) -> None:
    write(str(tmp_path), "a")
    assert find_table_set(str(tmp_path), VERSION) is None
    with pytest.raises(StorageError, match="no tables"):
        latest_table_set(str(tmp_path))


def test_tables_without_parts_are_empty(root: str) -> None:
    published = publish_table_set(root, VERSION, [], {}, tuple(LABEL_TABLES))
    for name, schema in LABEL_TABLES.items():
        assert published.read(name).schema == schema
        assert published.scan(name).collect().height == 0


def test_a_table_that_is_not_there_is_named(root: str) -> None:
    published = publish_table_set(root, VERSION, [], {}, ("frames",))
    with pytest.raises(StorageError, match="annotations"):
        published.read("annotations")


def test_a_damaged_set_says_what_to_do_and_is_replaced(tmp_path: Path) -> None:
    root = str(tmp_path)
    parts = write(root, "a")
    publish_table_set(root, VERSION, parts, {})
    (tmp_path / VERSION / "tables.json").write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        find_table_set(root, VERSION)
    assert usable_table_set(root, VERSION) is None
    assert not publish_table_set(root, VERSION, parts, {}).reused
    assert find_table_set(root, VERSION) is not None


def test_a_set_of_another_release_says_what_to_do(tmp_path: Path) -> None:
    publish_table_set(str(tmp_path), VERSION, write(str(tmp_path), "a"), {})
    contents = tmp_path / VERSION / "tables.json"
    contents.write_text(contents.read_text().replace('"schema_version": "', '"schema_version": "x'))
    with pytest.raises(StorageError, match="schema version"):
        find_table_set(str(tmp_path), VERSION)


def test_a_set_that_is_gone_says_what_to_do(tmp_path: Path) -> None:
    published = publish_table_set(str(tmp_path), VERSION, write(str(tmp_path), "a"), {})
    (Path(published.url) / "tables.json").unlink()
    with pytest.raises(StorageError, match="gone"):
        latest_table_set(str(tmp_path))


def test_what_a_set_was_made_from_leads_to_it(root: str) -> None:
    assert made_from(root, "x") is None
    publish_table_set(root, VERSION, write(root, "a"), {})
    note_made_from(root, "x", VERSION)
    publish_table_set(root, OTHER, write(root, "b"), {})
    assert made_from(root, "y") is None
    found = made_from(root, "x")
    assert found is not None
    assert found.version == latest_version(root) == VERSION


def test_a_file_that_two_write_at_once_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    real_replace = Path.replace

    def meanwhile(draft: Path, target: Path) -> Path:
        monkeypatch.undo()
        write_atomically(path, b"other")
        return real_replace(draft, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    write_atomically(path, b"one")
    assert path.read_bytes() == b"one"
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


def test_names_depend_on_order_and_content() -> None:
    assert version_of("a", "b") != version_of("b", "a")
    assert len(version_of("a")) == 16
    assert combined_digest(["a"]) != combined_digest([])
