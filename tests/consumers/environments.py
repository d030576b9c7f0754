"""An environment for each consumer, made from pinned versions."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.consumers.registry import Consumer

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".venv-consumers"

_CUDA = ("cuda-", "nvidia-", "triton")


class InstallError(Exception):
    """A consumer cannot be installed; the message is what pip says."""


def environment_of(consumer: Consumer) -> Path:
    """Folder of a consumer's environment."""
    return ENVIRONMENTS / consumer.name


def python_of(consumer: Consumer) -> Path:
    """Interpreter that has a consumer, which is installed where it is not.

    Raises:
        InstallError: it cannot be installed.
    """
    if consumer.stands_here:
        return Path(sys.executable)
    folder = environment_of(consumer)
    python, complete = folder / "bin" / "python", folder / ".complete"
    if not complete.exists():
        make_environment(folder, ["--requirement", str(consumer.requirements)])
        complete.touch()
    return python


def make_environment(folder: Path, packages: list[str]) -> None:
    """Make an environment with some packages.

    pip takes them from the index that it is configured for. Torch from there brings CUDA, 3 GB of
    it: let `PIP_EXTRA_INDEX_URL` name an index of builds for processors to be spared.

    Raises:
        InstallError: they cannot be installed.
    """
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(folder)
        raise InstallError(_complaint(done.stderr))


def installed(python: Path) -> list[str]:
    """Names and versions of what an environment holds, but for what torch fixes by itself."""
    command = [str(python), "-m", "pip", "list", "--format", "freeze"]
    command += ["--exclude", "pip", "--exclude", "setuptools"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # What follows a plus tells builds of torch apart; those for processors need no CUDA.
    lines = [line.split("+")[0] for line in done.stdout.splitlines()]
    return sorted((line for line in lines if not line.startswith(_CUDA)), key=str.lower)


def megabytes(folder: Path) -> int:
    """Size of all files in a folder."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return round(sum(path.stat().st_size for path in files) / 1e6)


def _complaint(stderr: str) -> str:
    """The first error that pip tells, which names no index."""
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR:")]
    told = [line.removeprefix("ERROR:").strip() for line in errors if "://" not in line]
    return told[0] if told else "pip failed"
