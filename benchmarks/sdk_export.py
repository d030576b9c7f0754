"""Exports label rows with Encord's own exporter and prints the seconds of its steps.

`python sdk_export.py LABELS ONTOLOGY OUT`, in an environment that has `encord[coco]` and nothing
of this project.
"""

import json
import sys
import time
from pathlib import Path

from encord.objects import OntologyStructure
from encord.utilities.coco.exporter import CocoExporter


def main(labels: str, ontology: str, out: str) -> None:
    """Writes one COCO file and prints `{"seconds": {"load": …, "export": …, "write": …}}`."""
    times = [time.perf_counter()]
    rows = json.loads(Path(labels).read_bytes())
    structure = OntologyStructure.from_dict(json.loads(Path(ontology).read_bytes()))
    times.append(time.perf_counter())
    coco = CocoExporter(rows, structure).export()
    times.append(time.perf_counter())
    with Path(out).open("w") as file:
        json.dump(coco, file)
    times.append(time.perf_counter())
    steps = ("load", "export", "write")
    seconds = {step: times[i + 1] - times[i] for i, step in enumerate(steps)}
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
