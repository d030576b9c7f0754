"""What `dg` and `workspace.yaml` load."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Every component below `definitions/defs`."""
    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
