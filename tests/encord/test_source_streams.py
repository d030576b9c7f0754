import errno
import zipfile

import pytest

from coco_dagster.encord.source_streams import source_error, without_secrets
from coco_dagster.errors import SourceError


class ResponseError(Exception):
    """As HTTP clients raise it."""

    status = 403


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FileNotFoundError("secret"), "does not exist"),
        (PermissionError("secret"), "may not be read"),
        (IsADirectoryError("secret"), "is a folder"),
        (zipfile.BadZipFile("secret"), "is damaged or cut short"),
        (NotImplementedError("secret"), "is packed in a way"),
        (ImportError("Install s3fs to access S3"), "is not installed: Install s3fs to access S3"),
        (OSError(errno.EIO, "secret"), "cannot be read: Input/output error"),
        (ResponseError("secret"), "HTTP status 403"),
        (ValueError("secret"), "cannot be read (ValueError)"),
    ],
)
def test_a_failure_is_explained_without_its_own_words(error: Exception, message: str) -> None:
    explained = str(source_error("labels.json", error))
    assert explained.startswith("labels.json ")
    assert message in explained
    assert "secret" not in explained


def test_an_explained_failure_stays_as_it_is() -> None:
    error = SourceError("labels.json is empty.")
    assert source_error("elsewhere", error) is error


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/a@b.json", "s3://bucket/a@b.json"),
        ("https://me:secret@host/a.json?sig=secret#secret", "https://host/a.json"),
        ("s3://key:se/cret@bucket/a.json", "s3://bucket/a.json"),
        (
            "zip://a.json::https://me:secret@host/b.zip?sig=secret",
            "zip://a.json::https://host/b.zip",
        ),
    ],
)
def test_urls_are_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
