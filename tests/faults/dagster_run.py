"""``python -m tests.faults.dagster_run LABELS ONTOLOGY STORAGE``: one run of a component's job."""

import sys

import dagster as dg

from coco_dagster import build_encord_coco_defs


def main(labels: str, ontology: str, storage: str) -> bool:
    """Run the job in this process; whether it succeeded."""
    definitions = build_encord_coco_defs(
        name="faults", labels=labels, ontology=ontology, storage=storage, workers=2
    )
    job = definitions.resolve_job_def("faults_job")
    with dg.DagsterInstance.get() as instance:
        return job.execute_in_process(instance=instance, raise_on_error=False).success


if __name__ == "__main__":
    sys.exit(not main(*sys.argv[1:4]))
