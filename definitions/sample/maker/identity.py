"""Names turned into hashes, so that every run gives the same ones."""

import base64
import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final

from pydicom.uid import UID, generate_uid

PROJECT_START: Final = datetime(2025, 1, 13, 8, 30, tzinfo=UTC)


def _digest(kind: str, name: str) -> bytes:
    return hashlib.sha256(f"coco_dagster sample / {kind} / {name}".encode()).digest()


def short_hash(kind: str, name: str) -> str:
    """Eight base64 characters, the form of Encord's feature, object and classification hashes."""
    return base64.b64encode(_digest(kind, name)[:6]).decode()


def long_hash(kind: str, name: str) -> str:
    """A UUID, the form of Encord's label, data and dataset hashes."""
    return str(uuid.UUID(bytes=_digest(kind, name)[:16], version=4))


def dicom_uid(name: str) -> UID:
    """A DICOM unique identifier below pydicom's own root."""
    return generate_uid(entropy_srcs=["coco_dagster sample", name])


def moment(day: int, second: int = 0) -> datetime:
    """Time of the given second of a working day of the project, in UTC."""
    return PROJECT_START + timedelta(days=day, seconds=second)
