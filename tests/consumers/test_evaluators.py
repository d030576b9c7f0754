"""The evaluators that stand in the environment of the suite read `training` exports."""

import json

import pytest

from tests.consumers.cases import Case, exported
from tests.consumers.comparison import compare
from tests.consumers.runners import faster_coco_eval, hotcoco, pycocotools
from tests.integration.random_rows import RowMaker

EVALUATORS = {
    "pycocotools": pycocotools.LOOKS,
    "faster-coco-eval": faster_coco_eval.LOOKS,
    "hotcoco": hotcoco.LOOKS,
}
ROWS = 24

pytestmark = pytest.mark.filterwarnings("ignore:hotcoco. kpt_oks_sigmas differ:UserWarning")


@pytest.fixture(scope="module", params=["sample", "random rows"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("case")
    if request.param == "sample":
        return exported(folder)
    maker = RowMaker(7)
    labels, ontology = folder / "labels.json", folder / "ontology.json"
    labels.write_text(json.dumps(maker.rows(ROWS)), encoding="utf-8")
    ontology.write_text(json.dumps(maker.ontology), encoding="utf-8")
    return exported(folder, labels, ontology)


@pytest.mark.parametrize("task", ["boxes", "masks", "keypoints"])
@pytest.mark.parametrize("evaluator", EVALUATORS)
def test_evaluators_see_what_is_there_and_perfect_detections_score_1(
    evaluator: str, task: str, case: Case
) -> None:
    seen = EVALUATORS[evaluator][task](case.folder)
    assert len(seen["things"]) > 0
    assert compare(case.expected(task), seen).differences == ()
    assert seen["ap"] == pytest.approx(1.0)


def test_both_files_list_the_same_images(case: Case) -> None:
    instances, keypoints = case.holds
    assert instances["images"] == keypoints["images"] > 0
