"""One-defect cases for every consumer."""

from tests.consumers.defects import geometry, structure
from tests.consumers.defects.registry import DEFECTS, Defect

__all__ = ["DEFECTS", "Defect", "geometry", "structure"]
