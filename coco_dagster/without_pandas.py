"""Keeps pandas out of processes that have no use for it."""

import sys


class _NoPandas:
    """Finds no pandas, wherever it is installed."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is kept out of this process", name=name)


def keep_pandas_out() -> None:
    """Let pandas seem not to be installed, for the rest of this process.

    Where it is installed, pyarrow imports it as soon as a list becomes an array, to ask whether the
    list is one of its types: half a second in every process, as long as all other imports together.
    """
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _NoPandas())
