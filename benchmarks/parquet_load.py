"""Our target in a program that loads a Parquet file: through `take_arrow`."""

from __future__ import annotations

import json
import sys
from collections import deque
from pathlib import Path

from pyarrow.parquet import ParquetFile

from target_selligent import LoadRun, Settings


def main() -> None:
    """Load a file; arguments: the config, the file and its key column. Without the last one, the file is only read."""
    config, path, *keys = sys.argv[1:]
    settings = Settings.from_config(json.loads(Path(config).read_text(encoding="utf-8")))
    if not keys:
        with ParquetFile(path) as file:
            deque(file.iter_batches(), maxlen=0)
        return
    with LoadRun(settings) as run, ParquetFile(path) as file:
        stream = run.open_stream("customers", file.schema_arrow, keys)
        stream.take_arrow(file.iter_batches())


if __name__ == "__main__":
    main()
