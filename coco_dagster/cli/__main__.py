"""`python -m coco_dagster.cli`."""

from coco_dagster.cli import run

if __name__ == "__main__":
    run()
