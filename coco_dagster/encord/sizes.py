"""Whole numbers in the forms that label rows use for sizes and sequence numbers."""

import re
from typing import Final

_EXACT: Final = 2**53
Number = int | float | str | None


def whole_number(value: Number) -> int | None:
    """An integer from the forms that label rows use: 200, "200" and 200.0; None otherwise."""
    if isinstance(value, int):
        return value if -_EXACT < value < _EXACT else None
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < _EXACT else None
    if value is None:
        return None
    return int(value) if re.fullmatch(r"-?[0-9]{1,18}", value.strip(), re.ASCII) else None


def pixels(value: Number) -> int | None:
    """A width or height in pixels; None where it is missing, zero or no whole number."""
    size = whole_number(value)
    return size if size is not None and 0 < size < 2**31 else None
