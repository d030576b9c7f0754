"""How measurements are told."""

import pytest

from benchmarks.report import Row, growth


def row(images: int, wall: float | None, peak: float | None = None) -> Row:
    return Row(
        name="export",
        images=images,
        objects=0,
        megabytes=0.0,
        wall=wall,
        peak_megabytes=peak,
    )


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(10.0, "n^1.00"), (100.0, "n^2.00")],
    ids=["linear", "quadratic"],
)
def test_growth_tells_the_exponent_of_time(seconds: float, told: str) -> None:
    (line,) = growth([row(80000, seconds), row(8000, 1.0)])
    assert line.endswith(told)


def test_growth_tells_the_factor_of_memory() -> None:
    (line,) = growth([row(8000, 1.0, 200.0), row(80000, 10.0, 240.0)])
    assert line.endswith("memory by 1.20")


def test_growth_needs_two_measured_sizes() -> None:
    assert list(growth([row(8000, 1.0), row(80000, None)])) == []
