"""DataFrames of Spark into Lists: a Python data source, and several Lists at a time.

Only `source` and `lists` need PySpark. They are imported when they are first used, so that all the rest is tested
without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.spark.options import as_options

if TYPE_CHECKING:
    from target_selligent.spark.lists import write_lists
    from target_selligent.spark.source import SelligentDataSource

__all__ = ["SelligentDataSource", "as_options", "write_lists"]

_MODULES = {"SelligentDataSource": "source", "write_lists": "lists"}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - needs PySpark

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
