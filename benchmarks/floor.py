"""The least that any exporter of this input and this output must do.

`python -m benchmarks.floor LABELS OUT BYTES` splits the array of label rows into raw rows and
writes BYTES bytes; it prints the seconds of both.
"""

import json
import sys
import time
from pathlib import Path

import msgspec

BLOCK = bytes(1 << 20)


def main(labels: str, out: str, size: str) -> None:
    """Prints `{"seconds": {"split": …, "write": …}}`."""
    started = time.perf_counter()
    msgspec.json.decode(Path(labels).read_bytes(), type=list[msgspec.Raw])
    split = time.perf_counter()
    with Path(out).open("wb") as file:
        for start in range(0, int(size), len(BLOCK)):
            file.write(BLOCK[: int(size) - start])
    seconds = {"split": split - started, "write": time.perf_counter() - split}
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
