"""How the tests are run: how many examples are tried, which go first, how they are named."""

import pytest
from hypothesis import settings

# `ci` tries the same examples in every run; `pytest --hypothesis-profile nightly` looks for new
# ones. How long an example takes says more about the machine than about the code.
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests go first, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by what they are for: archives hold the time at which they were made."""
    return argname if isinstance(val, bytes) else None
