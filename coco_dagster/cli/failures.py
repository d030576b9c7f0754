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
def one_paragraph_on_failure() -> Iterator[None]:
    """Failures as one paragraph on standard error and exit code 1, without a traceback."""
    try:
        yield
    except CocoDagsterError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        click.echo("Interrupted; nothing was published.", err=True)
        sys.exit(_INTERRUPTED)
    except MemoryError:
        _fail("There is not enough memory; use fewer workers, and run again.")
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        _fail(f"The system refused: {error.strerror or error}{place}; nothing was published.")
    except Exception as error:
        if os.environ.get("COCO_DAGSTER_TRACEBACK"):
            raise
        _fail(
            f"coco-dagster met a case that it does not know ({type(error).__name__}: {error}); "
            "nothing was published. Please report it; with COCO_DAGSTER_TRACEBACK=1 the whole "
            "traceback is shown."
        )


def _fail(message: str) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(1)
