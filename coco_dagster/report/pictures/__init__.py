"""Pictures of images: found in a folder or an object store, and read whatever they are."""
