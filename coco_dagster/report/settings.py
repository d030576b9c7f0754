"""Settings of reports."""

from typing import Annotated

from msgspec import Meta, Struct


class ReportSettings(Struct, frozen=True, kw_only=True):
    """What is shown of an export. Nothing of it changes the export.

    Attributes:
        pictures: folder or fsspec URL with the pictures of the images; None: annotations are drawn
            on a plain canvas of the image's size.
        images: images that the gallery shows at most; a larger export is sampled.
        html: whether `report.html` is written beside the export.
        contact_sheet: whether annotated images are drawn for the asset page.
    """

    pictures: str | None = None
    images: Annotated[int, Meta(ge=1, le=1000)] = 200
    html: bool = True
    contact_sheet: bool = True
