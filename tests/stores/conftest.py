"""One S3 server for all tests; a bucket of its own for each."""

import uuid
from collections.abc import Iterator

import pytest

from tests.stores.s3_server import ACCESS_KEY, S3Server, forget_connections


@pytest.fixture(scope="session")
def running_server() -> Iterator[S3Server]:
    server = S3Server()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", "nowhere")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "nowhere")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_ENDPOINT_URL", server.url)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        # Between attempts, clients wait for up to half a minute.
        patch.setattr("botocore.retryhandler.delay_exponential", lambda *_, **__: 0)
        yield server
        forget_connections()
    server.stop()


@pytest.fixture
def server(running_server: S3Server) -> S3Server:
    running_server.requests.clear()
    return running_server


@pytest.fixture
def bucket(server: S3Server) -> Iterator[str]:
    """The name of an empty bucket."""
    import s3fs

    name = f"bucket-{uuid.uuid4().hex[:12]}"
    s3fs.S3FileSystem().mkdir(name)
    server.requests.clear()
    yield name
    server.drop_bucket(name)
