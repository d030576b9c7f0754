"""Definitions that `dg` finds: one folder for each component."""
