"""An S3 server on this machine, moto's, which fails in chosen ways."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any, Final

import s3fs
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import S3Backend, s3_backends
from werkzeug.serving import make_server

ACCESS_KEY: Final = "known"
_ACCOUNT: Final = "123456789012"
_CREDENTIAL: Final = re.compile(r"Credential=([^/]+)/")
_ERROR: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
    "<Message>{code} of {path}</Message><RequestId>1</RequestId></Error>"
)
_EMPTY_LIST: Final = (
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><KeyCount>0</KeyCount>'
    "<IsTruncated>false</IsTruncated></ListBucketResult>"
)


@dataclass(frozen=True)
class Request:
    """A request.

    Attributes:
        method: of HTTP.
        path: bucket and key.
        query: as in the URL.
        access_key: whose it is; None without a signature.
    """

    method: str
    path: str
    query: str
    access_key: str | None

    @property
    def is_listing(self) -> bool:
        """Whether it lists objects."""
        return self.method == "GET" and "list-type" in self.query

    @property
    def is_part(self) -> bool:
        """Whether it puts a part of an object."""
        return self.method == "PUT" and "partNumber" in self.query

    @property
    def is_put(self) -> bool:
        """Whether it puts an object."""
        return self.method == "PUT" and not self.query


@dataclass(frozen=True)
class Answer:
    """What is answered instead.

    Attributes:
        status: of HTTP.
        body: XML.
        is_cut: whether the answer of the store is sent, but only the first half of its body.
    """

    status: str
    body: str = ""
    is_cut: bool = False


Fault = Callable[[Request], Answer | None]
"""What is answered instead of what the store says; None lets it speak."""

CUT_SHORT: Final = Answer("", is_cut=True)
EMPTY_LISTING: Final = Answer("200 OK", _EMPTY_LIST)


def failure(status: str, code: str, path: str = "") -> Answer:
    """An error as S3 answers it."""
    return Answer(status, _ERROR.format(code=code, path=path))


SLOW_DOWN: Final = failure("503 Slow Down", "SlowDown")
INTERNAL_ERROR: Final = failure("500 Internal Server Error", "InternalError")


class S3Server:
    """The server; it answers until it is stopped.

    Attributes:
        requests: all requests, in the order of their arrival.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._store = DomainDispatcherApplication(create_backend_app)
        self._fault: Fault | None = None
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_SilentHandler
        )
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[None]:
        """Fail in this way for the block."""
        self._fault = fault
        try:
            yield
        finally:
            self._fault = None

    def objects(self, bucket: str) -> dict[str, bytes]:
        """All objects of a bucket by their keys."""
        found = self._backend.buckets[bucket].keys.items()
        return {name: bytes(key.value) for name, key in found}

    def unfinished_uploads(self, bucket: str) -> list[str]:
        """Keys of the uploads in parts that were neither completed nor aborted."""
        return [upload.key_name for upload in self._backend.buckets[bucket].multiparts.values()]

    def has_bucket(self, bucket: str) -> bool:
        """Whether there is such a bucket."""
        return bucket in self._backend.buckets

    def drop_bucket(self, bucket: str) -> None:
        """Remove a bucket with all it holds, if it is there."""
        if self.has_bucket(bucket):
            for key in self.objects(bucket):
                self._backend.delete_object(bucket, key)
            self._backend.delete_bucket(bucket)

    @property
    def _backend(self) -> S3Backend:
        return s3_backends[_ACCOUNT]["aws"]

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        request = Request(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"],
            environ["QUERY_STRING"],
            credential and credential[1],
        )
        self.requests.append(request)
        answer = self._fault(request) if self._fault else None
        if request.access_key != ACCESS_KEY:
            answer = failure("403 Forbidden", "InvalidAccessKeyId", request.path)
        if answer is None:
            return self._store(environ, start_response)
        if answer.is_cut:
            whole = b"".join(self._store(environ, start_response))
            return [whole[: len(whole) // 2]]
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = b"" if request.method == "HEAD" else answer.body.encode()
        headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        start_response(answer.status, headers)
        return [body]


class _SilentHandler(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""


def every(count: int, answer: Answer, which: Callable[[Request], bool] = lambda _: True) -> Fault:
    """Every so-manieth of some requests fails."""
    number = 0

    def fault(request: Request) -> Answer | None:
        nonlocal number
        number += which(request)
        return answer if which(request) and number % count == 0 else None

    return fault


def first_time(answer: Answer, which: Callable[[Request], bool] = lambda _: True) -> Fault:
    """Each of some requests fails when it is first made."""
    seen: set[Request] = set()

    def fault(request: Request) -> Answer | None:
        if request in seen or not which(request):
            return None
        seen.add(request)
        return answer

    return fault


def always(answer: Answer, which: Callable[[Request], bool]) -> Fault:
    """Some requests fail whenever they are made."""
    return lambda request: answer if which(request) else None


def forget_connections() -> None:
    """Let clients of the store be made anew, with the environment as it is then."""
    s3fs.S3FileSystem.clear_instance_cache()
