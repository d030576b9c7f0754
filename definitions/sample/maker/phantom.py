"""A synthetic chest CT: six slices of a phantom, written as DICOM files."""

import math
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from definitions.sample.maker.canvas import Point
from definitions.sample.maker.identity import dicom_uid

SIZE: Final = 128
SLICES: Final = 6
PIXEL_MM: Final = 2.7
SLICE_MM: Final = 5.0
STUDY_UID: Final = dicom_uid("study")
SERIES_UID: Final = dicom_uid("series")
PATIENT: Final = "PHANTOM-01"

NODULE_CENTRE: Final[Point] = (36.0, 57.0)
NODULE_RADIUS_MM: Final = 11.0
NODULE_DEPTH_MM: Final = 12.0
VERTEBRA: Final = ((64.0, 92.0), 9.5, 10.5)
"""Centre and radii of the bone around the spinal canal."""
CANAL: Final = ((64.0, 96.5), 3.6, 3.4)
SUPERSAMPLING: Final = 4

Mask = npt.NDArray[np.bool_]


def instance_uid(index: int) -> str:
    """SOP instance UID of a slice."""
    return str(dicom_uid(f"slice {index}"))


def nodule_radius(index: int) -> float:
    """Radius of the nodule where the slice cuts it, in pixels; 0 where it does not."""
    distance = index * SLICE_MM - NODULE_DEPTH_MM
    return math.sqrt(max(0.0, NODULE_RADIUS_MM**2 - distance**2)) / PIXEL_MM


def lung_mask(index: int, side: str) -> Mask:
    """Pixels of one lung, without the nodule.

    Args:
        index: slice.
        side: `right` or `left`, the patient's; the right lung is on the left of the picture.
    """
    fine = _lung(index, side) & ~_nodule(index)
    return np.asarray(_mean(fine.astype(np.float64)) >= 0.5)


def write_slice(path: Path, index: int) -> None:
    """Write one slice as a DICOM file with 12 bits in 16."""
    values = _hounsfield(index) + np.random.default_rng(index).normal(0, 18, (SIZE, SIZE))
    stored = (values + 1024).round().clip(0, 4095).astype("<u2")
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = dicom_uid(f"slice {index}")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.update(_header(index))
    dataset.PixelData = stored.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


def _header(index: int) -> Dataset:
    header = Dataset()
    facts = {
        "SOPClassUID": CTImageStorage,
        "SOPInstanceUID": instance_uid(index),
        "StudyInstanceUID": STUDY_UID,
        "SeriesInstanceUID": SERIES_UID,
        "FrameOfReferenceUID": dicom_uid("frame of reference"),
        "PatientID": PATIENT,
        "PatientName": "Phantom^Chest",
        "PatientBirthDate": "",
        "PatientSex": "O",
        "StudyDate": "20250114",
        "StudyTime": "101500",
        "StudyID": "1",
        "SeriesNumber": 2,
        "SeriesDescription": "Synthetic chest, axial",
        "InstanceNumber": index + 1,
        "Modality": "CT",
        "Manufacturer": "coco_dagster sample",
        "ImageType": ["DERIVED", "SECONDARY", "AXIAL"],
        "ImagePositionPatient": [0, 0, index * SLICE_MM],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [PIXEL_MM, PIXEL_MM],
        "SliceThickness": SLICE_MM,
        "SliceLocation": index * SLICE_MM,
        "Rows": SIZE,
        "Columns": SIZE,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "RescaleIntercept": -1024,
        "RescaleSlope": 1,
        "RescaleType": "HU",
        "WindowCenter": -250,
        "WindowWidth": 1700,
    }
    for keyword, value in facts.items():
        setattr(header, keyword, value)
    return header


def _hounsfield(index: int) -> npt.NDArray[np.float64]:
    values = np.full((SIZE * SUPERSAMPLING,) * 2, -1000.0)
    values[_ellipse((64, 66), 57, 43)] = -90
    values[_ellipse((64, 66), 53.5, 39.5)] = 45
    values[_ribs(index)] = 420
    for side in ("right", "left"):
        values[_lung(index, side)] = -820
    values[_vessels(index) & (_lung(index, "right") | _lung(index, "left"))] = 20
    heart = _ellipse((69, 55), 14 + 1.2 * index, 12 + 0.9 * index, -25)
    values[heart] = 55
    values[_nodule(index)] = 60
    values[_ellipse(*VERTEBRA)] = 620
    values[_ellipse((64, 91.0), 7.2, 6.2) & ~_ellipse((CANAL[0]), 4.6, 4.4)] = 290
    values[_ellipse(*CANAL)] = 25
    return _mean(values)


def _lung(index: int, side: str) -> Mask:
    sign = -1 if side == "right" else 1
    lung = _ellipse((64 + sign * 27.5, 64), 19.5 + 0.4 * index, 28 - 0.5 * index, -sign * 8)
    heart = _ellipse((69, 55), 15.5 + 1.2 * index, 13.5 + 0.9 * index, -25)
    spine = _ellipse((64, 92), 12, 13)
    return lung & ~heart & ~spine


def _nodule(index: int) -> Mask:
    radius = nodule_radius(index)
    return _ellipse(NODULE_CENTRE, radius, radius) if radius else np.zeros_like(_grid()[0], bool)


def _ribs(index: int) -> Mask:
    ribs = np.zeros((SIZE * SUPERSAMPLING,) * 2, dtype=bool)
    for step in range(10):
        angle = math.radians(step * 36 + 14 + 3 * index)
        centre = (64 + 50 * math.cos(angle), 66 + 36.2 * math.sin(angle))
        ribs |= _ellipse(centre, 4.6, 1.9, math.degrees(angle) + 90)
    return ribs


def _vessels(index: int) -> Mask:
    rng = np.random.default_rng(40)
    vessels = np.zeros((SIZE * SUPERSAMPLING,) * 2, dtype=bool)
    for x, y, radius in rng.uniform((16, 42, 0.5), (112, 88, 1.3), (46, 3)):
        if math.dist((x, y), NODULE_CENTRE) > 8:
            vessels |= _ellipse((x + 0.5 * index, y - 0.4 * index), radius, radius)
    return vessels


def _grid() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    places = (np.arange(SIZE * SUPERSAMPLING) + 0.5) / SUPERSAMPLING
    x, y = np.meshgrid(places, places)
    return x, y


def _ellipse(centre: Point, rx: float, ry: float, degrees: float = 0) -> Mask:
    x, y = _grid()
    turn = math.radians(degrees)
    along = (x - centre[0]) * math.cos(turn) + (y - centre[1]) * math.sin(turn)
    across = (y - centre[1]) * math.cos(turn) - (x - centre[0]) * math.sin(turn)
    return np.asarray((along / rx) ** 2 + (across / ry) ** 2 <= 1)


def _mean(fine: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    blocks = fine.reshape(SIZE, SUPERSAMPLING, SIZE, SUPERSAMPLING)
    return np.asarray(blocks.mean(axis=(1, 3)))
