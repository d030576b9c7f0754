"""What the export of spoilt label rows may do, and what it must not.

It ends in an export or in one clean error. Every row is exported, superseded or unreadable with a
finding; every object is an annotation, skipped or rejected; and what was not touched is exported as
it was without the spoiling.
"""

import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow.parquet as pq

from coco_dagster.coco.profiles import PROFILES, ExportSettings
from coco_dagster.errors import CocoDagsterError, ExportError, OntologyError, SourceError
from coco_dagster.export import export_coco
from tests.fuzz.cases import Case, Input, made_input
from tests.fuzz.corpora import Corpus
from tests.fuzz.files import array
from tests.fuzz.values import as_text
from tests.label_rows import JSON

_RANGE_SHAPES = ("audio", "text", "time_range")
_LEVELS = 15_000
"""Nesting that Python's reader is let follow, with its stack of 8 MB: rows are made up to 5,000."""

_POSITION = re.compile(r"labels\.json\[(\d+)\]")


class WrongError(AssertionError):
    """An export did what it must not do."""


class Read(NamedTuple):
    """An export, read back.

    Attributes:
        annotations: every annotation, without ids, with its origin.
        findings: rows of `findings.parquet`.
        manifest: `manifest.json`.
    """

    annotations: list[tuple[JSON, JSON]]
    findings: list[JSON]
    manifest: JSON


class Outcome(NamedTuple):
    """What became of a case.

    Attributes:
        error: the error in which it ended; None: it was exported.
        rows: what became of each row, by position.
        changed: what was spoilt, see `Input`.
    """

    error: CocoDagsterError | None
    rows: Mapping[int, str]
    changed: frozenset[int | None]


def judge(case: Case) -> Outcome:
    """Export a case and check all that has to hold.

    Raises:
        WrongError: something does not hold.
        Exception: what else an export raised, which it must not.
    """
    given = made_input(case)
    parsed = _rows_of(case, given)
    try:
        found = exported(given.file, given.ontology, case.profile)
    except CocoDagsterError as error:
        _check_error(error, parsed, given)
        return Outcome(error, {}, given.changed)
    if not given.texts and parsed is None:
        # Compressed files, or what this module's own reader does not read.
        return Outcome(None, {}, given.changed)
    rows = parsed if parsed is not None else [None] * len(given.texts)
    unreadable = _unreadable(found.findings)
    _check_counts(found, rows, unreadable)
    expected = baseline(case.corpus, case.profile)
    if given.texts:
        _check_untouched(found, expected, given)
    elif not given.touched.everything:
        _check_present(found, expected, rows, case)
    return Outcome(None, _outcomes(found, expected, rows, unreadable), given.changed)


def exported(file: bytes, ontology: bytes | None, profile: str) -> Read:
    """Export a file, in this process, and read what was published."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        labels, nodes, out = folder / "labels.json", folder / "ontology.json", folder / "out"
        labels.write_bytes(file)
        if ontology is not None:
            nodes.write_bytes(ontology)
        settings = ExportSettings(profile=PROFILES[profile])
        given = None if ontology is None else nodes
        export_coco(labels, given, out, settings, workers=1)
        left = {path.name for path in folder.iterdir()} - {labels.name, nodes.name, out.name}
        if left:
            raise WrongError(f"something is left behind: {left}")
        return read_export(out)


def read_export(folder: Path) -> Read:
    """Read an export and check that its files agree with each other."""
    manifest = _json(folder / "manifest.json")
    findings = pq.read_table(folder / "findings.parquet").to_pylist()
    origins = pq.read_table(folder / "lineage.parquet").to_pylist()
    annotations: list[tuple[JSON, JSON]] = []
    for entry in manifest["files"]:
        data = (folder / entry["path"]).read_bytes()
        if (len(data), sha256(data).hexdigest()) != (entry["bytes"], entry["sha256"]):
            raise WrongError(f"the manifest is wrong about {entry['path']}")
        if entry["path"].endswith(".json"):
            annotations += _annotations(_json(folder / entry["path"]), entry["path"], origins)
    if len(annotations) != len(origins):
        raise WrongError(f"{len(annotations)} annotations have {len(origins)} origins")
    return Read(annotations, findings, manifest)


def _json(path: Path) -> Any:
    return msgspec.json.decode(path.read_bytes())


def _annotations(coco: JSON, file: str, origins: list[JSON]) -> Iterator[tuple[JSON, JSON]]:
    names = {entry["id"]: (entry["name"], entry["supercategory"]) for entry in coco["categories"]}
    images = {image["id"]: image for image in coco["images"]}
    of_file = {entry["annotation_id"]: entry for entry in origins if entry["file"] == file}
    if len(images) != len(coco["images"]) or len({i["file_name"] for i in images.values()}) != len(
        images
    ):
        raise WrongError("two images have one id or one file name")
    for annotation in coco["annotations"]:
        origin = of_file[annotation.pop("id")]
        image = images[annotation.pop("image_id")]["encord"]
        if (image["data_hash"], image["frame"]) != (origin["data_hash"], origin["frame"]):
            raise WrongError("an annotation is on another image than its origin says")
        annotation["category"] = names[annotation.pop("category_id")]
        annotation["attributes"].pop("track_id")
        yield annotation, origin


def _rows_of(case: Case, given: Input) -> list[Any] | None:
    """`parsed_rows` of what a case makes; rows that are not spoilt have been read before."""
    rows: list[Any] = list(case.corpus.rows)
    if not given.texts:
        return parsed_rows(given.file)
    for position in (n for n in given.changed if n is not None and n >= 0):
        alone = parsed_rows(array([given.texts[position]]))
        if alone is None or len(alone) != 1:
            return parsed_rows(given.file)
        rows[position] = alone[0]
    return rows


def parsed_rows(file: bytes) -> list[Any] | None:
    """Label rows of a file as Python reads them; None where they are not to be read so."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(_LEVELS)
    try:
        text = file.removeprefix(b"\xef\xbb\xbf").decode()
        value = json.loads(text, parse_constant=_refuse, parse_int=_whole)
    except (ValueError, RecursionError):
        return None
    finally:
        sys.setrecursionlimit(usual)
    return value if isinstance(value, list) else None


def _whole(digits: str) -> int | str:
    """A number; its digits where Python has too many of them to tell."""
    return int(digits) if len(digits) < sys.int_info.default_max_str_digits else digits


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check_error(error: CocoDagsterError, parsed: list[Any] | None, given: Input) -> None:
    """An error is one sentence about the file, and only where the file is at fault."""
    text = str(error)
    if len(text) > 1_000 or "Traceback" in text:
        raise WrongError(f"an error is no clean sentence: {text[:300]}") from error
    if isinstance(error, OntologyError):
        if not given.touched.everything:
            raise WrongError("an ontology is refused as a whole") from error
        return
    if isinstance(error, ExportError) and "stand for more than one image" in text:
        return
    if not isinstance(error, SourceError):
        raise WrongError(f"{type(error).__name__} is no error of a file") from error
    if parsed is not None:
        raise WrongError("a file is refused that can be read") from error


def _unreadable(findings: list[JSON]) -> set[int]:
    """Positions of the rows that are unreadable as a whole."""
    paths = [row["path"] for row in findings if row["code"] == "unreadable_row"]
    return {int(match[1]) for match in map(_POSITION.fullmatch, paths) if match}


def objects_in(row: Any) -> int:
    """Objects of a label row: entries of lists of objects on frames, and ranges in answers."""
    if not isinstance(row, dict):
        return 0
    count = 0
    for key in ("data_units", "spaces"):
        for holder in _values(row.get(key)):
            labels = holder.get("labels") if isinstance(holder, dict) else None
            if isinstance(labels, dict):
                frames = [labels, *labels.values()]
                lists = [frame.get("objects") for frame in frames if isinstance(frame, dict)]
                count += sum(len(objects) for objects in lists if isinstance(objects, list))
    answers = [answer for answer in _values(row.get("object_answers")) if isinstance(answer, dict)]
    return count + sum(answer.get("shape") in _RANGE_SHAPES for answer in answers)


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def _check_counts(found: Read, rows: list[Any], unreadable: set[int]) -> None:
    """Every row and every object of the input ends as exactly one thing."""
    counts = found.manifest["counts"]
    ends = Counter(row["outcome"] for row in found.findings)
    listed = len(found.manifest["inputs"]["label_rows"])
    if listed != len(rows):
        raise WrongError(f"of {len(rows)} rows the manifest lists {listed}")
    readable = [row for position, row in enumerate(rows) if position not in unreadable]
    if None in readable:
        return
    given = sum(map(objects_in, readable))
    became = (len(found.annotations), ends["skipped"], ends["rejected"])
    if given != sum(became):
        raise WrongError(f"{given} objects became {became}: annotations, skipped, rejected")
    if (counts["annotations"], counts["skipped"], counts["rejected"]) != became:
        raise WrongError(f"the manifest counts {counts}, the files {became}")


Expected = dict[tuple[int, str, int, str], tuple[str, JSON]]


@lru_cache(maxsize=128)
def baseline(corpus: Corpus, profile: str) -> "Baseline":
    """The export of a corpus that nothing is done to."""
    found = exported(array(corpus.texts), as_text(corpus.ontology), profile)
    return Baseline(_by_key(found, corpus.texts), _ends(found, corpus.rows))


class Baseline(NamedTuple):
    """What an export of a corpus holds.

    Attributes:
        annotations: feature and JSON of each annotation, by row, file, frame and object.
        ends: how often each row's objects ended in which way.
    """

    annotations: Expected
    ends: list[Counter[str]]


def _by_key(found: Read, texts: Sequence[bytes]) -> Expected:
    position = {sha256(text).hexdigest(): n for n, text in enumerate(texts)}
    return {
        (
            position[origin["row_sha256"]],
            origin["data_hash"],
            origin["frame"],
            origin["object_hash"],
        ): (origin["feature_hash"], annotation)
        for annotation, origin in found.annotations
    }


def _check_untouched(found: Read, expected: Baseline, given: Input) -> None:
    """No object that was not touched is another one, is gone or is new."""
    touched = given.touched
    if touched.everything:
        return
    now = _by_key(found, given.texts)
    for one, other, what in (
        (expected.annotations, now, "lost"),
        (now, expected.annotations, "new"),
    ):
        for key, (feature, annotation) in one.items():
            if touched.holds(key[0], key[3], feature):
                continue
            if key not in other:
                raise WrongError(f"an object that was not touched is {what}: {key}")
            if other[key] != (feature, annotation):
                raise WrongError(
                    f"an object that was not touched has changed: {key}\n{annotation}\n{other[key]}"
                )


def _check_present(found: Read, expected: Baseline, rows: list[Any], case: Case) -> None:
    """Rows that are in a file as they were are exported as they were."""
    hashes = Counter(row.get("label_hash") for row in rows if isinstance(row, dict))
    now: dict[tuple[str, str, int, str], JSON] = {}
    for annotation, origin in found.annotations:
        key = (origin["label_hash"], origin["data_hash"], origin["frame"], origin["object_hash"])
        now[key] = annotation
    for key, (_, annotation) in expected.annotations.items():
        row = case.corpus.rows[key[0]]
        if row not in rows or hashes[row["label_hash"]] > 1:
            continue
        if now.get((row["label_hash"], *key[1:])) != annotation:
            raise WrongError(f"an object of a sound row is lost or has changed: {key}")


def _ends(found: Read, rows: list[Any]) -> list[Counter[str]]:
    by_hash: dict[str | None, Counter[str]] = {}
    for row in found.findings:
        by_hash.setdefault(row["label_hash"], Counter())[row["outcome"]] += 1
    none: Counter[str] = Counter()
    return [
        by_hash.get(row.get("label_hash") if isinstance(row, dict) else None, none)
        if not isinstance(row, dict) or isinstance(row.get("label_hash"), str | None)
        else none
        for row in rows
    ]


def _outcomes(
    found: Read, expected: Baseline, rows: list[Any], unreadable: set[int]
) -> dict[int, str]:
    """What became of each row, beyond what becomes of it without the spoiling."""
    outcomes: dict[int, str] = {}
    ends = _ends(found, rows)
    for position in range(min(len(rows), len(expected.ends))):
        if position in unreadable:
            outcomes[position] = "unreadable row"
            continue
        more = ends[position] - expected.ends[position]
        worst = next((end for end in ("rejected", "skipped", "note") if more[end]), "exported")
        outcomes[position] = {"note": "mended"}.get(worst, worst)
    return outcomes
