"""Ontologies: what can be labelled, as a tree of objects, attributes and options.

An ontology is not part of a label export. It comes from a file, bare or inside the `editor` of
`{"title": …, "editor": {…}}`, or is derived from labels (see `ontology_deriver`).
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Raw, Struct

from coco_dagster.encord.label_row import Note
from coco_dagster.encord.ontology_nodes import (
    SKELETON,
    Attribute,
    OntologyClassification,
    OntologyObject,
    Option,
    SkeletonEdge,
    SkeletonPoint,
    SkeletonTemplate,
    walk_attributes,
)
from coco_dagster.encord.ontology_reader import NodeReader, Skeletons
from coco_dagster.encord.source_streams import without_secrets
from coco_dagster.errors import OntologyError

__all__ = [
    "Attribute",
    "Note",
    "Ontology",
    "OntologyClassification",
    "OntologyObject",
    "Option",
    "SkeletonEdge",
    "SkeletonPoint",
    "SkeletonTemplate",
    "parse_ontology",
    "walk_attributes",
]

_BOM: Final = b"\xef\xbb\xbf"


class Ontology(Struct, frozen=True):
    """Everything that labels can refer to.

    Attributes:
        objects: classes of objects, in the order of the ontology.
        classifications: classifications of frames, in the order of the ontology.
        digest: hex SHA-256 over objects and classifications. It depends on what is used of the
            file, not on its white space, its keys' order or keys that are not read.
        notes: what was mended or left out.
    """

    objects: tuple[OntologyObject, ...]
    classifications: tuple[OntologyClassification, ...]
    digest: str
    notes: tuple[Note, ...] = ()

    @classmethod
    def of(
        cls,
        objects: Iterable[OntologyObject],
        classifications: Iterable[OntologyClassification],
        notes: Iterable[Note] = (),
    ) -> "Ontology":
        """An ontology of these nodes, with its digest."""
        nodes = (tuple(objects), tuple(classifications))
        digest = hashlib.sha256(msgspec.json.encode(nodes)).hexdigest()
        return cls(*nodes, digest, tuple(notes))

    @property
    def lacks_skeleton_points(self) -> bool:
        """Whether the points of a skeleton have to come from the labels."""
        return any(_lacks_points(node) for node in self.objects)

    def with_skeleton_points(self, names: Mapping[str, Iterable[str]]) -> "Ontology":
        """The ontology with templates, without edges, for skeletons that have none.

        Args:
            names: feature hash → names of its points by first sight in the labels.
        """
        objects = list(self.objects)
        notes = list(self.notes)
        for index, node in enumerate(objects):
            if not _lacks_points(node):
                continue
            points = tuple(SkeletonPoint(name) for name in names.get(node.feature_hash, ()))
            template = SkeletonTemplate(points, from_labels=True)
            objects[index] = msgspec.structs.replace(node, skeleton=template)
            notes.append(_missing_template(node, index))
        return Ontology.of(objects, self.classifications, notes)

    @property
    def missing_templates(self) -> tuple[Note, ...]:
        """A note for every skeleton whose points have to come from the labels."""
        return tuple(
            _missing_template(node, index)
            for index, node in enumerate(self.objects)
            if _lacks_points(node)
        )


def _lacks_points(node: OntologyObject) -> bool:
    return node.shape == SKELETON and node.skeleton is None


def _missing_template(node: OntologyObject, index: int) -> Note:
    message = (
        f"The skeleton `{node.name}` has no template; its points are those of its labels in the "
        "order of first sight, at most 1,000, without edges."
    )
    return Note("skeleton_without_template", f"$.objects[{index}]", message)


def parse_ontology(data: bytes, source: str) -> Ontology:
    """Read an ontology from the bytes of its file.

    Args:
        data: JSON in UTF-8, bare or inside an `editor`.
        source: path or URL of the file, for messages, which leave out its secrets.

    Raises:
        OntologyError: the file is not JSON, or holds no ontology.
    """
    reader = NodeReader()
    # Characters first: where one of them is broken, nobody reads on to what lies too deep.
    mended = reader.with_shallow_values(reader.with_whole_characters(data.removeprefix(_BOM)))
    structure = _open(mended, without_secrets(source))
    nodes = {key: reader.decode_list(structure.get(key), f"$.{key}") for key in _LISTS}
    templates = [
        reader.read_template(node.get("template", node), path)
        for path, node in nodes["skeleton_templates"]
        if isinstance(node.get("template", node), dict)
    ]
    hashes = [node.get("featureNodeHash") for _, node in nodes["objects"]]
    skeletons = Skeletons(templates, (value for value in hashes if isinstance(value, str)))
    objects = [reader.read_object(node, path, skeletons) for path, node in nodes["objects"]]
    classifications = [
        reader.read_classification(node, path) for path, node in nodes["classifications"]
    ]
    return Ontology.of(
        (node for node in objects if node is not None),
        (node for node in classifications if node is not None),
        reader.notes,
    )


_LISTS: Final = ("objects", "classifications", "skeleton_templates")


def _open(data: bytes, source: str) -> dict[str, Raw]:
    """The object that holds the lists of nodes, which are not decoded yet."""
    try:
        pieces = msgspec.json.decode(data, type=dict[str, Raw])
        if "editor" in pieces and "objects" not in pieces:
            pieces = msgspec.json.decode(pieces["editor"], type=dict[str, Raw])
    except msgspec.ValidationError:
        raise OntologyError(
            f"{source} is not an ontology but another kind of JSON{_HELP}"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        cause = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise OntologyError(f"{source} cannot be read as JSON ({cause}){_HELP}") from None
    kinds = [bytes(pieces.get(key, b"null")).lstrip()[:1] for key in _LISTS[:2]]
    if b"[" not in kinds or not set(kinds) <= {b"[", b"n"}:
        raise OntologyError(f"{source} is not an ontology: it has no list of `objects`{_HELP}")
    return pieces


_HELP: Final = (
    '; give the ontology\'s own JSON, {"objects": […], "classifications": […]}, as the Encord app '
    "shows it under Display JSON."
)
