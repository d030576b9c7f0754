"""Whether a COCO file suits those who read it."""
