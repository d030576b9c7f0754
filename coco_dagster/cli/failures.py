"""How commands fail."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from coco_dagster.errors import CocoDagsterError

_INTERRUPTED: Final = 130


@contextmanager
def one_paragraph_on_failure(
    exit_code: int = 1, outcome: str = "nothing was published"
) -> Iterator[None]:
    """Failures as one paragraph on standard error and an exit code, without a traceback.

    Args:
        exit_code: the exit code.
        outcome: what a failure means, as a clause.
    """

    def fail(message: str) -> None:
        click.echo(f"Error: {message}", err=True)
        sys.exit(exit_code)

    try:
        yield
    except CocoDagsterError as error:
        fail(str(error))
    except KeyboardInterrupt:
        click.echo(f"Interrupted; {outcome}.", err=True)
        sys.exit(_INTERRUPTED)
    except MemoryError:
        fail("There is not enough memory; use fewer workers, and run again.")
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        fail(f"The system refused: {error.strerror or error}{place}; {outcome}.")
    except Exception as error:
        if os.environ.get("COCO_DAGSTER_TRACEBACK"):
            raise
        fail(
            f"coco-dagster met a case that it does not know ({type(error).__name__}: {error}); "
            f"{outcome}. Please report it; with COCO_DAGSTER_TRACEBACK=1 the whole traceback is "
            "shown."
        )
