"""Generated datasets on disk."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.generate import (
    Dice,
    Json,
    make_image_row,
    make_ontology,
    make_video_row,
    number_of_objects,
)


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What decides every byte of a dataset.

    Attributes:
        images: label rows of one image each.
        videos: label rows of one video each, after the images.
        frames: length of every video; every frame is labelled.
        seed: decides every choice.
        copies: how often the same labels are written, each time of files and label rows with
            hashes of their own: much faster than making as many.
    """

    images: int = 0
    videos: int = 0
    frames: int = 100
    seed: int = 0
    copies: int = 1

    @property
    def name(self) -> str:
        """A name that no other recipe has."""
        made = f"{self.images}-images-{self.videos}-videos-of-{self.frames}-seed-{self.seed}"
        return made if self.copies == 1 else f"{made}-times-{self.copies}"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a folder says of the files beside it.

    Attributes:
        recipe: what they were made from.
        objects: objects on all images and frames.
    """

    recipe: Recipe
    objects: int


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that was written.

    Attributes:
        labels: JSON array of label rows.
        ontology: JSON of the ontology.
        images: images and video frames.
        objects: objects on all of them.
        size: bytes of `labels`.
    """

    labels: Path
    ontology: Path
    images: int
    objects: int
    size: int


def make_rows(recipe: Recipe, dice: Dice, ontology: Json) -> Iterator[Json]:
    """The label rows of a recipe, one by one."""
    for _ in range(recipe.images):
        yield make_image_row(dice, ontology)
    for _ in range(recipe.videos):
        yield make_video_row(dice, ontology, recipe.frames)


def write_dataset(folder: Path, recipe: Recipe) -> Dataset:
    """Writes `labels.json` and `ontology.json`, unless the folder holds those of this recipe.

    Rows are written as they are made, so memory grows with their number only where copies follow.

    Args:
        folder: where to; made where it is missing.
        recipe: what to write.
    """
    labels, ontology_file = folder / "labels.json", folder / "ontology.json"
    written = _written(folder)
    if written is None or written.recipe != recipe:
        folder.mkdir(parents=True, exist_ok=True)
        _record(folder).unlink(missing_ok=True)
        dice = Dice(recipe.seed)
        ontology = make_ontology(dice)
        ontology_file.write_bytes(msgspec.json.encode(ontology))
        objects = _write_rows(labels, make_rows(recipe, dice, ontology), recipe.copies)
        written = Written(recipe=recipe, objects=objects)
        # Last: its presence says that the others are whole.
        _record(folder).write_bytes(msgspec.json.encode(written))
    return Dataset(
        labels=labels,
        ontology=ontology_file,
        images=(recipe.images + recipe.videos * recipe.frames) * recipe.copies,
        objects=written.objects,
        size=labels.stat().st_size,
    )


def _record(folder: Path) -> Path:
    return folder / "written.json"


def _written(folder: Path) -> Written | None:
    record = _record(folder)
    return msgspec.json.decode(record.read_bytes(), type=Written) if record.exists() else None


def _write_rows(path: Path, rows: Iterator[Json], copies: int) -> int:
    objects = 0
    kept: list[tuple[str, str, bytes]] = []
    with path.open("wb") as file:
        for number, row in enumerate(rows):
            objects += number_of_objects(row)
            text = msgspec.json.encode(row)
            file.write((b",\n" if number else b"[") + text)
            if copies > 1:
                kept.append((row["label_hash"], row["data_hash"], text))
        for copy in range(1, copies):
            for label_hash, data_hash, text in kept:
                for known in (label_hash, data_hash):
                    text = text.replace(known.encode(), _copied(known, copy).encode())
                file.write(b",\n" + text)
        file.write(b"]" if file.tell() else b"[]")
    return objects * copies


def _copied(uuid: str, copy: int) -> str:
    """The hash that stands for another one in a copy, of another version than all that are made."""
    return f"{uuid[:14]}{0x8000 + copy:04x}{uuid[18:]}"
