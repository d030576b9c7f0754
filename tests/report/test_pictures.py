"""Pictures of images: which file it is, and what it shows."""

from io import BytesIO
from pathlib import Path
from typing import Any

import av
import fsspec
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from coco_dagster.coco.published import CocoImage, ImageOrigin
from coco_dagster.errors import SettingsError
from coco_dagster.report.pictures.finding import (
    PictureFile,
    PictureFolder,
    UnreadablePictureError,
)
from coco_dagster.report.pictures.reading import read_picture

SLICE_UID = UID("1.2.826.0.1.3680043.8.498.1")


def image(
    file_name: str, title: str | None = None, data_hash: str = "hash", frame: int = 0
) -> CocoImage:
    origin = ImageOrigin(data_hash, frame)
    return CocoImage(0, file_name, origin, 40, 20, title)


PHOTO = image("images/hash.jpg", "Harbour/day 1/photo.JPG")
SLICE = image(f"dicom/hash/{SLICE_UID}", "chest", frame=3)
FRAME = image("videos/hash/12.jpg", "clips/cam 2.mp4", frame=12)

FLAT_FRAME = image("hash_12.jpg", "clips/cam 2.mp4", frame=12)
FLAT_SLICE = image(f"hash_{SLICE_UID}.png", "chest", frame=3)


def found(folder: Path, wanted: CocoImage, *paths: str) -> PictureFile | None:
    for path in paths:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return PictureFolder(str(folder)).find([wanted]).get(0)


@pytest.mark.parametrize(
    ("wanted", "path", "frame"),
    [
        (PHOTO, "images/hash.jpg", None),
        (PHOTO, "hash.jpg", None),
        (PHOTO, "train/hash.jpg", None),
        (PHOTO, "anywhere/hash.png", None),
        (PHOTO, "Harbour/day 1/photo.JPG", None),
        (PHOTO, "bucket/harbour/day 1/photo.jpg", None),
        (PHOTO, "photo.jpg", None),
        (SLICE, f"dicom/hash/{SLICE_UID}", None),
        (SLICE, f"series/{SLICE_UID}.dcm", None),
        (image(f"dicom/hash/{SLICE_UID}/7"), f"dicom/hash/{SLICE_UID}", 7),
        (FRAME, "videos/hash/12.jpg", None),
        (FRAME, "media/videos/hash/12.jpg", None),
        (FRAME, "clips/cam 2.mp4", 12),
        (FRAME, "cam 2.mp4", 12),
        (FRAME, "hash.mp4", 12),
        (FLAT_FRAME, "hash_12.jpg", None),
        (FLAT_FRAME, "videos/hash/12.jpg", None),
        (FLAT_FRAME, "cam 2.mp4", 12),
        (FLAT_SLICE, f"hash_{SLICE_UID}.png", None),
        (FLAT_SLICE, f"dicom/hash/{SLICE_UID}", None),
    ],
)
def test_a_picture_is_found_by_name_title_or_hash(
    tmp_path: Path, wanted: CocoImage, path: str, frame: int | None
) -> None:
    assert found(tmp_path, wanted, path, "other/thing.jpg") == PictureFile(path, frame)


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        (PHOTO, ("a/photo.jpg", "b/photo.jpg")),
        (FRAME, ("videos/other/12.jpg",)),
        (FRAME, ("12.jpg",)),
        (PHOTO, ("images/hash-2.jpg", "myphoto.jpg")),
        (PHOTO, ()),
    ],
)
def test_what_may_be_another_picture_is_not_taken(
    tmp_path: Path, wanted: CocoImage, paths: tuple[str, ...]
) -> None:
    assert found(tmp_path, wanted, *paths) is None


def test_of_two_files_with_one_name_the_path_of_the_title_decides(tmp_path: Path) -> None:
    paths = ("x/day 2/photo.jpg", "x/day 1/photo.jpg")
    assert found(tmp_path, PHOTO, *paths) == PictureFile("x/day 1/photo.jpg")


@pytest.mark.parametrize("title", ["../secret.jpg", "/etc/hostname", "..\\secret.jpg", "a/../../s"])
def test_no_title_leads_out_of_the_folder(tmp_path: Path, title: str) -> None:
    (tmp_path / "secret.jpg").touch()
    (tmp_path / "pictures").mkdir()
    folder = PictureFolder(str(tmp_path / "pictures"))
    assert folder.find([image("images/x.jpg", title)]) == {}


def test_pictures_of_an_object_store_are_found_and_read() -> None:
    store = fsspec.filesystem("memory")
    store.pipe_file("/bucket/day/photo.jpg", b"bytes")
    folder = PictureFolder("memory://bucket")
    file = folder.find([image("images/hash.jpg", "photo.jpg")])[0]
    assert file == PictureFile("day/photo.jpg")
    with folder.open(file) as stream:
        assert stream.read() == b"bytes"


@pytest.mark.parametrize("url", ["no/such/folder", "nosuch://bucket/x?token=SECRET"])
def test_a_folder_that_is_not_there_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError, match="pictures") as raised:
        PictureFolder(url)
    assert "SECRET" not in str(raised.value)


def encoded(pixels: NDArray[Any], form: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def read(
    data: bytes, name: str = "x", size: tuple[int | None, int | None] = (40, 20), frame: int = 0
) -> NDArray[np.uint8]:
    file = PictureFile(name, frame)
    return np.asarray(read_picture(BytesIO(data), file, size, 40))


RAMP = np.tile(np.linspace(0, 255, 40, dtype=np.uint8), (20, 1))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1"])
def test_pictures_of_every_mode_are_read(mode: str) -> None:
    buffer = BytesIO()
    Image.fromarray(RAMP).convert(mode).save(buffer, "TIFF")
    assert read(buffer.getvalue()).shape == (20, 40, 3)


def test_a_large_photograph_is_read_at_about_the_size_that_is_needed() -> None:
    data = encoded(np.zeros((320, 640, 3), np.uint8), "JPEG")
    assert read(data).shape == (40, 80, 3)


@pytest.mark.parametrize("high", [4095, 65535])
def test_deep_grey_levels_keep_their_contrast(high: int) -> None:
    levels = np.tile(np.linspace(100, high, 40).astype(np.uint16), (20, 1))
    grey = read(encoded(levels))[:, :, 0]
    assert (grey.min(), grey.max()) == (0, 255)
    assert (np.diff(grey[0].astype(int)) >= 0).all()


def test_a_single_grey_level_is_no_error() -> None:
    assert read(encoded(np.full((20, 40), 700, np.uint16))).shape == (20, 40, 3)


def test_a_photograph_is_turned_if_the_labels_were_drawn_on_it_turned() -> None:
    pixels = np.zeros((40, 20, 3), np.uint8)
    pixels[:10] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(pixels, "JPEG", exif=exif, quality=95)
    turned, as_it_is = read(data), read(data, size=(20, 40))
    assert turned.shape == (20, 40, 3)
    assert turned[:, -5:].mean() > 240
    assert as_it_is.shape == (40, 20, 3)


def test_a_picture_of_another_form_is_refused() -> None:
    with pytest.raises(UnreadablePictureError, match="it is 40 by 40 pixels, the image 40 by 20"):
        read(encoded(np.zeros((40, 40), np.uint8)))


def test_a_smaller_copy_of_a_picture_will_do() -> None:
    assert read(encoded(np.zeros((10, 20), np.uint8))).shape == (10, 20, 3)


@pytest.mark.parametrize("data", [b"", b"text", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_picture_is_told_of(data: bytes) -> None:
    with pytest.raises(UnreadablePictureError, match="no picture"):
        read(data)


def dicom(pixels: NDArray[Any], **facts: Any) -> bytes:
    """A DICOM file; pixels are of shape (rows, columns) or (frames, rows, columns)."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = SLICE_UID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        dataset.NumberOfFrames = pixels.shape[0]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12
    dataset.HighBit = 11
    dataset.PixelRepresentation = 0
    for name, value in facts.items():
        setattr(dataset, name, value)
    dataset.PixelData = pixels.astype("<i2" if dataset.PixelRepresentation else "<u2").tobytes()
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


DEEP = np.tile(np.linspace(0, 4095, 40).astype(np.uint16), (20, 1))


def test_a_slice_is_seen_through_the_window_of_its_file() -> None:
    rescaled = {"RescaleSlope": 1, "RescaleIntercept": -500}
    grey = read(dicom(DEEP, WindowCenter=1000, WindowWidth=200, **rescaled))[0, :, 0]
    values = DEEP[0].astype(int) - 500
    inside = np.clip((values - 999.5) / 199 + 0.5, 0, 1)  # DICOM PS3.3, C.11.2.1.2.1
    assert np.abs(grey - inside * 255).max() <= 1
    assert 0 < inside[np.abs(values - 1000).argmin()] < 1


@pytest.mark.parametrize("bits", [12, 16])
def test_a_slice_without_a_window_keeps_its_contrast(bits: int) -> None:
    levels = (DEEP.astype(int) * (2 ** (bits - 12))).astype(np.uint16)
    grey = read(dicom(levels, BitsStored=bits, HighBit=bits - 1))[0, :, 0]
    assert (grey.min(), grey.max()) == (0, 255)
    assert len(np.unique(grey)) > 30


def test_signed_levels_and_padding() -> None:
    levels = np.tile(np.linspace(-1000, 1000, 40).astype(np.int16), (20, 1))
    levels[:, :20] = -2000
    facts = {"PixelRepresentation": 1, "BitsStored": 16, "HighBit": 15, "PixelPaddingValue": -2000}
    grey = read(dicom(levels, **facts))[0, :, 0]
    assert (grey[:20] == 0).all()
    assert len(np.unique(grey[20:])) == 20


def test_inverted_grey_levels_are_shown_upright() -> None:
    grey = read(dicom(DEEP, PhotometricInterpretation="MONOCHROME1"))[0, :, 0]
    assert (grey[0], grey[-1]) == (255, 0)


def test_the_frame_of_a_file_of_several_slices() -> None:
    slices = np.stack([DEEP, DEEP[:, ::-1]])
    assert read(dicom(slices), frame=0)[0, 0, 0] < read(dicom(slices), frame=1)[0, 0, 0]


def test_a_slice_that_a_file_has_not_is_told_of() -> None:
    with pytest.raises(UnreadablePictureError, match="cannot be decoded"):
        read(dicom(np.stack([DEEP, DEEP])), frame=9)


def video(frames: int) -> bytes:
    """A video whose frames are the lighter the later they come."""
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 40, 20, "yuv420p"
        for number in range(frames):
            level = np.full((20, 40, 3), number * 10, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(level, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return buffer.getvalue()


@pytest.mark.parametrize("frame", [0, 1, 7, 13, 19])
def test_the_very_frame_of_a_video_is_read(frame: int) -> None:
    pixels = read(video(20), "cam.mp4", frame=frame)
    assert pixels.mean() == pytest.approx(frame * 10, abs=4)


@pytest.mark.parametrize(("data", "frame"), [(video(3), 50), (b"no video", 0)])
def test_a_frame_that_there_is_none_of_is_told_of(data: bytes, frame: int) -> None:
    with pytest.raises(UnreadablePictureError):
        read(data, "cam.mp4", frame=frame)


@pytest.mark.parametrize(
    ("module", "data", "name"), [("pydicom", dicom(DEEP), "x"), ("av", video(1), "cam.mp4")]
)
def test_what_needs_a_library_says_which(
    monkeypatch: pytest.MonkeyPatch, module: str, data: bytes, name: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(UnreadablePictureError, match=r"install coco-dagster\[pictures\]"):
        read(data, name)
