"""Our target in a program that loads a Parquet file: batch by batch through `take_arrow`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pyarrow.parquet import ParquetFile

from benchmarks.messages import KEY
from target_selligent import LoadRun, Settings


def main() -> None:
    """Load a file; arguments: the config and the Parquet file."""
    config, path = sys.argv[1:]
    settings = Settings.from_config(json.loads(Path(config).read_text(encoding="utf-8")))
    with LoadRun(settings) as run, ParquetFile(path) as file:
        stream = run.open_stream("customers", file.schema_arrow, [KEY])
        for batch in file.iter_batches():
            stream.take_arrow(batch)


if __name__ == "__main__":
    main()
