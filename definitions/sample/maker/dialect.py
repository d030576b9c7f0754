"""What the SDK's object model leaves out of a row, put in as the platform writes it."""

from collections.abc import Mapping
from typing import Any

from encord.objects.classification_expansion import (
    expand_classification_answers_into_frame_labels,
)

from definitions.sample.maker import phantom
from definitions.sample.maker.rows import LabelRow


def add_slice_metadata(row: LabelRow) -> None:
    """Make a DICOM row of one series what the platform exports.

    `to_encord_dict()` knows neither the series' metadata nor the slices: it lists the slices that
    carry an object and no others. The platform lists every slice with its SOP instance UID, file
    and size, has the files in `data_links`, and repeats frame classifications on their slices.
    """
    expand_classification_answers_into_frame_labels(row)
    (unit,) = row["data_units"].values()
    unit.pop("data_fps", None)
    unit.pop("data_link", None)
    unit["metadata"] = {
        "patient_id": phantom.PATIENT,
        "study_uid": str(phantom.STUDY_UID),
        "series_uid": str(phantom.SERIES_UID),
    }
    labels: dict[str, Any] = {}
    for index in range(phantom.SLICES):
        uid = phantom.instance_uid(index)
        blob = unit["labels"].get(str(index), {"objects": [], "classifications": []})
        labels[str(index)] = blob | {
            "metadata": {
                "dicom_instance_uid": uid,
                "multiframe_frame_number": None,
                "file_uri": f"sample-media/{unit['data_hash']}/{uid}",
                "width": phantom.SIZE,
                "height": phantom.SIZE,
            }
        }
    unit["labels"] = labels
    unit["data_links"] = [blob["metadata"]["file_uri"] for blob in labels.values()]


def add_children(row: LabelRow, titles: Mapping[str, str]) -> None:
    """Name the files of a data group: `to_encord_dict()` drops their titles.

    Args:
        row: the row of the group.
        titles: file name of each space by layout key, in the order of the spaces.
    """
    for space, (key, title) in zip(row["spaces"].values(), titles.items(), strict=True):
        space["child_info"] = {"layout_key": key, "file_name": title}


def break_polygon(row: LabelRow, object_hash: str) -> None:
    """Leave two points of a polygon, as a double click in the editor did now and then."""
    (unit,) = row["data_units"].values()
    (entry,) = [e for e in unit["labels"]["objects"] if e["objectHash"] == object_hash]
    entry["polygon"] = {key: entry["polygon"][key] for key in ("0", "1")}
    entry["polygons"] = [[[c for p in entry["polygon"].values() for c in (p["x"], p["y"])]]]
