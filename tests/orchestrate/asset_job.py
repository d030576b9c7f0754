"""The job of the pipeline `boats`, as a process that runs it again builds it."""

import dagster as dg

from coco_dagster.orchestrate.definitions import build_encord_coco_defs


def boats_job(labels: str, ontology: str, storage: str) -> dg.JobDefinition:
    """The job with every asset and check of the pipeline."""
    made = build_encord_coco_defs(name="boats", labels=labels, ontology=ontology, storage=storage)
    return made.resolve_job_def("boats_job")
