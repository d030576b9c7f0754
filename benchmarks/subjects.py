"""What is compared: the commands, each to be run in a fresh process."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks.datasets import Dataset

HERE = Path(__file__).parent
ENCORD_ENVIRONMENT = HERE / ".venv-encord"
ENCORD_REQUIREMENT = "encord[coco]==0.1.211"
FLOOR = "floor: split and write"
SDK_EXPORTER = "Encord SDK CocoExporter"
PEERS = {
    "datumaro": "datumaro",
    "datumaro-streaming": "datumaro",
    "labelformat": "labelformat",
    "globox": "globox",
    "sahi": "sahi",
}
"""Names of round trips, and the environment of each."""
COCO_DAGSTER = Path(sys.executable).with_name("coco-dagster")


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A command that is measured.

    Attributes:
        name: as shown.
        command: program and arguments. It prints one JSON object; the numbers below its key
            `seconds`, where it has one, are its steps.
        repeats: how often it is run for its times.
    """

    name: str
    command: list[str]
    repeats: int


def parser(library: str, dataset: Dataset, repeats: int) -> Subject:
    """`json.loads` or `orjson.loads` of the label rows."""
    command = [sys.executable, "-m", "benchmarks.parse", library, str(dataset.labels)]
    return Subject(name=f"{library}.loads", command=command, repeats=repeats)


def floor(dataset: Dataset, out: Path, repeats: int) -> Subject:
    """Reading the label rows once and writing as many bytes as the export has, once.

    Args:
        dataset: what is exported.
        out: folder of `exporter`, after that was measured.
        repeats: how often it is run for its times.
    """
    size = sum(path.stat().st_size for path in (out / "coco_dagster").iterdir())
    command = [sys.executable, "-m", "benchmarks.floor", str(dataset.labels)]
    command += [str(out / "floor"), str(size)]
    return Subject(name=FLOOR, command=command, repeats=repeats)


def exporter(dataset: Dataset, out: Path, repeats: int, workers: int | None = None) -> Subject:
    """The whole of `coco-dagster export`, with the start of the interpreter and all files.

    Args:
        dataset: what is exported.
        out: folder to write into.
        repeats: how often it is run for its times.
        workers: worker processes; None leaves the choice to the command.
    """
    command = [str(COCO_DAGSTER), "export", str(dataset.labels), "--json"]
    command += ["--ontology", str(dataset.ontology), "--out", str(out / "coco_dagster")]
    if workers is None:
        return Subject(name="coco-dagster export", command=command, repeats=repeats)
    command += ["--workers", str(workers)]
    return Subject(name=f"coco-dagster export, {workers=}", command=command, repeats=repeats)


def interpreter_start(repeats: int) -> Subject:
    """What `coco-dagster` costs before it does anything."""
    command = [str(COCO_DAGSTER), "--help"]
    return Subject(name="coco-dagster --help", command=command, repeats=repeats)


def sdk_exporter(dataset: Dataset, out: Path, python: Path) -> Subject:
    """Encord's own exporter, run once: it is slow.

    Args:
        dataset: what is exported.
        out: folder to write into.
        python: interpreter of an environment that has `encord[coco]`.
    """
    script = str(HERE / "sdk_export.py")
    command = [str(python), "-P", script, str(dataset.labels), str(dataset.ontology)]
    command.append(str(out / "sdk.json"))
    return Subject(name=SDK_EXPORTER, command=command, repeats=1)


def trainable(dataset: Dataset, folder: Path, repeats: int) -> Subject:
    """Label rows to the tree of COCO files that every peer can read: outlines, and no run lengths.

    Args:
        dataset: what is exported.
        folder: folder to write into, which the round trips read.
        repeats: how often it is run for its times.
    """
    command = [str(COCO_DAGSTER), "export", str(dataset.labels), "--json", "--profile", "training"]
    command += ["--layout", "coco", "--split", "train=1.0", "--holes", "keyhole"]
    command += ["--bitmasks", "outline", "--ontology", str(dataset.ontology), "--out", str(folder)]
    return Subject(name="coco-dagster export, training", command=command, repeats=repeats)


def round_trip(peer: str, folder: Path, out: Path, repeats: int) -> Subject:
    """COCO in and COCO out by a peer, whose environment `make consumers` makes.

    Args:
        peer: a name of `PEERS`.
        folder: what `trainable` wrote.
        out: folder to write into.
        repeats: how often it is run for its times.
    """
    python = HERE.parent / ".venv-consumers" / PEERS[peer] / "bin" / "python"
    script = str(HERE / "round_trips.py")
    command = [str(python), "-P", script, peer, str(folder), str(out / peer)]
    return Subject(name=f"{peer}, COCO to COCO", command=command, repeats=repeats)


def encord_python() -> Path | None:
    """Interpreter of an environment with Encord's SDK, made where it is missing.

    The SDK's exporter needs numpy < 2 and cannot live beside this project. None where the
    environment cannot be made, for want of a network or a wheel.
    """
    python = ENCORD_ENVIRONMENT / "bin" / "python"
    complete = ENCORD_ENVIRONMENT / ".complete"
    ENCORD_ENVIRONMENT.mkdir(parents=True, exist_ok=True)
    with (ENCORD_ENVIRONMENT.parent / ".venv-encord.lock").open("w") as lock:
        # Tests run side by side; whoever comes second waits for the environment of the first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if complete.exists():
            return python
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
        install = [*pip, "install", "--quiet", ENCORD_REQUIREMENT]
        try:
            make = [sys.executable, "-m", "venv", "--clear", "--without-pip"]
            make.append(str(ENCORD_ENVIRONMENT))
            subprocess.run(make, check=True)
            subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            shutil.rmtree(ENCORD_ENVIRONMENT, ignore_errors=True)
            return None
        complete.touch()
    return python
