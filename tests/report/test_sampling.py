"""Which images are shown of an export that has too many."""

import polars as pl
import pytest

from coco_dagster.report.sampling import IMAGE_KEY, Candidates, image_rank


def images(count: int, group: str | None = None, prefix: str = "hash-") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "group": [group] * count,
            "data_hash": [f"{prefix}{number:08}" for number in range(count)],
            "frame": [0] * count,
        },
        schema={"group": pl.String, "data_hash": pl.String, "frame": pl.Int64},
    )


def keys(frame: pl.DataFrame) -> list[tuple[str, int]]:
    return frame.select(IMAGE_KEY).rows()


def test_ranks_follow_from_the_image_alone() -> None:
    together = image_rank(images(100))
    alone = [image_rank(images(100)[at]).item() for at in range(100)]
    assert together.to_list() == alone


def plain_rank(data_hash: str, frame: int) -> int:
    """SplitMix64 as its paper states it, one number at a time."""
    mask = 2**64 - 1
    seed = int.from_bytes(f"{'0' * 8}{data_hash}".encode()[-8:], "little")
    mixed = (seed + (frame + 1) * 0x9E3779B97F4A7C15) & mask
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
    return mixed ^ (mixed >> 31)


def test_ranks_are_the_same_on_every_machine_and_in_every_release() -> None:
    given = [("", 0), ("a", 1), ("0123456789abcdef", 2), ("hash with ü", 2**31)]
    frame = pl.DataFrame(given, schema={"data_hash": pl.String, "frame": pl.Int64}, orient="row")
    assert image_rank(frame).to_list() == [plain_rank(*image) for image in given]


def test_frames_of_a_file_have_ranks_of_their_own() -> None:
    frame = pl.DataFrame({"data_hash": ["video"] * 1000, "frame": range(1000)})
    assert image_rank(frame).n_unique() == 1000


def test_ranks_are_spread_evenly() -> None:
    ranks = image_rank(images(20_000)).to_numpy()
    tenths = (ranks // (2**64 // 10 + 1)).astype(int)
    counts = [(tenths == tenth).sum() for tenth in range(10)]
    assert min(counts) > 1800
    assert max(counts) < 2200


@pytest.mark.parametrize("parts", [1, 3, 100])
def test_the_choice_does_not_depend_on_how_the_images_are_divided(parts: int) -> None:
    everything = images(100)
    candidates = Candidates(10, 3)
    for part in range(parts):
        candidates.add(everything.filter(pl.int_range(pl.len()) % parts == part))
    whole = Candidates(10, 3)
    whole.add(everything)
    assert keys(candidates.choose(10)) == keys(whole.choose(10))


def test_every_group_is_seen() -> None:
    candidates = Candidates(10, 3)
    candidates.add(images(10_000))
    for group in ("rare", "other"):
        candidates.add(images(2, group, f"{group}-"))
    shown = {data_hash for data_hash, _ in keys(candidates.choose(10))}
    assert {name[:5] for name in shown} >= {"rare-", "other"}
    assert len(shown) == 10


def test_groups_take_half_of_the_places_at_most() -> None:
    candidates = Candidates(10, 3)
    candidates.add(images(10_000))
    for group in range(100):
        candidates.add(images(3, str(group), f"group{group}-"))
    shown = keys(candidates.choose(10))
    assert sum(name.startswith("group") for name, _ in shown) == 5


def test_a_small_export_is_shown_as_a_whole() -> None:
    candidates = Candidates(10, 3)
    candidates.add(images(7))
    candidates.add(images(7, "group"))
    assert sorted(keys(candidates.choose(10))) == sorted(keys(images(7)))


def test_the_choice_of_a_larger_number_holds_that_of_a_smaller_one() -> None:
    candidates = Candidates(50, 3)
    candidates.add(images(1000))
    assert set(keys(candidates.choose(10))) < set(keys(candidates.choose(50)))
