"""Which stretches of the source are rendered together, and which label rows elsewhere."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coco_dagster.coco.profiles import ExportSettings
from coco_dagster.encord.limits import PREFIX, SourceLimits
from coco_dagster.errors import ExportError
from coco_dagster.export import export_coco
from coco_dagster.export.groups import groups_of_windows
from coco_dagster.export.places import PartSlice, TableFolder, Window
from coco_dagster.export.pool import worker_pool
from coco_dagster.export.processes import CHUNK_BYTES
from coco_dagster.export.result import ExportResult
from coco_dagster.lineage.manifest import MANIFEST_FILE
from coco_dagster.tables.normalise import normalise_rows
from coco_dagster.tables.parts import write_part
from tests.exports import divide_into
from tests.label_rows import JSON, as_json, image_unit, label_row, video_unit
from tests.normalised import numbered, ontology_index
from tests.objects import box, polygon

Grouped = Callable[..., list[list[list[str]]]]


def row_of(files: str, number: int) -> JSON:
    """A label row of images: `a+b` shows two files, `a@review` one on a branch."""
    names, _, branch = files.partition("@")
    units = {name: image_unit([box(f"object-{number}")]) for name in names.split("+")}
    row = label_row(units, label_hash=f"row-{number}", data_type="img_group")
    return row | ({"branch_name": branch} if branch else {})


def windows_of_rows(folder: Path, *rows: JSON) -> list[Window]:
    """A window for each label row."""
    place = TableFolder(str(folder), "arrow")
    for number, row in enumerate(rows):
        # Positions count through all of them, as in one file.
        given = numbered([None] * number + [row])[number:]
        tables = normalise_rows(given, ontology_index()).tables
        write_part(place.path, number, tables, "arrow")
    return [(PartSlice(place, number),) for number in range(len(rows))]


@pytest.fixture
def grouped(tmp_path: Path) -> Grouped:
    """Label rows of each slice of each group."""

    def groups(
        rows: Iterable[str | JSON], limits: SourceLimits | None = None
    ) -> list[list[list[str]]]:
        given = [row_of(row, n) if isinstance(row, str) else row for n, row in enumerate(rows)]
        windows = windows_of_rows(tmp_path, *given)
        with worker_pool(1) as pool:
            found = groups_of_windows(pool, windows, ["main"], tmp_path / "moved", limits)
        return [
            [part.read("label_rows")["label_hash"].to_pylist() for part in group] for group in found
        ]

    return groups


def test_windows_of_different_files_stand_alone(grouped: Grouped) -> None:
    assert grouped("abc") == [[["row-0"]], [["row-1"]], [["row-2"]]]


def test_row_of_images_that_an_earlier_one_shows_goes_to_it(grouped: Grouped) -> None:
    assert grouped("xabac") == [
        [["row-0"]],
        [["row-1"], ["row-3"]],
        [["row-2"]],
        [[]],
        [["row-4"]],
    ]


def test_every_later_row_goes_to_the_first(grouped: Grouped) -> None:
    first, *others = grouped("abaa")
    assert first == [["row-0"], ["row-2"], ["row-3"]]
    assert others == [[["row-1"]], [[]], [[]]]


def test_row_with_a_file_of_its_own_brings_the_windows_between_together(grouped: Grouped) -> None:
    assert grouped(["x", "a", "b", "a+d", "c"]) == [
        [["row-0"]],
        [["row-1"], ["row-2"], ["row-3"]],
        [["row-4"]],
    ]


def test_row_with_a_frame_of_its_own_stays(grouped: Grouped) -> None:
    def video(number: int, *frames: int) -> JSON:
        unit = video_unit({frame: [box()] for frame in frames})
        return label_row({"film": unit}, "video", f"row-{number}")

    rows = [video(0, 0, 1), row_of("x", 1), video(2, 0), video(3, 1, 2)]
    assert grouped(rows) == [[["row-0"], ["row-2"], ["row-1"], [], ["row-3"]]]


def test_row_whose_images_stand_in_two_windows_stays(grouped: Grouped) -> None:
    assert grouped(["a", "b", "a+b"]) == [[["row-0"], ["row-1"], ["row-2"]]]


def test_stretches_that_overlap_are_one(grouped: Grouped) -> None:
    first, last = grouped(["a", "b", "a+x", "b+y", "c"])
    assert first == [["row-0"], ["row-1"], ["row-2"], ["row-3"]]
    assert last == [["row-4"]]


def test_label_rows_on_branches_that_are_not_exported_bring_nothing_together(
    grouped: Grouped,
) -> None:
    assert grouped(["a", "b+x", "a+y@review"]) == [[["row-0"]], [["row-1"]], [["row-2"]]]
    assert grouped(["a", "b+x", "a+y@main"]) == [[["row-0"], ["row-1"], ["row-2"]]]


def test_label_rows_of_one_file_that_stand_too_far_apart_are_told(grouped: Grouped) -> None:
    rows = ["x", "a", "b", "a+y", "c"]
    limits = SourceLimits(shared_bytes=3 * CHUNK_BYTES - 1)
    with pytest.raises(ExportError, match=rf"such as the file a:.*{PREFIX}SHARED_BYTES raises"):
        grouped(rows, limits)
    assert len(grouped(rows, SourceLimits(shared_bytes=3 * CHUNK_BYTES))[1]) == 3


def test_too_many_label_rows_of_one_file_are_told(grouped: Grouped) -> None:
    limits = SourceLimits(shared_bytes=3 * CHUNK_BYTES - 1)
    with pytest.raises(ExportError, match="such as the file a: about"):
        grouped("abaaa", limits)
    assert len(grouped("abaaa", SourceLimits(shared_bytes=3 * CHUNK_BYTES))) == 5


def test_a_window_alone_is_never_too_much(grouped: Grouped) -> None:
    assert len(grouped("ab", SourceLimits(shared_bytes=1))) == 2


def drawn(number: int, files: str) -> JSON:
    """A label row with shapes that differ from row to row, and a rejected one."""
    at = 0.01 * number
    objects = [
        box(f"b-{number}", {"x": at, "y": 0.2, "w": 0.3, "h": 0.4}),
        polygon(f"p-{number}"),
        box(f"bad-{number}", {"x": at, "y": 0.2, "h": 0.4}),
    ]
    units = {file: image_unit(objects) for file in files}
    return label_row(units, label_hash=f"row-{number}", data_type="img_group")


LAYOUTS = ("dataset", "data_units", "coco_vid")
LAYOUT = st.sampled_from(LAYOUTS)


def digests(result: ExportResult) -> dict[str, str]:
    """Digests of the files of an export but for the manifest, which names the run."""
    return {file.path: file.sha256 for file in result.files if file.path != MANIFEST_FILE}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "files",
    [
        "abcdefabcdef",
        "abcdeffedcba",
        "aaaabbbb",
        ["ab", "c", "a", "b", "cd", "ba", "d"],
        ["ab", "x", "ba", "y", "a", "b"],
    ],
)
def test_rows_that_are_rendered_elsewhere_leave_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Iterable[str], layout: Any
) -> None:
    labels = tmp_path / "labels.json"
    labels.write_text(as_json([drawn(number, shown) for number, shown in enumerate(files)]))
    chosen = ExportSettings(layout=layout)
    whole = export_coco(labels, None, tmp_path / "whole", chosen, workers=1)
    divide_into(monkeypatch, 1)
    divided = export_coco(labels, None, tmp_path / "divided", chosen, workers=1)
    assert digests(divided) == digests(whole)
    assert (divided.annotations, divided.rejected) == (whole.annotations, whole.rejected)


FILMS = "vw"


def film_or_images(number: int, shown: dict[str, list[int]], branch: str) -> JSON:
    """A label row of some images, or of a video with labels on some of its frames."""
    films = [file for file in shown if file in FILMS][:1]
    objects = [box(f"b-{number}"), box(f"bad-{number}", {"x": 0.1})]
    units = (
        {film: video_unit({frame: objects for frame in shown[film]}) for film in films}
        if films
        else {file: image_unit(objects) for file in shown}
    )
    kind = "video" if films else "img_group"
    return label_row(units, kind, f"row-{number:02d}") | {"branch_name": branch}


ROWS = st.lists(
    st.tuples(
        st.dictionaries(
            st.sampled_from("abcd" + FILMS),
            st.lists(st.integers(0, 2), min_size=1, unique=True),
            min_size=1,
            max_size=3,
        ),
        st.sampled_from(["main", "main", "review"]),
    ),
    min_size=2,
    max_size=9,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, branches=st.sampled_from([("main",), ("main", "review")]), layout=LAYOUT)
def test_any_rows_that_share_files_are_exported_as_if_they_were_one_part(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[dict[str, list[int]], str]],
    branches: tuple[str, ...],
    layout: Any,
) -> None:
    folder = tmp_path_factory.mktemp("shared")
    labels = folder / "labels.json"
    labels.write_text(as_json([film_or_images(number, *row) for number, row in enumerate(rows)]))
    chosen = ExportSettings(layout=layout, branches=branches)
    whole = export_coco(labels, None, folder / "whole", chosen, workers=1)
    with pytest.MonkeyPatch.context() as patch:
        divide_into(patch, 1)
        divided = export_coco(labels, None, folder / "divided", chosen, workers=1)
    assert digests(divided) == digests(whole)
