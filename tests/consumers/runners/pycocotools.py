"""What pycocotools sees."""

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tests.consumers.runners import evaluators
from tests.consumers.runners.looking import answer

LOOKS = evaluators.looks(COCO, COCOeval)

if __name__ == "__main__":
    answer(["pycocotools"], LOOKS)
