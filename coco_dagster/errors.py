"""The errors that a caller of coco_dagster can meet.

Every message is one sentence that says what is wrong, where, and what to do about it; none of
them carries a signed URL, a secret or a user's e-mail address. Malformed *labels* are never
errors: they become rows of the `findings` table.
"""


class CocoDagsterError(Exception):
    """Base of all errors that coco_dagster raises on purpose."""


class SourceError(CocoDagsterError):
    """A source of label rows cannot be read: missing, not JSON, truncated, or of a wrong type."""


class OntologyError(CocoDagsterError):
    """A file that was given as the ontology is not one."""


class SettingsError(CocoDagsterError):
    """A setting has a value that cannot be used."""


class StorageError(CocoDagsterError):
    """Tables or exports cannot be read from or written to their storage."""


class ExportError(CocoDagsterError):
    """An export would break a promise of its contract and is therefore not published."""


class WorkerError(CocoDagsterError):
    """A worker process ended before it had finished its part."""
