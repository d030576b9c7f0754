"""Letters for names in pictures."""

import pytest

from coco_dagster.report import fonts
from coco_dagster.report.fonts import font_for


@pytest.fixture
def no_other_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_wider_fonts", lambda _: ())


def test_plain_names_need_no_font_of_the_machine(no_other_fonts: None) -> None:
    assert font_for("Vessel (3)", 12)[1] == "Vessel (3)"


@pytest.mark.parametrize(
    ("name", "written"), [("Müller", "Muller"), ("Čáp", "Cap"), ("船", "?"), ("a\nb\x00", "a b ")]
)
def test_letters_that_no_font_has_are_replaced(
    no_other_fonts: None, name: str, written: str
) -> None:
    assert font_for(name, 12)[1] == written


def test_a_font_that_has_the_letters_writes_them_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Wide:
        def getmask(self, letter: str) -> bytes:
            return b"missing" if letter == "\uffff" else letter.encode()

    monkeypatch.setattr(fonts, "_wider_fonts", lambda _: (Wide(),))
    assert font_for("Müller", 12)[1] == "Müller"
