"""Arrow schemas of the normalised tables: the one place that names their columns.

Keys are natural: hashes and frame numbers as Encord wrote them. Integer ids exist only in an
export, so tables of different shards never need renumbering. Every field carries a description in
its Arrow metadata (key ``description``); every schema names its table, its key and the version of
the schemas.

Two columns deserve a word. `label_hash` is never null: a label row that has none gets a name made
from its bytes and its place (see `unnamed_label_hash`), which exports leave out again.
`data_hash` is the hash of the file an annotation is drawn on: that of the data unit or, in a data
group, the id of the space (for the space `root`, the group's own data hash).
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import pyarrow as pa

SCHEMA_VERSION: Final = "1"
NORMALISATION_VERSION: Final = "2"
"""Changes whenever the same label rows would become other tables."""

UNNAMED_PREFIX: Final = "unnamed:"

_STRING = pa.string()
_INT = pa.int64()
_INDEX = pa.int32()
_DOUBLE = pa.float64()
_BOOL = pa.bool_()
_TIME = pa.timestamp("us", tz="UTC")


def unnamed_label_hash(row_sha256: str, source_file: str, source_index: int) -> str:
    """Name of a label row whose `label_hash` is missing or null.

    Two rows without a hash are two rows even if their bytes are the same, so that the place of
    the row is part of its name.

    Args:
        row_sha256: hex SHA-256 of the row's bytes.
        source_file: path of its file within the source.
        source_index: its position in that file, from 0.
    """
    name = f"{row_sha256}\n{source_index}\n{source_file}"
    return f"{UNNAMED_PREFIX}{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def _field(name: str, kind: pa.DataType, description: str, *, required: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=not required, metadata={"description": description})


def _table(name: str, description: str, key: Iterable[str], *fields: pa.Field) -> pa.Schema:
    metadata = {
        "table": name,
        "description": description,
        "key": ",".join(key),
        "schema_version": SCHEMA_VERSION,
    }
    return pa.schema(fields, metadata=metadata)


_LABEL_HASH = _field("label_hash", _STRING, "Label row.", required=True)
_DATA_HASH = _field("data_hash", _STRING, "File that is labelled.", required=True)
_SPACE = _field("space", _STRING, "Id of the space in a data group, as written; else null.")
_FRAME = _field(
    "frame", _INT, "Frame, slice, or sequence number in an image group, from 0.", required=True
)
_OBJECT_HASH = _field("object_hash", _STRING, "Object (track) within the row.", required=True)
_FEATURE_HASH = _field("feature_hash", _STRING, "Ontology node.", required=True)

RAW_LABELS: Final = _table(
    "raw_labels",
    "Label rows as received: the snapshot that every later table is computed from.",
    ("label_hash", "source_file", "source_index"),
    _LABEL_HASH,
    _field("source_file", _STRING, "Path of the file within the source.", required=True),
    _field("source_index", _INT, "Position of the row in that file, from 0.", required=True),
    _field("last_edited_at", _TIME, "When the row was last edited."),
    _field("row_sha256", _STRING, "Hex SHA-256 of `json`.", required=True),
    _field("json", pa.binary(), "The row's JSON text, byte for byte.", required=True),
)

LABEL_ROWS: Final = _table(
    "label_rows",
    "One row per label row: whose file, which branch, which state.",
    ("label_hash",),
    _LABEL_HASH,
    _field("row_data_hash", _STRING, "The row's own data hash (not always that of its units)."),
    _field("data_title", _STRING, "Title of the file or group."),
    _field("data_type", _STRING, "Kind of data as written: image, video, dicom, group, …"),
    _field("dataset_hash", _STRING, "Dataset."),
    _field("dataset_title", _STRING, "Title of the dataset."),
    _field("branch_name", _STRING, "Branch; null means main."),
    _field("label_status", _STRING, "Label status as written."),
    _field("annotation_task_status", _STRING, "Workflow status as written."),
    _field("created_at", _TIME, "When the row was created."),
    _field("last_edited_at", _TIME, "When the row was last edited."),
    _field("source_file", _STRING, "Path of the file within the source.", required=True),
    _field("source_index", _INT, "Position of the row in that file, from 0.", required=True),
    _field("row_sha256", _STRING, "Hex SHA-256 of the row's bytes.", required=True),
    _field("frames", _INT, "Number of rows in `frames`.", required=True),
    _field("objects", _INT, "Input objects, exported or not.", required=True),
)

DATA_UNITS: Final = _table(
    "data_units",
    "Files of the label rows: data units, and the spaces of data groups.",
    ("label_hash", "data_hash"),
    _LABEL_HASH,
    _DATA_HASH,
    _SPACE,
    _field("unit_index", _INDEX, "Order among the units of the label row, from 0.", required=True),
    _field(
        "media",
        _STRING,
        "How its pixels are addressed: image, video, dicom, nifti; null where it has none.",
    ),
    _field("data_type", _STRING, "The row's kind of data, or the type of the space, as written."),
    _field("mime_type", _STRING, "MIME type of the file."),
    _field("title", _STRING, "Title of the file."),
    _field("data_sequence", _INT, "Position in an image group."),
    _field("width", _INT, "Pixels."),
    _field("height", _INT, "Pixels."),
    _field("frames_per_second", _DOUBLE, "Frame rate of a video."),
    _field("number_of_frames", _INT, "Frames in the file, where known."),
    _field("link", _STRING, "Link to the file without its query (a signed query is a secret)."),
)

FRAMES: Final = _table(
    "frames",
    "Images of an export: one row per image, labelled video frame, or slice.",
    ("label_hash", "data_hash", "frame"),
    _LABEL_HASH,
    _DATA_HASH,
    _SPACE,
    _FRAME,
    _field("image_index", _INDEX, "Order within the label row, from 0.", required=True),
    _field("width", _INT, "Pixels; null where unknown."),
    _field("height", _INT, "Pixels; null where unknown."),
    _field("title", _STRING, "Title of the image, where the frame has one of its own."),
    _field("member_hash", _STRING, "Data hash of this frame's own file in an image sequence."),
    _field("mime_type", _STRING, "MIME type of the frame's own file in an image sequence."),
    _field("dicom_instance_uid", _STRING, "SOP instance UID of the slice."),
    _field("multiframe_frame_number", _INT, "Frame within a multi-frame DICOM file."),
    _field("file_uri", _STRING, "Link to the slice or image without its query."),
    _field("path", _STRING, "JSON path of its labels within the label row.", required=True),
)

OBJECTS: Final = _table(
    "objects",
    "Tracks: one row per object of a label row that has at least one annotation.",
    ("label_hash", "object_hash"),
    _LABEL_HASH,
    _OBJECT_HASH,
    _FEATURE_HASH,
    _field("shape", _STRING, "Shape on its first frame.", required=True),
    _field("first_data_hash", _STRING, "File of its first annotation.", required=True),
    _field("first_frame", _INT, "Frame of its first annotation.", required=True),
    _field("number_of_frames", _INT, "Frames that it is annotated on.", required=True),
)

ANNOTATIONS: Final = _table(
    "annotations",
    "Geometry as drawn: one object on one frame; only what can be rendered.",
    ("label_hash", "data_hash", "frame", "object_hash"),
    _LABEL_HASH,
    _DATA_HASH,
    _FRAME,
    _OBJECT_HASH,
    _FEATURE_HASH,
    _field("annotation_index", _INDEX, "Position in the frame's list of objects.", required=True),
    _field("shape", _STRING, "Shape as labelled.", required=True),
    _field(
        "coordinates",
        pa.list_(_DOUBLE),
        "Fractions of the frame's width (x, w, rx, r) and height (y, h, ry), origin top left. "
        "bounding_box and rotatable_bounding_box: x, y, w, h (top-left corner; unrotated). "
        "polygon, polyline, point, skeleton: x1, y1, x2, y2, … (polygon: all rings in a row). "
        "circle: x, y, r, stretch (second radius = r·stretch, both by width). "
        "ellipse: x, y, rx, ry. "
        "cuboid_2d: the front face x1, y1, …, then the back face. bitmask: empty.",
        required=True,
    ),
    _field("ring_sizes", pa.list_(_INDEX), "polygon: points of each ring; others: null."),
    _field(
        "polygon_sizes",
        pa.list_(_INDEX),
        "polygon: rings of each polygon, outer ring first, then holes; others: null.",
    ),
    _field("theta", _DOUBLE, "Degrees clockwise on screen about the centre, in pixel space."),
    _field("mask_rle", _STRING, "bitmask: COCO-compressed counts in row-major order."),
    _field("mask_top", _INT, "bitmask: row of the frame at which the grid starts."),
    _field("mask_left", _INT, "bitmask: column of the frame at which the grid starts."),
    _field("mask_width", _INT, "bitmask: columns of the grid."),
    _field("mask_height", _INT, "bitmask: rows of the grid."),
    _field("keypoint_names", pa.list_(_STRING), "skeleton: name of each point."),
    _field(
        "keypoint_visibility",
        pa.list_(pa.int8()),
        "skeleton: 0 invisible, 1 occluded, 2 visible, for each point.",
    ),
    _field("manual_annotation", _BOOL, "Drawn by a person, not by a model.", required=True),
    _field("confidence", _DOUBLE, "Confidence as written."),
    _field("created_at", _TIME, "When it was drawn."),
    _field("created_by", _STRING, "Who drew it; e-mail addresses as a pseudonym."),
    _field("last_edited_at", _TIME, "When it was last edited."),
    _field("last_edited_by", _STRING, "Who edited it; e-mail addresses as a pseudonym."),
)

CLASSIFICATIONS: Final = _table(
    "classifications",
    "Where frame classifications stand.",
    ("label_hash", "data_hash", "classification_hash", "frame_from", "precedence"),
    _LABEL_HASH,
    _DATA_HASH,
    _field("classification_hash", _STRING, "Classification within the row.", required=True),
    _FEATURE_HASH,
    _field("frame_from", _INT, "First frame, inclusive; null: the whole file."),
    _field("frame_to", _INT, "Last frame, inclusive; null: the whole file."),
    _field(
        "precedence",
        _INDEX,
        "Where two of one kind stand on a frame, the one with the higher number holds.",
        required=True,
    ),
)

ANSWERS: Final = _table(
    "answers",
    "Answers in force: one row per radio, text or numeric answer and per chosen checklist option; "
    "one without an option for a nested or archived checklist of which none is chosen.",
    (
        "label_hash",
        "owner",
        "owner_hash",
        "attribute_hash",
        "option_hash",
        "data_hash",
        "frame_from",
    ),
    _LABEL_HASH,
    _field("owner", _STRING, "What is described: `object` or `frame`.", required=True),
    _field("owner_hash", _STRING, "Object hash or classification hash.", required=True),
    _field("attribute_hash", _STRING, "Ontology attribute.", required=True),
    _field(
        "option_hash",
        _STRING,
        "Ontology option chosen (radio, checklist); null if unknown or none.",
    ),
    _field("parent_option_hash", _STRING, "Option below which a nested attribute stands."),
    _field("text", _STRING, "Text answer, or label of the option."),
    _field("number", _DOUBLE, "Numeric answer."),
    _field("value_json", _STRING, "The answer as JSON text (radio, text, numeric)."),
    _field("data_hash", _STRING, "Dynamic answer in a data group: the file its frames count in."),
    _field(
        "frame_from",
        _INT,
        "Dynamic answers: first frame, inclusive. Ranges of one attribute (checklist: of one "
        "option) never overlap. Static answers: null.",
    ),
    _field("frame_to", _INT, "Dynamic answers: last frame, inclusive."),
)

RELATIONS: Final = _table(
    "relations",
    "Relations from one object to another.",
    ("label_hash", "from_object_hash", "attribute_name", "relation_index"),
    _LABEL_HASH,
    _field("from_object_hash", _STRING, "Object that has the relation.", required=True),
    _field("attribute_name", _STRING, "Name of the relation, starting with #.", required=True),
    _field("relation_index", _INDEX, "Order among the targets, from 0.", required=True),
    _field("to_hash", _STRING, "Hash that it points to, as written.", required=True),
    _field("resolved_as", _STRING, "`object`, `feature`, or null where nothing has that hash."),
    _field("data_hash", _STRING, "Dynamic relation in a data group: the file."),
    _field("frame_from", _INT, "Dynamic relations: first frame, inclusive."),
    _field("frame_to", _INT, "Dynamic relations: last frame, inclusive."),
)

ROW_DIGESTS: Final = _table(
    "row_digests",
    "Digest of every label row as received, unreadable ones too, in source order.",
    ("source_file", "source_index"),
    _field("source_file", _STRING, "Path of the file within the source.", required=True),
    _field("source_index", _INT, "Position in that file, from 0.", required=True),
    _field("row_sha256", _STRING, "SHA-256 of the row as received, hex.", required=True),
)
"""What export ids are made from; no asset of its own."""

FINDINGS: Final = _table(
    "findings",
    "Everything that was skipped, rejected or mended, and why.",
    ("label_hash", "data_hash", "frame", "object_hash", "code"),
    _field("code", _STRING, "Stable code of the finding.", required=True),
    _field(
        "outcome",
        _STRING,
        "`skipped` or `rejected`: the object has no annotation; `note`: it has one, or no object "
        "is concerned.",
        required=True,
    ),
    _field("severity", _STRING, "`info`, `warning` or `error`.", required=True),
    _field("label_hash", _STRING, "Label row; null where the finding is about a file."),
    _field("data_hash", _STRING, "File that is labelled."),
    _SPACE,
    _field("frame", _INT, "Frame."),
    _field("object_hash", _STRING, "Object."),
    _field("path", _STRING, "JSON path within the label row, or path of the source file."),
    _field("message", _STRING, "What is wrong and what was done.", required=True),
    _field("raw", _STRING, "Fragment of the input, at most 2 kB, without secrets or e-mails."),
)

CATEGORIES: Final = _table(
    "categories",
    "Objects and classifications of the ontology.",
    ("feature_hash",),
    _FEATURE_HASH,
    _field("kind", _STRING, "`object` or `classification`.", required=True),
    _field("node_index", _INDEX, "Order among its kind, from 0.", required=True),
    _field("name", _STRING, "Name.", required=True),
    _field("shape", _STRING, "Shape of an object."),
    _field("color", _STRING, "#RRGGBB."),
    _field("level", _STRING, "Of a classification: `global`, or null."),
    _field("archived", _BOOL, "Archived in the ontology.", required=True),
    _field("has_template", _BOOL, "A skeleton with a template of its own.", required=True),
)

ATTRIBUTES: Final = _table(
    "attributes",
    "Attributes of objects and classifications, nested ones included.",
    ("attribute_hash",),
    _field("attribute_hash", _STRING, "Ontology attribute.", required=True),
    _FEATURE_HASH,
    _field("parent_option_hash", _STRING, "Option below which it stands; null at the top."),
    _field("attribute_index", _INDEX, "Order below its node, depth first, from 0.", required=True),
    _field("name", _STRING, "Name.", required=True),
    _field("type", _STRING, "radio, checklist, text, numeric, or as written.", required=True),
    _field("dynamic", _BOOL, "Changes from frame to frame.", required=True),
    _field("archived", _BOOL, "Archived in the ontology.", required=True),
    _field("required", _BOOL, "Must be answered.", required=True),
)

OPTIONS: Final = _table(
    "options",
    "Options of radio and checklist attributes.",
    ("attribute_hash", "option_hash"),
    _field("attribute_hash", _STRING, "Ontology attribute.", required=True),
    _field("option_hash", _STRING, "Ontology option.", required=True),
    _field("option_index", _INDEX, "Order within the attribute, from 0.", required=True),
    _field("label", _STRING, "Label.", required=True),
    _field("value", _STRING, "Value in snake case."),
    _field("archived", _BOOL, "Archived in the ontology.", required=True),
)

SKELETON_POINTS: Final = _table(
    "skeleton_points",
    "Points of the skeletons in template order.",
    ("feature_hash", "point_index"),
    _FEATURE_HASH,
    _field("point_index", _INDEX, "Order in the template, from 0.", required=True),
    _field("name", _STRING, "Name.", required=True),
    _field("point_hash", _STRING, "Hash of the point."),
    _field("x", _DOUBLE, "Place in the template."),
    _field("y", _DOUBLE, "Place in the template."),
    _field("color", _STRING, "#RRGGBB."),
)

SKELETON_EDGES: Final = _table(
    "skeleton_edges",
    "Edges of the skeletons.",
    ("feature_hash", "from_index", "to_index"),
    _FEATURE_HASH,
    _field("from_index", _INDEX, "point_index of one end, from 0.", required=True),
    _field("to_index", _INDEX, "point_index of the other end, from 0.", required=True),
    _field("color", _STRING, "#RRGGBB."),
)


def _by_name(*schemas: pa.Schema) -> dict[str, pa.Schema]:
    return {schema.metadata[b"table"].decode(): schema for schema in schemas}


LABEL_TABLES: Final = _by_name(
    LABEL_ROWS,
    DATA_UNITS,
    FRAMES,
    OBJECTS,
    ANNOTATIONS,
    CLASSIFICATIONS,
    ANSWERS,
    RELATIONS,
    FINDINGS,
)
"""Tables that are computed from label rows, by name."""

ONTOLOGY_TABLES: Final = _by_name(CATEGORIES, ATTRIBUTES, OPTIONS, SKELETON_POINTS, SKELETON_EDGES)
"""Tables that are computed from the ontology, by name."""

TABLES: Final = {"raw_labels": RAW_LABELS} | LABEL_TABLES | ONTOLOGY_TABLES
"""Every table, by name."""


def table_key(schema: pa.Schema) -> tuple[str, ...]:
    """Names of the columns that identify a row of the table."""
    return tuple(schema.metadata[b"key"].decode().split(","))


def table_description(schema: pa.Schema) -> str:
    """One sentence that says what the table holds."""
    return str(schema.metadata[b"description"].decode())


def column_description(field: pa.Field) -> str:
    """One sentence that says what the column holds, with its unit."""
    return str(field.metadata[b"description"].decode())
