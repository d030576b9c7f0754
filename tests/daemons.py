"""Programs that run until they are told to end."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_ENDS_WITHIN = 60.0


@contextmanager
def running(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Leave a program running, and end it with all that it has started.

    Args:
        command: the program and its arguments.
        folder: where it is run.
        environment: its environment variables.
        log: takes what it prints.

    Yields:
        The process.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Where we run in the background, interrupts are ignored, by whom we start too.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=_ENDS_WITHIN)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
