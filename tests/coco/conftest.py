"""Builders that the tests of outlines share."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pytest

from coco_dagster.coco.rings import Rings, offsets_of

Nested: TypeAlias = Sequence[Sequence[Sequence[Any]]]
RingsBuilder: TypeAlias = Callable[[Nested], Rings]


def _rings_of(annotations: Nested) -> Rings:
    polygons = [polygon for annotation in annotations for polygon in annotation]
    rings = [np.asarray(ring, np.float64) for polygon in polygons for ring in polygon]
    sizes = ([len(part) for part in parts] for parts in (rings, polygons, annotations))
    offsets = (offsets_of(np.array(size, np.int64)) for size in sizes)
    return Rings(np.concatenate([np.zeros((0, 2)), *rings]), *offsets)


@pytest.fixture(scope="session")
def rings_of() -> RingsBuilder:
    """Makes `Rings` from annotations, each a list of polygons, each a list of rings."""
    return _rings_of
