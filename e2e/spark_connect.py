"""The program of the test of Spark Connect: it starts a server, and writes through it to the emulator.

`e2e/spark.py` starts it with the emulator's address and a folder. The secrets are variables of the server.
"""

from __future__ import annotations

import json
import socket
import sys
import urllib.request
from pathlib import Path

from pyspark.sql import SparkSession

from e2e.spark_job import CUSTOMERS, ORDERS, error_of
from target_selligent.spark import SelligentDataSource, as_options, write_lists

ROWS = 5000


def main(base_url: str, folder: Path) -> None:
    """Write two Lists, and leave what must be refused and what Spark shows in files."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    builder = SparkSession.builder.remote("local[2]")
    for name, value in {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": folder.joinpath("events").as_uri(),
        "spark.eventLog.compress": "false",
        "spark.ui.port": str(port),
    }.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.dataSource.register(SelligentDataSource)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"base_url": base_url}
    frames = {
        "customers": spark.range(ROWS).selectExpr(*CUSTOMERS),
        "orders": spark.range(ROWS).selectExpr(*ORDERS),
    }
    write_lists(frames, config, lists_at_a_time=2)
    secrets = {"api_key": "shown-key", "api_secret": "shown-secret"}
    writer = frames["orders"].coalesce(1).write.format("selligent").mode("append")
    refused = {
        "client": error_of(lambda: write_lists(frames, {**config, "api_key": "never", "api_secret": "never-sent"})),
        "driver": error_of(writer.options(**as_options({**config, **secrets, "stream": "orders"})).save),
    }
    (folder / "refused.json").write_text(json.dumps(refused), encoding="utf-8")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/connect/", timeout=60) as page:
        (folder / "page.html").write_bytes(page.read())
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
