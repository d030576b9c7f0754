"""The Dagster side: component, assets, asset checks, job and schedule."""
