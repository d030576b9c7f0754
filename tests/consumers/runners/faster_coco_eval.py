"""What faster-coco-eval sees."""

from faster_coco_eval import COCO, COCOeval_faster

from tests.consumers.runners import evaluators
from tests.consumers.runners.looking import answer

LOOKS = evaluators.looks(COCO, COCOeval_faster)

if __name__ == "__main__":
    answer(["faster-coco-eval"], LOOKS)
