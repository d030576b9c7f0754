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

STUDIED: Final = {
    PYCOCOTOOLS: ("2.0.11", "run by the tests"),
    FASTER_COCO_EVAL: ("1.8.0", "run by the tests"),
    HOTCOCO: ("1.3.0", "run by the tests"),
    TORCHVISION: ("0.29.1", "source of `CocoDetection` and its wrapper"),
    DETECTRON2: ("0.6", "source of `load_coco_json` and of its evaluator"),
    MMDET: ("3.3.0", "source of `CocoDataset` and `LoadAnnotations`"),
    ULTRALYTICS: ("8.4.190", "source of `convert_coco` and of its check of labels"),
    TRANSFORMERS: ("5.23.0", "source of the image processor of the DETR family"),
    RF_DETR: ("1.11.2", "source of its COCO dataset"),
    DATUMARO: ("1.13.12", "run on each case"),
    FIFTYONE: ("1.22.1", "source of its COCO importer"),
    SUPERVISION: ("0.31.2", "run on each case"),
    LABELFORMAT: ("0.1.17", "run on each case"),
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
    RF_DETR,
    DATUMARO,
    FIFTYONE,
    SUPERVISION,
)
"""Consumers that open the files that `file_name` names."""
