"""What Encord writes: label rows, shapes, ontologies, and the files that hold them."""
