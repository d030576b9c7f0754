"""Every way of spoiling, by name, and how one is applied."""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from tests.fuzz.fields import OF_NODES, OF_ROWS, Mutation, field_mutations
from tests.fuzz.files import FILES, FileChange
from tests.fuzz.ontologies import node_mutations
from tests.fuzz.places import Place, Touched, node_places, places, put, value_at
from tests.fuzz.rows import structure_mutations
from tests.fuzz.shapes import ANY_OBJECT, shape_mutations
from tests.fuzz.texts import TEXTS, TextChange
from tests.label_rows import JSON


def _by_name(mutations: list[Mutation]) -> dict[str, Mutation]:
    table = {mutation.name: mutation for mutation in mutations}
    assert len(table) == len(mutations), "two mutations have one name"
    return table


ROWS: Final[Mapping[str, Mutation]] = _by_name(
    [
        *field_mutations(OF_ROWS),
        *shape_mutations(),
        *(Mutation(f"object {name}", "object", change) for name, change in ANY_OBJECT.items()),
        *structure_mutations(),
    ]
)
"""Changes of parsed label rows."""

ONTOLOGIES: Final[Mapping[str, Mutation]] = _by_name(
    [*field_mutations(OF_NODES), *node_mutations()]
)
"""Changes of a parsed ontology."""

ROW_TEXTS: Final[Mapping[str, TextChange]] = TEXTS
"""Changes of the text of one label row."""

WHOLE_FILES: Final[Mapping[str, FileChange]] = FILES
"""Ways to make a file of label rows."""


def spoil(
    rows: list[Any], position: int, mutation: Mutation, dice: Random, touched: Touched
) -> bool:
    """Change a label row, at one of the places where the mutation applies.

    Args:
        rows: label rows, of which one is replaced.
        position: its position.
        mutation: what to do.
        dice: chooses the place.
        touched: takes up what may change by it.

    Returns:
        Whether there was such a place.
    """
    before = rows[position]
    if not isinstance(before, dict):
        return False
    found = places(before, mutation.kind)
    if not found:
        return False
    place = dice.choice(found)
    rows[position] = _changed(before, place, mutation, dice)
    touched.touch(position, place, before, rows[position])
    return True


def spoil_ontology(ontology: JSON, mutation: Mutation, dice: Random, touched: Touched) -> Any:
    """The ontology, changed at one of the places where the mutation applies."""
    found = node_places(ontology, mutation.kind)
    if not found:
        return ontology
    place = dice.choice(found)
    after = _changed(ontology, place, mutation, dice)
    touch_ontology(touched, place, ontology, after)
    return after


def touch_ontology(touched: Touched, place: Place, before: JSON, after: Any) -> None:
    """Add what a change at a place of an ontology may change."""
    if len(place) < 2 or not isinstance(after, dict):
        touched.everything = True
        return
    hashes, known = _hashes(after), _hashes(before)
    if sorted(set(hashes)) != sorted(hashes) and sorted(hashes) != sorted(known):
        # The first of two nodes with one hash counts, whichever of them was changed.
        touched.everything = True
    if place[0] == "objects":
        for state in (before, after):
            feature = value_at(state, (*place[:2], "featureNodeHash"))
            if isinstance(feature, str):
                touched.features.add(feature)
        if value_at(after, place) is None and place[1:] == place[1:2]:
            touched.features |= {name for name in known if isinstance(name, str)} - set(hashes)
    elif place[0] == "skeleton_templates":
        nodes = before.get("objects") or []
        skeletons = [
            node for node in nodes if isinstance(node, dict) and node.get("shape") == "skeleton"
        ]
        touched.features |= {name for node in skeletons for name in _hashes(node)}


def _hashes(value: Any) -> list[str]:
    """Hashes of all nodes at or below a value, however deep."""
    found, waiting = [], [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            own = inner.get("featureNodeHash")
            found += [own] if isinstance(own, str) else []
            waiting += inner.values()
        elif isinstance(inner, list):
            waiting += inner
    return found


def _changed(whole: Any, place: Place, mutation: Mutation, dice: Random) -> Any:
    """The whole with the value at a place changed; as it is where that is spoilt too much."""
    try:
        return put(whole, place, mutation.change(value_at(whole, place), dice))
    except (AttributeError, LookupError, TypeError):
        return whole
