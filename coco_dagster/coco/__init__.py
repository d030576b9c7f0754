"""What COCO readers read: geometry, attributes, categories, and the files of an export."""
