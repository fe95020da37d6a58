"""A tap of the SDK whose records come in files, by BATCH messages. Run: `python -m tests.support.batch_tap`."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream, Tap
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterable

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def people(count: int) -> list[dict[str, Any]]:
    """Return records; some have nulls, and the key of every hundredth is null."""
    return [
        {
            "number": number,
            "customer": f"{number:06}" if number % 100 else None,
            "name": f"Zoë {number}" if number % 7 else None,
            "orders": number * 3,
            "value": number / 7,
            "since": START + timedelta(seconds=number, microseconds=number),
            "seg": f"group_{number % 3}",
            "tags": [str(number)],
        }
        for number in range(1, count + 1)
    ]


class People(Stream):
    """The records, with a bookmark."""

    name = "people"
    primary_keys = ("customer",)
    replication_key = "number"
    is_sorted = True
    schema = th.PropertiesList(
        th.Property("number", th.IntegerType),
        th.Property("customer", th.StringType),
        th.Property("name", th.StringType),
        th.Property("orders", th.IntegerType),
        th.Property("value", th.NumberType),
        th.Property("since", th.DateTimeType),
        th.Property("seg", th.StringType),
        th.Property("tags", th.ArrayType(th.StringType)),
    ).to_dict()

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - what the SDK calls it with
        """Return the records."""
        return people(self.config["count"])


class BatchTap(Tap):
    """The tap."""

    name = "tap-batch"
    config_jsonschema = th.PropertiesList(th.Property("count", th.IntegerType, required=True)).to_dict()

    def discover_streams(self) -> list[Stream]:
        """Return the stream."""
        return [People(self)]


if __name__ == "__main__":
    BatchTap.cli()
