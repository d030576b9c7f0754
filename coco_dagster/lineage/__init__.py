"""Where an export came from: its id, its manifest, and the origin of every annotation."""
