"""`dg`, run in this process: it takes seconds to start."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dagster_dg_cli.cli import cli


def run_dg(folder: Path, *arguments: str) -> Result:
    """Run `dg` in a folder.

    Args:
        folder: working directory, in or above a project.
        arguments: of the command line.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
        return CliRunner().invoke(cli, arguments, catch_exceptions=False)
