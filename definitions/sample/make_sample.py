"""Makes the sample project: label rows, ontology and pictures.

    python -m definitions.sample.make_sample [--out FOLDER] [--overlays FOLDER]

Needs Python 3.11 and, in an environment of its own, exactly

    encord==0.1.211 numpy==1.26.4 pillow==13.0.0 pydicom==3.0.2 scikit-image==0.26.0
    scipy==1.17.1

The label rows come from the Encord SDK's own object model (`LabelRowV2.to_encord_dict()`); where
the platform writes more than the SDK, `maker/dialect.py` adds it and says why. Hashes are made
from names, noise from fixed seeds, dates from a fixed day: the same versions of these packages
give the same bytes. Another Pillow or libjpeg encodes the JPEG files differently.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any, Final

from PIL import Image

from definitions.sample.maker import harbour, phantom, yard
from definitions.sample.maker.dialect import add_children, add_slice_metadata, break_polygon
from definitions.sample.maker.identity import long_hash
from definitions.sample.maker.ontology import build_ontology
from definitions.sample.maker.overlays import draw_overlays
from definitions.sample.maker.photo_labels import MISCLICK, MISCLICK_TITLE, photo_rows
from definitions.sample.maker.photos import LAUNCH_PAD, PHOTOS, photograph
from definitions.sample.maker.rows import LabelRow, object_hash
from definitions.sample.maker.scene_labels import (
    SERIES_TITLE,
    VIDEO_TITLE,
    YARD_CAMERAS,
    YARD_TITLE,
    harbour_row,
    series_row,
    yard_row,
)

HERE: Final = Path(__file__).parent
JPEG_QUALITY: Final = 85


def main() -> None:
    """Read the arguments and write the sample."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=HERE, help="a new folder, instead of this one")
    parser.add_argument("--overlays", type=Path, help="where pictures with labels are written")
    arguments = parser.parse_args()
    if arguments.out == HERE:
        for folder in ("images", "videos", "dicom"):
            shutil.rmtree(HERE / folder, ignore_errors=True)
    elif arguments.out.exists() and any(arguments.out.iterdir()):
        parser.error(f"{arguments.out} is not empty")
    write_pictures(arguments.out)
    structure = build_ontology()
    rows = photo_rows(structure)
    rows += [harbour_row(structure), series_row(structure), yard_row(structure)]
    finish_rows(rows)
    write_json(arguments.out / "labels.json", rows)
    write_json(arguments.out / "ontology.json", structure.to_dict())
    if arguments.overlays:
        draw_overlays(arguments.out, arguments.overlays)


def finish_rows(rows: list[LabelRow]) -> None:
    """Add what the platform writes and the SDK does not, and break one label."""
    by_title = {row["data_title"]: row for row in rows}
    add_slice_metadata(by_title[SERIES_TITLE])
    add_children(by_title[YARD_TITLE], YARD_CAMERAS)
    break_polygon(by_title[MISCLICK_TITLE], object_hash(MISCLICK_TITLE, MISCLICK))


def write_pictures(out: Path) -> None:
    """Write every picture under the name that an export gives it."""
    for title, crop in (PHOTOS | LAUNCH_PAD).items():
        save_jpeg(photograph(crop), out / "images" / f"{long_hash('image', title)}.jpg")
    for title, picture in (
        (YARD_CAMERAS["gate"], yard.draw_gate()),
        (YARD_CAMERAS["mast"], yard.draw_mast()),
    ):
        save_jpeg(picture, out / "images" / f"{long_hash('image', title)}.jpg")
    video = out / "videos" / long_hash("video", VIDEO_TITLE)
    for frame in range(harbour.FRAMES):
        save_jpeg(harbour.draw_frame(frame), video / f"{frame}.jpg")
    series = out / "dicom" / long_hash("dicom", SERIES_TITLE)
    for index in range(phantom.SLICES):
        phantom.write_slice(series / phantom.instance_uid(index), index)


def save_jpeg(picture: Image.Image, path: Path) -> None:
    """Write a JPEG file without any metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, "JPEG", quality=JPEG_QUALITY, optimize=True)


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON that ends with a newline."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
