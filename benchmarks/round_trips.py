"""COCO in and COCO out by another program, run in an environment of that program alone.

``python round_trips.py NAME FOLDER OUT`` reads ``FOLDER/annotations/instances_train.json`` and
writes it again into the folder OUT. Prints how many seconds both took.
"""

import json
import sys
import time
from pathlib import Path

INSTANCES = Path("annotations", "instances_train.json")


def datumaro(folder: Path, out: Path) -> None:
    """Datumaro, the whole dataset in memory."""
    from datumaro import Dataset

    Dataset.import_from(str(folder), "coco_instances").export(str(out), "coco_instances")


def datumaro_streaming(folder: Path, out: Path) -> None:
    """Datumaro, item by item."""
    from datumaro import StreamDataset

    StreamDataset.import_from(str(folder), "coco_instances").export(str(out), "coco_instances")


def labelformat(folder: Path, out: Path) -> None:
    """labelformat, outlines."""
    from labelformat.formats import COCOInstanceSegmentationInput, COCOInstanceSegmentationOutput

    source = COCOInstanceSegmentationInput(folder / INSTANCES)
    COCOInstanceSegmentationOutput(out / "instances.json").save(source)


def globox(folder: Path, out: Path) -> None:
    """globox, boxes alone."""
    from globox import AnnotationSet

    AnnotationSet.from_coco(folder / INSTANCES).save_coco(out / "boxes.json", auto_ids=True)


def sahi(folder: Path, out: Path) -> None:
    """sahi, in one thread."""
    from sahi.utils.coco import Coco
    from sahi.utils.file import save_json

    coco = Coco.from_coco_dict_or_path(str(folder / INSTANCES), use_threads=False)
    save_json(coco.json, str(out / "instances.json"))


ROUND_TRIPS = {
    "datumaro": datumaro,
    "datumaro-streaming": datumaro_streaming,
    "labelformat": labelformat,
    "globox": globox,
    "sahi": sahi,
}


def main() -> None:
    """Measure one."""
    name, folder, out = sys.argv[1:]
    Path(out).mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    ROUND_TRIPS[name](Path(folder), Path(out))
    print(json.dumps({"seconds": {"round trip": time.perf_counter() - started}}))


if __name__ == "__main__":
    main()
