"""Shapes in pixels of a picture, turned into the SDK's coordinates (fractions of its size)."""

from collections.abc import Iterable
from typing import Any

from encord.objects.coordinates import (
    BoundingBoxCoordinates,
    CircleCoordinates,
    Cuboid2DIsometricCoordinates,
    Cuboid2DPerspectiveCoordinates,
    EllipseCoordinates,
    PointCoordinate,
    PolygonCoordinates,
    PolylineCoordinates,
    RotatableBoundingBoxCoordinates,
    SkeletonCoordinate,
    SkeletonCoordinates,
    Visibility,
)
from encord.objects.skeleton_template import SkeletonTemplate

Point = tuple[float, float]
Ring = Iterable[Point]


class Ruler:
    """Turns pixels of a picture into fractions with four decimals, as Encord's editor did."""

    def __init__(self, size: tuple[float, float], origin: Point = (0, 0)) -> None:
        """Take the picture's measure.

        Args:
            size: width and height that the pixels belong to.
            origin: pixel at the picture's top left corner; crops have one.
        """
        self._width, self._height = size
        self._origin = origin

    def point(self, place: Point) -> PointCoordinate:
        """A point."""
        x, y = place[0] - self._origin[0], place[1] - self._origin[1]
        return PointCoordinate(x=self._x(x), y=self._y(y))

    def box(self, x: float, y: float, width: float, height: float) -> BoundingBoxCoordinates:
        """A box by its top left corner and its size."""
        corner = self.point((x, y))
        return BoundingBoxCoordinates(
            height=self._y(height),
            width=self._x(width),
            top_left_x=corner.x,
            top_left_y=corner.y,
        )

    def turned_box(
        self, x: float, y: float, width: float, height: float, theta: float
    ) -> RotatableBoundingBoxCoordinates:
        """A box that is turned about its centre by `theta` degrees clockwise."""
        corner = self.point((x, y))
        return RotatableBoundingBoxCoordinates(
            height=self._y(height),
            width=self._x(width),
            top_left_x=corner.x,
            top_left_y=corner.y,
            theta=theta,
        )

    def polygon(self, *polygons: Iterable[Ring]) -> PolygonCoordinates:
        """A polygon of one or several parts; each is an outer ring and its holes."""
        rings = [[[self.point(p) for p in ring] for ring in polygon] for polygon in polygons]
        return PolygonCoordinates(polygons=rings)

    def polyline(self, points: Iterable[Point]) -> PolylineCoordinates:
        """An open line."""
        return PolylineCoordinates(values=[self.point(p) for p in points])

    def circle(self, x: float, y: float, radius: float) -> CircleCoordinates:
        """A circle."""
        centre = self.point((x, y))
        return CircleCoordinates(center_x=centre.x, center_y=centre.y, radius=self._x(radius))

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, theta: float = 0
    ) -> EllipseCoordinates:
        """An ellipse that is turned about its centre by `theta` degrees clockwise."""
        centre = self.point((x, y))
        return EllipseCoordinates(
            center_x=centre.x,
            center_y=centre.y,
            rx=self._x(rx),
            ry=self._y(ry),
            theta=theta,
        )

    def cuboid_to(
        self, front: Iterable[Point], vanishing_point: Point, scale: float
    ) -> Cuboid2DPerspectiveCoordinates:
        """A cuboid whose edges meet in a vanishing point."""
        return Cuboid2DPerspectiveCoordinates(
            front=[self.point(p) for p in front],
            vanishing_point=self.point(vanishing_point),
            scale_ratio=scale,
        )

    def cuboid_by(self, front: Iterable[Point], offset: Point) -> Cuboid2DIsometricCoordinates:
        """A cuboid whose back face is the front face, moved."""
        moved = PointCoordinate(x=self._x(offset[0]), y=self._y(offset[1]))
        return Cuboid2DIsometricCoordinates(front=[self.point(p) for p in front], offset=moved)

    def skeleton(
        self,
        template: SkeletonTemplate,
        places: dict[str, Point],
        hidden: dict[str, Visibility],
    ) -> SkeletonCoordinates:
        """A skeleton with all points of its template; those not in `hidden` are visible."""
        values = []
        for vertex in template.skeleton.values():
            facts: dict[str, Any] = vertex.model_dump(exclude={"x", "y"})
            place = self.point(places[vertex.name])
            visibility = hidden.get(vertex.name, Visibility.VISIBLE)
            values.append(SkeletonCoordinate(x=place.x, y=place.y, visibility=visibility, **facts))
        return SkeletonCoordinates(name=template.name, values=values)

    def _x(self, pixels: float) -> float:
        return round(pixels / self._width, 4)

    def _y(self, pixels: float) -> float:
        return round(pixels / self._height, 4)
