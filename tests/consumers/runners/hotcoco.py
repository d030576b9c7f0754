"""What hotcoco sees."""

from hotcoco import COCO, COCOeval

from tests.consumers.runners import evaluators
from tests.consumers.runners.looking import answer

LOOKS = evaluators.looks(COCO, COCOeval)

if __name__ == "__main__":
    answer(["hotcoco"], LOOKS)
