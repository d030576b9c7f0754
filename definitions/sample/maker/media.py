"""What label rows are about, and the rows before anything is drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final, cast

from encord.client import EncordClientProject
from encord.objects import LabelRowV2, OntologyStructure
from encord.ontology import Ontology
from encord.orm.label_row import AnnotationTaskStatus, LabelRowMetadata, LabelStatus

from definitions.sample.maker.identity import long_hash, moment

SECONDS_PER_ROW: Final = 5 * 3600
"""Time from a row's first label to its last edit."""


@dataclass(frozen=True)
class File:
    """A file that is labelled.

    Attributes:
        title: its name.
        data_hash: its hash.
        size: width and height in pixels.
        mime_type: MIME type.
    """

    title: str
    data_hash: str
    size: tuple[int, int]
    mime_type: str = "image/jpeg"


@dataclass(frozen=True)
class Media:
    """What one label row is about.

    Attributes:
        title: title of the row.
        data_type: kind of data, as Encord names it.
        dataset: title of the dataset.
        day: working day on which it was labelled.
        files: its files, in order; a data group has none of its own.
        number_of_frames: frames of a video, slices of a series, images of a group.
        frames_per_second: of a video.
        spaces: images of a data group, by layout key.
    """

    title: str
    data_type: str
    dataset: str
    day: int
    files: Sequence[File] = ()
    number_of_frames: int = 1
    frames_per_second: float | None = None
    spaces: Mapping[str, File] = field(default_factory=dict)

    @property
    def data_hash(self) -> str:
        """Hash of the only file, or of the group."""
        return self.files[0].data_hash if len(self.files) == 1 else long_hash("data", self.title)

    @property
    def duration(self) -> float | None:
        """Seconds, of a video."""
        return self.number_of_frames / self.frames_per_second if self.frames_per_second else None


def empty_row(structure: OntologyStructure, media: Media) -> LabelRowV2:
    """A row of the SDK without labels, as if it had come from the platform."""
    facts: dict[str, Any] = {
        "label_hash": long_hash("label row", media.title),
        "branch_name": "main",
        "data_hash": media.data_hash,
        "dataset_hash": long_hash("dataset", media.dataset),
        "dataset_title": media.dataset,
        "data_title": media.title,
        "is_shadow_data": False,
        "spaces": {file.data_hash: _space_info(key, file) for key, file in media.spaces.items()},
    }
    created, edited = moment(media.day), moment(media.day, SECONDS_PER_ROW)
    ontology = cast(Ontology, SimpleNamespace(structure=structure))
    no_client = cast(EncordClientProject, None)
    row = LabelRowV2(_metadata(facts, media, created, edited), no_client, ontology)
    row.from_labels_dict(
        facts
        | {
            "created_at": created.strftime("%Y-%m-%d %H:%M:%S"),
            "last_edited_at": edited.strftime("%Y-%m-%d %H:%M:%S"),
            "data_type": media.data_type,
            "annotation_task_status": "COMPLETED",
            "label_status": "REVIEWED",
            "object_answers": {},
            "classification_answers": {},
            "object_actions": {},
            "data_units": _units(media),
        }
    )
    return row


def _metadata(
    facts: dict[str, Any], media: Media, created: datetime, edited: datetime
) -> LabelRowMetadata:
    width, height = media.files[0].size if media.files else (None, None)
    return LabelRowMetadata(
        **facts,
        created_at=created,
        last_edited_at=edited,
        data_type=media.data_type.upper(),
        data_link=None,
        label_status=LabelStatus.REVIEWED,
        annotation_task_status=AnnotationTaskStatus.COMPLETED,
        workflow_graph_node=None,
        frames_per_second=media.frames_per_second,
        number_of_frames=media.number_of_frames,
        duration=media.duration,
        width=width,
        height=height,
        audio_sample_rate=None,
        audio_codec=None,
        audio_bit_depth=None,
        audio_num_channels=None,
    )


def _space_info(key: str, file: File) -> dict[str, Any]:
    width, height = file.size
    return {
        "space_type": "image",
        "child_info": {"layout_key": key, "file_name": file.title},
        "width": width,
        "height": height,
        "labels": {},
    }


def _units(media: Media) -> dict[str, dict[str, Any]]:
    if not media.files:
        group = {"data_hash": media.data_hash, "data_title": "", "data_type": "group"}
        return {media.data_hash: group | {"data_sequence": 0, "labels": {}}}
    is_group = media.data_type == "img_group"
    units: dict[str, dict[str, Any]] = {
        file.data_hash: {
            "data_hash": file.data_hash,
            "data_title": file.title,
            "data_link": f"sample-media/{file.data_hash}",
            "data_type": file.mime_type,
            "data_sequence": str(index) if is_group else 0,
            "width": file.size[0],
            "height": file.size[1],
            "labels": {},
        }
        for index, file in enumerate(media.files)
    }
    for unit in units.values():
        if media.frames_per_second:
            unit |= {"data_fps": media.frames_per_second, "data_duration": media.duration}
        if media.data_type == "dicom":
            unit["metadata"] = {"patient_id": "", "study_uid": "", "series_uid": ""}
    return units
