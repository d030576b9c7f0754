"""Two folders that take each other's place in one step, where the system can do that."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_CANNOT: Final = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_HERE: Final = -100
_EXCHANGE: Final = 2


def exchange(one: Path, other: Path) -> bool:
    """Let two folders take each other's place: at no moment is one of the places empty.

    Returns:
        Whether that is done; False where the system or the file system cannot.

    Raises:
        OSError: it can, but not with these.
    """
    system_call = _system_call()
    if system_call is None:
        return False
    code = system_call(os.fsencode(one), os.fsencode(other))
    if code == 0:
        return True
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


def _system_call() -> Callable[[bytes, bytes], int] | None:
    """`renameat2` of Linux or `renamex_np` of macOS, returning an error number."""
    if sys.platform not in ("linux", "darwin"):
        return None
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    name = "renameat2" if sys.platform == "linux" else "renamex_np"
    function: Any = getattr(library, name, None)
    if function is None:
        return None

    def call(one: bytes, other: bytes) -> int:
        paths = (_HERE, one, _HERE, other) if sys.platform == "linux" else (one, other)
        return ctypes.get_errno() if function(*paths, _EXCHANGE) else 0

    return call
