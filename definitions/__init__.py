"""The code location of this repository: one pipeline, on the sample until told otherwise."""
