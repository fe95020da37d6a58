"""The program of the test of Spark: it runs in an environment with PySpark, and writes to the emulator.

`e2e/spark.py` starts it with the emulator's address and a folder, kills one of its executors, and reads what it leaves:
what Spark has in its DataFrames, and what Spark says about the writes.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

from target_selligent.spark import SelligentDataSource, as_options, write_lists

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

ROWS = 100_000
AGAIN = 20_000
TASKS = 4
CUSTOMERS = [
    "concat('C', id) AS customer",
    "element_at(array('Zoë', 'D''Arc', '陈', 'plain'), cast(id % 4 + 1 AS int)) AS first_name",
    "id * 7 AS points",
    "id / 7D AS score",
    "cast(id / 100 AS decimal(12, 2)) AS balance",
    "id % 2 = 0 AS active",
    "date_add(date'1970-01-01', cast(id % 20000 AS int)) AS born",
    "timestamp_micros(1700000000000000 + id * 1001000) AS seen_at",
    "if(id % 10 = 0, null, concat('note ', id)) AS note",
    "array('a', cast(id AS string)) AS tags",
    "element_at(array('vip', 'standard', 'lapsed'), cast(id % 3 + 1 AS int)) AS segment_name",
]
ORDERS = [
    "id + 5000000000 AS order_number",
    "concat('C', id % 5000) AS customer",
    "cast(id % 1000 AS float) / 4 AS amount",
    "timestamp_ntz'2026-01-01 00:00:00' + make_interval(0, 0, 0, 0, 0, 0, id) AS ordered_at",
    "struct(id AS line, concat('SKU', id % 100) AS sku) AS item",
    "concat('month_', id % 12 + 1) AS segment_name",
]


def main(base_url: str, folder: Path) -> None:
    """Write both DataFrames, then what is written again, and what must be refused."""
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("e2e")
    for name, value in {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": folder.joinpath("events").as_uri(),
        "spark.eventLog.compress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.port": "0",
        "spark.ui.showConsoleProgress": "false",
    }.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.dataSource.register(SelligentDataSource)
    customers, orders = spark.range(ROWS).selectExpr(*CUSTOMERS), spark.range(ROWS).selectExpr(*ORDERS)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"base_url": base_url}
    frames = {"customers": with_rejects(customers), "orders": orders}
    (folder / "ready").touch()
    write_lists(frames, config, lists_at_a_time=2)
    (folder / "written").touch()

    few = customers.where(f"points < {7 * AGAIN}").repartition(TASKS)
    few.write.format("selligent").options(**as_options({**config, "stream": "customers", "tasks": TASKS})).mode(
        "append"
    ).save()

    refused = {
        "partitions": lambda: save(customers.repartition(2), config),
        "mode": lambda: save(customers, config, "overwrite"),
        "mirror": lambda: save(
            customers, {**config, "streams": {"customers": {"segment_data_import_option": "mirror"}}}
        ),
        "type": lambda: save(customers.selectExpr("*", "cast(note AS binary) AS photo"), config),
        "option": lambda: save(customers, {**config, "batch_size": 5}),
    }
    (folder / "refused.json").write_text(json.dumps({name: error_of(call) for name, call in refused.items()}))
    (folder / "plans.txt").write_text("\n".join(read_ui(spark)), encoding="utf-8")
    for name, frame in {"customers": customers, "orders": orders}.items():
        frame.coalesce(1).write.json(str(folder / name), ignoreNullFields=False)
    spark.stop()


def with_rejects(customers: DataFrame) -> DataFrame:
    """Return customers with some that cannot be loaded, because their key is null."""
    return customers.unionByName(
        customers.limit(3).selectExpr("* EXCEPT (customer)", "cast(null AS string) AS customer")
    )


def save(frame: DataFrame, config: dict[str, Any], mode: str = "append") -> None:
    """Write a DataFrame as the documents say."""
    options = as_options({**config, "stream": "customers"})
    frame.write.format("selligent").options(**options).mode(mode).save()


def error_of(call: Callable[[], None]) -> str:
    """Return what a call raises, as text."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - what Spark makes of our errors
        return str(error)
    return ""


def read_ui(spark: SparkSession) -> list[str]:
    """Return the pages of Spark's web interface that show plans, configurations and failures."""
    context = spark.sparkContext
    rest = f"api/v1/applications/{context.applicationId}"
    paths = ["SQL/", "environment/", "jobs/", "stages/", f"{rest}/sql?details=true&planDescription=true&length=1000"]
    paths += [f"SQL/execution/?id={number}" for number in range(3)] + [f"{rest}/environment", f"{rest}/stages"]
    pages = []
    for path in paths:
        with urllib.request.urlopen(f"{context.uiWebUrl}/{path}", timeout=60) as page:  # noqa: S310 - our own Spark
            pages.append(page.read().decode())
    return pages


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
