"""The sample project, and what makes it."""
