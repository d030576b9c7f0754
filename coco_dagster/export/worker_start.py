"""How a worker process starts: what has to be settled before it imports its libraries."""

import gc
import signal

from coco_dagster.without_pandas import keep_pandas_out


def main() -> None:
    """Entry point of a worker process."""
    # Decoded rows are trees without cycles, through which the collector would walk again and again;
    # even importing libraries takes a fifth longer with it.
    gc.disable()
    # Who is interrupted at the keyboard is its caller, with whom it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_pandas_out()
    from coco_dagster.export.worker import main as work

    work()


if __name__ == "__main__":
    main()
