"""The consumers of COCO files that the validator knows, by the names users ask for them."""

from typing import Final

PYCOCOTOOLS: Final = "pycocotools"
FASTER_COCO_EVAL: Final = "faster-coco-eval"
HOTCOCO: Final = "hotcoco"
TORCHVISION: Final = "torchvision"
DETECTRON2: Final = "detectron2"
MMDET: Final = "mmdet"
ULTRALYTICS: Final = "ultralytics"
TRANSFORMERS: Final = "transformers"
RF_DETR: Final = "rf-detr"
DATUMARO: Final = "datumaro"
FIFTYONE: Final = "fiftyone"
SUPERVISION: Final = "supervision"
LABELFORMAT: Final = "labelformat"
TAO: Final = "tao"

_MEASURED: Final = "run by `make consumers`, see [consumers](consumers.md)"

STUDIED: Final = {
    PYCOCOTOOLS: ("2.0.11", "run by the tests"),
    FASTER_COCO_EVAL: ("1.8.0", "run by the tests"),
    HOTCOCO: ("1.3.0", "run by the tests"),
    TORCHVISION: ("0.29.1", _MEASURED),
    DETECTRON2: ("0.6", "source of `load_coco_json` and of its evaluator"),
    MMDET: ("3.3.0", _MEASURED),
    ULTRALYTICS: ("8.4.190", _MEASURED),
    TRANSFORMERS: ("5.23.0", _MEASURED),
    RF_DETR: ("1.11.2", _MEASURED),
    DATUMARO: ("1.13.12", _MEASURED),
    FIFTYONE: ("1.22.1", _MEASURED),
    SUPERVISION: ("0.31.2", _MEASURED),
    LABELFORMAT: ("0.1.17", _MEASURED),
    TAO: ("7.0", "NVIDIA's documentation of DINO and Deformable DETR"),
}
"""Consumer → the version that the rules speak of, and how its behaviour is known."""

CONSUMERS: Final = tuple(STUDIED)

BY_PYCOCOTOOLS: Final = (PYCOCOTOOLS, TORCHVISION, DETECTRON2, MMDET, RF_DETR)
"""Consumers that load a file with pycocotools, and fail where that fails."""

READERS_OF_IMAGES: Final = (
    TORCHVISION,
    DETECTRON2,
    MMDET,
    ULTRALYTICS,
    TRANSFORMERS,
    RF_DETR,
    DATUMARO,
    FIFTYONE,
    SUPERVISION,
)
"""Consumers that open the files that `file_name` names."""
