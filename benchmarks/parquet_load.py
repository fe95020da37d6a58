"""Our target in a program that loads a Parquet file: batch by batch through `take_arrow`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pyarrow.parquet import ParquetFile

from target_selligent import LoadRun, Settings


def main() -> None:
    """Load a file; arguments: the config, the Parquet file and its key column."""
    config, path, key = sys.argv[1:]
    settings = Settings.from_config(json.loads(Path(config).read_text(encoding="utf-8")))
    with LoadRun(settings) as run, ParquetFile(path) as file:
        stream = run.open_stream("customers", file.schema_arrow, [key])
        for batch in file.iter_batches():
            stream.take_arrow(batch)


if __name__ == "__main__":
    main()
