"""The errors that a caller of coco_dagster can meet, and what they say of a system's own.

Every message is one sentence that says what is wrong, where, and what to do about it; none of
them carries a signed URL, a secret or a user's e-mail address. Malformed *labels* are never
errors: they become rows of the `findings` table.
"""

import errno
import os
from typing import Final

_AGAIN: Final = "run again when it works"
_REMEDIES: Final = {
    errno.ENOSPC: "free some there, or choose another place",
    errno.EDQUOT: "free some there, or choose another place",
    errno.EFBIG: "raise the limit, or choose another place",
    errno.EROFS: "choose another place",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path",
    errno.EACCES: "check the permissions",
    errno.EPERM: "check the permissions",
    errno.EMFILE: "raise the limit of open files",
}
_DENIED: Final = "access is denied{}; check the credentials and the permissions"
_ABSENT: Final = "it does not exist{}; check the address"
_UNREACHABLE: Final = "it cannot be reached{}; check the address and the network, and run again"
_UNKNOWN_USER: Final = "there are no credentials for it{}; give some"

_NAMED_CAUSES: Final = {
    "NoCredentialsError": _UNKNOWN_USER,
    "PartialCredentialsError": _UNKNOWN_USER,
    "DefaultCredentialsError": _UNKNOWN_USER,
    "TokenRetrievalError": _UNKNOWN_USER,
    "ClientAuthenticationError": _DENIED,
    "EndpointConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "ClientConnectionError": _UNREACHABLE,
    "ClientPayloadError": _UNREACHABLE,
    "FileExpired": "it changed while it was read{}; start again when it is complete",
}
"""What classes of errors mean that clients of storage raise, which are not imported here."""


class CocoDagsterError(Exception):
    """Base of all errors that coco_dagster raises on purpose."""


class SourceError(CocoDagsterError):
    """A source of label rows cannot be read: missing, not JSON, truncated, or of a wrong type."""


class OntologyError(CocoDagsterError):
    """A file that was given as the ontology is not one."""


class SettingsError(CocoDagsterError):
    """A setting has a value that cannot be used."""


class StorageError(CocoDagsterError):
    """Tables or exports cannot be read from or written to their storage."""


class ExportError(CocoDagsterError):
    """An export would break a promise of its contract and is therefore not published."""


class WorkerError(CocoDagsterError):
    """A worker process ended before it had finished its part."""


def cause_of(error: BaseException) -> str:
    """Why a system or a storage refused something, and what to do, as clauses for a message.

    Nothing of the error's own text is quoted: it may hold a URL with its secrets.

    Args:
        error: what the system, or the client of a storage, raised.
    """
    code = _code_of(error)
    told = f" ({code})" if code else ""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    named = next((_NAMED_CAUSES[kind] for kind in kinds if kind in _NAMED_CAUSES), None)
    if named is not None:
        return named.format(told)
    if isinstance(error, OSError) and error.errno and not code:
        return f"{os.strerror(error.errno)}; {_REMEDIES.get(error.errno, _AGAIN)}"
    if isinstance(error, FileNotFoundError):
        return _ABSENT.format(told)
    if isinstance(error, PermissionError):
        return _DENIED.format(told)
    if isinstance(error, TimeoutError | ConnectionError):
        return _UNREACHABLE.format(told)
    return f"its storage answers {code or type(error).__name__}; {_AGAIN}"


def _code_of(error: BaseException) -> str | None:
    """Code of an answer of S3, such as `SlowDown`."""
    response = getattr(error.__cause__ or error, "response", None)
    if not isinstance(response, dict):
        return None
    code = str(response.get("Error", {}).get("Code", ""))
    return code if code.isascii() and code.isalnum() else None
