"""Members of JSON objects as text, made in Rust rather than one object at a time."""

import polars as pl


def member(column: str, key: str) -> pl.Expr:
    """Text of a member, with the comma before it: `,"key":value`; "" where the value is null.

    Args:
        column: column with the values.
        key: key in the JSON object.
    """
    whole = pl.concat_str(pl.lit(","), members(pl.col(column).alias(key)))
    return pl.when(pl.col(column).is_null()).then(pl.lit("")).otherwise(whole).alias(key)


def members(*values: pl.Expr) -> pl.Expr:
    """Text of members whose values are never null: `"key":value,"key":value`.

    Args:
        values: the values, named by their keys.
    """
    # Only structs have a JSON encoder; the braces around the members are cut off again.
    return pl.struct(*values).struct.json_encode().str.slice(1).str.head(-1)
