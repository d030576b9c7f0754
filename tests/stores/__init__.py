"""Sources, tables and exports in an object store: moto's S3 on this machine, and its failures."""
