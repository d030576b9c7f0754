"""Parses a file with a JSON library and prints the seconds that the call took.

`python -m benchmarks.parse {json,orjson} FILE`; reading the file is not part of the time.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

PARSERS: dict[str, Callable[[bytes], Any]] = {"json": json.loads, "orjson": orjson.loads}


def main(library: str, path: str) -> None:
    """Prints `{"seconds": {"loads": …}}`."""
    content = Path(path).read_bytes()
    started = time.perf_counter()
    PARSERS[library](content)
    print(json.dumps({"seconds": {"loads": time.perf_counter() - started}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
