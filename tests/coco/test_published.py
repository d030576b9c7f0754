"""Published COCO files, read back line by line."""

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TypeAlias

import pytest

from coco_dagster.coco import published
from coco_dagster.coco.published import (
    Rle,
    annotation_facts,
    decode_annotation,
    decode_image,
    image_facts,
    read_blocks,
    read_head,
)
from coco_dagster.coco.settings import settings_from
from coco_dagster.export import export_coco
from tests.exports import Export, export_files, export_rows
from tests.label_rows import JSON, answer, image_unit, label_row, object_answers
from tests.objects import box, every_shape, polyline
from tests.ontologies import object_node, ontology, text

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "definitions" / "sample"
AWKWARD = (
    'a "quoted", \\ back\\slashed\n"encord":{"data_hash":"x","frame":9, <b>,"width":7,"height":7'
)

Numbered: TypeAlias = tuple[int, JSON]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Export:
    out = tmp_path_factory.mktemp("sample") / "out"
    return export_files(SAMPLE / "labels.json", SAMPLE / "ontology.json", out)


def lines(path: Path) -> tuple[list[Numbered], list[Numbered]]:
    """Images and annotations of a file with the number of their COCO object."""
    images: list[Numbered] = []
    annotations: list[Numbered] = []
    with path.open("rb") as file:
        for block in read_blocks(file, is_archive=path.suffix == ".zip"):
            images += [(u, json.loads(line.rstrip(",\n"))) for line, u in block.images.iter_rows()]
            annotations += [
                (u, json.loads(line.rstrip(",\n"))) for line, u in block.annotations.iter_rows()
            ]
    return images, annotations


@pytest.mark.parametrize("block_bytes", [1, 1000, 10_000, 1 << 24])
def test_blocks_of_any_size_hold_every_line(
    sample: Export, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "_BLOCK_BYTES", block_bytes)
    images, annotations = lines(sample.folder / "annotations.json")
    assert [image for _, image in images] == sample.images
    assert [annotation for _, annotation in annotations] == sample.annotations


@pytest.mark.parametrize("layout", ["data_units", "archive"])
@pytest.mark.parametrize("block_bytes", [1, 1 << 24])
def test_each_line_is_told_its_coco_object(
    tmp_path: Path, layout: str, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "_BLOCK_BYTES", block_bytes)
    rows = [label_row([box("o")], label_hash=name) for name in "abc"]
    (tmp_path / "labels.json").write_text(json.dumps(rows))
    (tmp_path / "ontology.json").write_text(json.dumps(ontology()))
    settings = settings_from({"layout": layout})
    out = tmp_path / "out"
    export_coco(tmp_path / "labels.json", tmp_path / "ontology.json", out, settings, workers=1)
    file = out / ("annotations.zip" if layout == "archive" else "annotations.json")
    images, annotations = lines(file)
    assert [(unit, image["encord"]["data_hash"]) for unit, image in images] == [
        (0, "file-a"),
        (1, "file-b"),
        (2, "file-c"),
    ]
    assert [unit for unit, _ in annotations] == [0, 1, 2]


def test_the_head_of_a_file(sample: Export) -> None:
    with (sample.folder / "annotations.json").open("rb") as file:
        head = read_head(file, is_archive=False)
    assert head.info == sample.coco["info"]
    assert [category.name for category in head.categories] == [c["name"] for c in sample.categories]
    person = head.categories[0]
    assert list(person.keypoints) == sample.categories[0]["keypoints"]
    assert [list(edge) for edge in person.skeleton] == sample.categories[0]["skeleton"]


def test_the_head_of_an_archive_is_that_of_its_first_file() -> None:
    data = BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in ("a", "b"):
            category = {"id": 1, "name": f"in {name}", "supercategory": "point"}
            line = json.dumps(category, separators=(",", ":"))
            head_text = f'{{"info":{{"description":"{name}"}},\n"categories":[\n{line}\n],\n'
            archive.writestr(f"{name}.json", f'{head_text}"images":[],\n}}\n')
    head = read_head(data, is_archive=True)
    assert (head.info, [c.name for c in head.categories]) == ({"description": "a"}, ["in a"])


def test_facts_of_images_are_those_of_their_json(sample: Export) -> None:
    with (sample.folder / "annotations.json").open("rb") as file:
        (block,) = read_blocks(file, is_archive=False)
    facts = image_facts(block.images).drop("line", "classifications").to_dicts()
    assert facts == [
        {
            "unit": 0,
            "id": image["id"],
            "width": image["width"],
            "height": image["height"],
            "data_hash": image["encord"]["data_hash"],
            "frame": image["encord"]["frame"],
        }
        for image in sample.images
    ]


def test_facts_of_annotations_are_those_of_their_json(sample: Export) -> None:
    with (sample.folder / "annotations.json").open("rb") as file:
        (block,) = read_blocks(file, is_archive=False)
    facts = annotation_facts(block.annotations)
    assert facts.select("image_id", "category_id", "x", "y", "w", "h").rows() == [
        (a["image_id"], a["category_id"], *a["bbox"]) for a in sample.annotations
    ]
    decoder = json.JSONDecoder()
    assert [decoder.raw_decode(text)[0] for text in facts["classifications"]] == [
        a["attributes"]["classifications"] for a in sample.annotations
    ]


def test_titles_hashes_and_answers_may_look_like_json(tmp_path: Path) -> None:
    hashed = 'hash "\\ "frame":3'
    unit = image_unit([box("o")], data_title=AWKWARD, width=None, height=None)
    row = label_row({hashed: unit}, object_answers=object_answers({"o": [answer("note", AWKWARD)]}))
    nodes = ontology(object_node("bounding_box", text("note", name='"classifications":{')))
    export = export_rows(tmp_path, [row], nodes)
    with (export.folder / "annotations.json").open("rb") as file:
        (block,) = read_blocks(file, is_archive=False)
    (fact,) = image_facts(block.images).iter_rows(named=True)
    assert (fact["data_hash"], fact["frame"], fact["width"], fact["height"]) == (hashed, 0, 0, 0)
    assert decode_image(fact["line"]).image_title == AWKWARD


def test_frames_of_videos_of_coco_vid_are_told_from_their_videos(tmp_path: Path) -> None:
    settings = settings_from({"layout": "coco_vid"})
    out = tmp_path / "out"
    export_coco(SAMPLE / "labels.json", SAMPLE / "ontology.json", out, settings, workers=1)
    images, annotations = lines(out / "annotations.json")
    written = json.loads((out / "annotations.json").read_text())
    assert [image for _, image in images] == written["images"]
    assert [annotation for _, annotation in annotations] == written["annotations"]
    with (out / "annotations.json").open("rb") as file:
        assert len(read_head(file, is_archive=False).categories) == len(written["categories"])
        file.seek(0)
        (block,) = read_blocks(file, is_archive=False)
    facts = annotation_facts(block.annotations)
    assert facts["category_id"].to_list() == [a["category_id"] for a in written["annotations"]]


def test_every_shape_is_decoded(tmp_path: Path) -> None:
    export = export_rows(tmp_path, [label_row(every_shape())])
    decoded = [decode_annotation(json.dumps(entry)) for entry in export.annotations]
    for annotation, entry in zip(decoded, export.annotations, strict=True):
        assert list(annotation.bbox) == entry["bbox"]
        if isinstance(annotation.segmentation, Rle):
            assert annotation.segmentation.counts == entry["segmentation"]["counts"]
        else:
            assert annotation.segmentation == entry["segmentation"]


def test_a_line_may_end_with_a_comma(tmp_path: Path) -> None:
    export = export_rows(tmp_path, [label_row([polyline()])])
    line = f"{json.dumps(export.annotations[0])},\n"
    assert decode_annotation(line).id == 0
