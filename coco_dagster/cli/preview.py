"""`coco-dagster preview`."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from coco_dagster.cli.failures import one_paragraph_on_failure
from coco_dagster.errors import SettingsError

if TYPE_CHECKING:
    from coco_dagster.report.preview import Preview

FORMATS: Final = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


@click.command()
@click.argument("export", metavar="EXPORT")
@click.option("--annotation", type=int, metavar="ID", help="Draw this annotation on its image.")
@click.option("--image", type=int, metavar="ID", help="Draw this image with all annotations.")
@click.option(
    "--unit",
    metavar="HASH",
    help="Data hash of the data unit, where ids start afresh in each (data_units, archive).",
)
@click.option(
    "--pictures",
    metavar="DIR",
    help="Folder or fsspec URL with the pictures; without it, annotations are drawn on a plain "
    "canvas.",
)
@click.option("-o", "--out", required=True, metavar="FILE", help="A .png, .jpg or .webp file.")
@click.option(
    "--size",
    type=click.IntRange(16, 8192),
    default=1600,
    show_default=True,
    metavar="N",
    help="Longer side in pixels, at most; small images are enlarged up to four times.",
)
def preview(
    export: str,
    annotation: int | None,
    image: int | None,
    unit: str | None,
    pictures: str | None,
    out: str,
    size: int,
) -> None:
    """Draw an image or an annotation of EXPORT, the folder of an export or its fsspec URL.

    \b
    Examples:
      coco-dagster preview coco --image 3 --pictures images -o image.png
      coco-dagster preview coco --annotation 17 -o annotation.png
    """  # noqa: D301
    if (annotation is None) == (image is None):
        raise click.UsageError("Give either --annotation or --image.")
    with one_paragraph_on_failure():
        form = FORMATS.get(Path(out).suffix.lower())
        if form is None:
            raise SettingsError(
                f"{out} has none of the suffixes {', '.join(FORMATS)}; give it one."
            )
        from coco_dagster.report.preview import preview_annotation, preview_image
        from coco_dagster.report.published_export import PublishedExport

        published = PublishedExport(export)
        drawn = (
            preview_image(published, image, unit, pictures, size)
            if image is not None
            else preview_annotation(published, annotation or 0, unit, pictures, size)
        )
        drawn.picture.save(out, form)
        click.echo(_told(drawn, out))


def _told(drawn: "Preview", out: str) -> str:
    image = drawn.image
    title = image.image_title or image.file_name
    count = f"{drawn.annotations} annotation{'' if drawn.annotations == 1 else 's'}"
    note = f" (on a plain canvas: {drawn.without_picture})" if drawn.without_picture else ""
    return f"{out}: {title}, {count}{note}"
