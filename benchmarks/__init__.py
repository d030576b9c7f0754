"""Runnable comparisons of coco_dagster with other programs: `python -m benchmarks --help`."""
