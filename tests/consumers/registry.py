"""The consumers, and what each of them is asked to look at."""

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Consumer:
    """A program that reads COCO files.

    Attributes:
        name: as the validator calls it.
        looks: the tasks of its runner, which is the module of its name; none where there is no
            runner, because it cannot be installed.
        stands_here: whether it is in the environment of the suite; else it gets its own.
        remark: what to know of how it is run.
    """

    name: str
    looks: tuple[str, ...]
    stands_here: bool = False
    remark: str = ""

    @property
    def runner(self) -> str:
        """Module that is run in its environment."""
        return f"tests.consumers.runners.{self.name.replace('-', '_')}"

    @property
    def requirements(self) -> Path:
        """What its environment is made of: names and versions."""
        return HERE / "requirements" / f"{self.name}.txt"


CONSUMERS = (
    Consumer("pycocotools", ("boxes", "masks", "keypoints"), stands_here=True),
    Consumer("faster-coco-eval", ("boxes", "masks", "keypoints"), stands_here=True),
    Consumer("hotcoco", ("boxes", "masks", "keypoints"), stands_here=True),
    Consumer(
        "torchvision",
        ("boxes", "masks", "keypoints", "training"),
        remark="`CocoDetection`, for boxes and masks in `wrap_dataset_for_transforms_v2`; "
        "`training`: the losses of a Faster R-CNN on every labelled image.",
    ),
    Consumer(
        "detectron2",
        (),
        remark="On no package index: it is built from its repository, with a compiler and against "
        "the torch of the machine.",
    ),
    Consumer(
        "mmdet",
        ("boxes", "masks"),
        remark="`CocoDataset` with `LoadAnnotations`, and `CocoMetric`. mmcv < 2.2, which mmdet "
        "wants, has no wheels with compiled operators; these parts use none, and empty classes "
        "stand in for them.",
    ),
    Consumer(
        "ultralytics",
        ("boxes", "masks", "keypoints"),
        remark="`convert_coco(cls91to80=False)`, then `YOLODataset` on what it wrote. It looks for "
        "labels where the last `/images/` of a picture's path is `/labels/`, knows pictures by "
        "their suffixes, and wants one number of keypoints in all categories: a file of one "
        "skeleton, such as the one below, it reads.",
    ),
    Consumer(
        "transformers",
        ("boxes", "masks", "keypoints"),
        remark="The image processor of DETR on torchvision's `CocoDetection`, as in examples of "
        "training with it. It reads no compressed run lengths.",
    ),
    Consumer(
        "rf-detr",
        ("boxes", "masks", "keypoints"),
        remark="Its `CocoDetection`, as `build_roboflow_from_coco` makes it, and its "
        "`CocoEvaluator`.",
    ),
    Consumer(
        "datumaro",
        ("boxes", "stream", "masks", "keypoints"),
        remark="`Dataset.import_from`; `stream`: boxes with `StreamDataset`. It calls an image by "
        "its path without what follows the last dot, and wants every path once.",
    ),
    Consumer(
        "fiftyone",
        ("boxes", "masks", "keypoints", "evaluation"),
        remark="`COCODetectionDatasetImporter`; `evaluation`: `evaluate_detections` in a dataset, "
        "which needs MongoDB.",
    ),
    Consumer(
        "supervision",
        ("boxes", "masks"),
        remark="`DetectionDataset.from_coco` and `MeanAveragePrecision`.",
    ),
    Consumer(
        "labelformat",
        ("boxes", "masks"),
        remark="`COCOObjectDetectionInput`, and `COCOInstanceSegmentationInput`, which reads run "
        "lengths as a list and with `iscrowd` 1 alone.",
    ),
    Consumer("globox", ("boxes",), remark="`AnnotationSet.from_coco` and `COCOEvaluator`."),
    Consumer(
        "sahi",
        ("boxes", "masks"),
        remark="`Coco.from_coco_dict_or_path`, which takes "
        "boxes from polygons and passes over run lengths.",
    ),
)
