"""The normalised tables: their schemas, how label rows become tables, and where tables are kept."""
