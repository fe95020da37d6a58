"""Files of records: Parquet, CSV, and lines of JSON. They are read in chunks, and never changed or deleted."""

from __future__ import annotations

from target_selligent.files.common_schema import read_common_schema
from target_selligent.files.data_file import DataFile, find_format
from target_selligent.files.opening import find_local_path

__all__ = ["DataFile", "find_format", "find_local_path", "read_common_schema"]
