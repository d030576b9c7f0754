"""Two small COCO files that every consumer reads: what the one-defect cases start from."""

from typing import Any

Json = dict[str, Any]

SIZES = ((96, 64), (80, 80), (64, 96))
"""Width and height of the images."""

_OUTLINES = (
    (1, 1, [[8.0, 8.0, 40.0, 14.0, 34.0, 36.0, 14.0, 36.0, 8.0, 24.0]]),
    (1, 1, [[50.0, 10.0, 90.0, 12.0, 70.0, 50.0]]),
    (1, 2, [[10.0, 42.0, 30.0, 42.0, 30.0, 60.0, 10.0, 60.0]]),
    (2, 2, [[20.0, 20.0, 60.0, 20.0, 60.0, 60.0, 20.0, 60.0]]),
    (2, 3, [[4.0, 4.0, 16.0, 4.0, 16.0, 16.0, 4.0, 16.0], [64.0, 4.0, 76.0, 4.0, 76.0, 16.0]]),
    (3, 3, [[6.0, 10.0, 56.0, 14.0, 50.0, 80.0, 12.0, 70.0]]),
)
"""Image, category and rings of the annotations."""

_POSES = (
    (1, [12.0, 10.0, 2, 30.0, 14.0, 2, 36.0, 40.0, 1]),
    (2, [20.0, 24.0, 2, 40.0, 30.0, 2, 60.0, 56.0, 2]),
    (3, [10.0, 20.0, 2, 0.0, 0.0, 0, 50.0, 80.0, 2]),
)
"""Image and keypoints of the annotations."""


def instances() -> Json:
    """Polygons of three categories on three images."""
    categories = [(1, "cat", "animal"), (2, "dog", "animal"), (3, "van", "vehicle")]
    return _file(
        [{"id": n, "name": name, "supercategory": above} for n, name, above in categories],
        [
            {"id": n, "image_id": image, "category_id": category}
            | {"bbox": _bounds(rings), "area": sum(map(_area, rings)), "iscrowd": 0}
            | {"segmentation": [list(ring) for ring in rings]}
            for n, (image, category, rings) in enumerate(_OUTLINES, 1)
        ],
    )


def poses() -> Json:
    """Skeletons of three points of one category."""
    category = {"id": 1, "name": "person", "supercategory": "skeleton"}
    points = {"keypoints": ["head", "hip", "foot"], "skeleton": [[1, 2], [2, 3]]}
    annotations = []
    for n, (image, numbers) in enumerate(_POSES, 1):
        seen = [place for place in range(3) if numbers[3 * place + 2]]
        bounds = _bounds([[n for place in seen for n in numbers[3 * place : 3 * place + 2]]])
        x, y, w, h = bounds
        annotations.append(
            {"id": n, "image_id": image, "category_id": 1, "bbox": bounds, "area": w * h}
            | {"iscrowd": 0, "segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]]}
            | {"keypoints": list(numbers), "num_keypoints": len(seen)}
        )
    return _file([category | points], annotations)


def _file(categories: list[Json], annotations: list[Json]) -> Json:
    images = [
        {"id": n, "width": width, "height": height, "file_name": f"picture_{n}.jpg"}
        for n, (width, height) in enumerate(SIZES, 1)
    ]
    return {
        "info": {"description": "", "year": 2024, "version": "1", "contributor": "", "url": ""},
        "licenses": [],
        "categories": categories,
        "images": images,
        "annotations": [entry | {"attributes": {}} for entry in annotations],
    }


def _bounds(rings: list[list[float]]) -> list[float]:
    xs = [x for ring in rings for x in ring[0::2]]
    ys = [y for ring in rings for y in ring[1::2]]
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def _area(ring: list[float]) -> float:
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    pairs = zip(points, points[1:] + points[:1], strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in pairs)) / 2
