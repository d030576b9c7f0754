"""`python -m coco_dagster.cli`."""

from coco_dagster.cli import main

if __name__ == "__main__":
    main()
