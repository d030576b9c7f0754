"""Pictures that are small enough to be part of a page."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from coco_dagster.coco.published import CocoImage, ImageOrigin
from coco_dagster.report import embedded_pictures
from coco_dagster.report.embedded_pictures import embed_pictures
from coco_dagster.report.pictures.finding import PictureFolder

NOISE = np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)


def images(folder: Path, count: int) -> list[CocoImage]:
    """Images with pictures of noise, which no format makes small."""
    for number in range(count):
        Image.fromarray(np.roll(NOISE, number, axis=1)).save(folder / f"{number}.png")
    return [image(f"{number}.png") for number in range(count)]


def image(name: str) -> CocoImage:
    return CocoImage(0, name, ImageOrigin(name, 0), 400, 300, None)


def test_pictures_are_kept_by_the_position_of_their_image(tmp_path: Path) -> None:
    shown = [image("none.png"), *images(tmp_path, 2)]
    found = embed_pictures(PictureFolder(str(tmp_path)), shown)
    assert list(found.files) == [1, 2]
    assert found.problems == {"there is no file that can be told to be it": 1}
    picture = found.picture(1)
    assert picture is not None
    assert picture.size == (400, 300)
    assert found.picture(0) is None


def test_a_picture_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    found = embed_pictures(PictureFolder(str(tmp_path)), [image("broken.png")])
    assert found.files == {}
    (reason,) = found.problems
    assert "no picture" in reason


def test_together_they_keep_within_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_pictures, "MOST_PICTURE_BYTES", 100_000)
    found = embed_pictures(PictureFolder(str(tmp_path)), images(tmp_path, 6))
    assert len(found.files) == 6
    assert sum(map(len, found.files.values())) <= 100_000


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path) -> None:
    shown = images(tmp_path, 4)
    folder = PictureFolder(str(tmp_path))
    assert embed_pictures(folder, shown) == embed_pictures(folder, shown)


def test_without_webp_they_are_jpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda _: False)
    found = embed_pictures(PictureFolder(str(tmp_path)), images(tmp_path, 1))
    assert found.mime == "image/jpeg"
    assert found.uris()[0].startswith("data:image/jpeg;base64,/9j/")
    assert Image.open(BytesIO(found.files[0])).format == "JPEG"
