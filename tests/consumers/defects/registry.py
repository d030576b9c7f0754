"""One-defect cases: what is wrong in each, and how it is brought into a clean file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.consumers import clean
from tests.consumers.clean import Json

File = Literal["instances", "poses"]
Change = Callable[[Json], None]


@dataclass(frozen=True)
class Defect:
    """A defect.

    Attributes:
        name: what it is called.
        file: the file that has it; the other one of the case is clean.
        says: what is wrong, in words.
        bring: changes a clean file.
        meant: changes a clean file to what the file means; None where that is the clean file.
    """

    name: str
    file: File
    says: str
    bring: Change
    meant: Change | None = None

    @property
    def coco(self) -> Json:
        """The file with the defect."""
        coco = clean_file(self.file)
        self.bring(coco)
        return coco

    @property
    def meaning(self) -> Json:
        """A file without defects that says what this one means."""
        coco = clean_file(self.file)
        if self.meant is not None:
            self.meant(coco)
        return coco


DEFECTS: dict[str, Defect] = {}
"""All of them by name."""


def clean_file(file: File) -> Json:
    """The clean file, for changing."""
    return clean.instances() if file == "instances" else clean.poses()


def defect(
    says: str, file: File = "instances", meant: Change | None = None
) -> Callable[[Change], Change]:
    """Registers a change of a clean file under its own name."""

    def register(change: Change) -> Change:
        name = change.__name__
        DEFECTS[name] = Defect(name, file, says, change, meant)
        return change

    return register


def setting(
    name: str,
    says: str,
    part: str,
    file: File = "instances",
    every: bool = False,
    as_written: bool = False,
    **values: Any,
) -> None:
    """Registers a defect of keys: set in the first entry of a part of the file, or in all.

    Args:
        name: name of the defect.
        says: what is wrong.
        part: section of the file.
        file: which file.
        every: whether all entries have it.
        as_written: whether the file means what it says.
        values: the keys.
    """

    def change(coco: Json) -> None:
        for entry in coco[part] if every else coco[part][:1]:
            entry.update(values)

    DEFECTS[name] = Defect(name, file, says, change, change if as_written else None)


def lacking(name: str, says: str, part: str, *keys: str, file: File = "instances") -> None:
    """Registers a defect of keys that the first entry of a part of the file lacks."""

    def change(coco: Json) -> None:
        for key in keys:
            coco[part][0].pop(key, None)

    DEFECTS[name] = Defect(name, file, says, change)


def renumbered(coco: Json, part: str, reference: str, number: Callable[[int], Any]) -> None:
    """Gives the entries of a part other ids, and tells the annotations."""
    for entry in coco[part]:
        entry["id"] = number(entry["id"])
    for entry in coco["annotations"]:
        if reference in entry:
            entry[reference] = number(entry[reference])
