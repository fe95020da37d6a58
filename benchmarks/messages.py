"""Singer messages to measure with: the same ones for the same shape, on every machine."""

from __future__ import annotations

import json
import os
import random
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = "customer_id"
SEGMENT = "segment"
_VERSION = 1
"""To be counted up when the messages of a shape change: files of earlier versions are then made anew."""
_STATE_EVERY = 5_000
_NUMBERS, _LACKING = 5, 0.3
_MORE_ORDERS = 100
_EXTRACTED = "2026-11-21T00:00:00+00:00"
_FIRST_NAMES = ("Ada", "Bruno", "Chloé", "Dmitri", "Elif", "Femke", "Gökhan", "Hanne", "Ines", "Jürgen", "Kaat")
_LAST_NAMES = ("Peeters", "Janssens", "Maes", "Müller", "Dubois", "Ñíguez", "O'Neill", "De Smet", "Öztürk")
_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_COLUMNS: dict[str, dict[str, Any]] = {
    KEY: {"type": "string"},
    "email": _TEXT,
    "first_name": _TEXT,
    "last_name": _TEXT,
    "age": {"type": ["integer", "null"]},
    "orders": {"type": "integer"},
    "lifetime_value": {"type": "number"},
    "discount": {"type": ["number", "null"]},
    "newsletter": {"type": "boolean"},
    "last_purchase_at": {"type": ["string", "null"], "format": "date-time"},
    "birthday": {"type": ["string", "null"], "format": "date"},
}
_NARROW = frozenset({KEY, "orders"})
_BIRTHDAYS = tuple(
    (datetime(1940, 1, 1, tzinfo=timezone.utc) + timedelta(days=day)).date().isoformat() for day in range(25_000)
)
_HOURS = tuple(
    (datetime(2024, 1, 1, tzinfo=timezone.utc) + timedelta(hours=hour)).strftime("%Y-%m-%dT%H")
    for hour in range(24 * 700)
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a file of messages holds.

    Args:
        records: Records in all.
        segments: Segments that they go to, in turn.
        extra_columns: Columns beside the eleven that every record has.
        streams: Streams that they are spread over, in blocks.
        block: Records of one stream that follow each other before the next stream's come.
        narrow: Whether records have a key, a number and a Segment only: for very many of them.
        keys: Distinct keys of records of five numbers, each of which lacks three in ten of them. 0 for other records,
            each with a key of its own.
        changed_every: Every so many records, one has another number of orders than without this; none if 0.
    """

    records: int
    segments: int = 3
    extra_columns: int = 0
    streams: int = 1
    block: int = 100
    narrow: bool = False
    keys: int = 0
    changed_every: int = 0

    @property
    def stream_names(self) -> list[str]:
        """Names of the streams."""
        return [f"customers_{number}" for number in range(self.streams)]

    @property
    def columns(self) -> dict[str, dict[str, Any]]:
        """The columns that become fields, each with its JSON Schema."""
        if self.keys:
            return {KEY: _COLUMNS[KEY], **{f"number_{place}": {"type": "integer"} for place in range(_NUMBERS)}}
        if self.narrow:
            return {name: schema for name, schema in _COLUMNS.items() if name in _NARROW}
        kinds = [{"type": ["integer", "null"]}, _TEXT, {"type": ["number", "null"]}, {"type": ["boolean", "null"]}]
        return _COLUMNS | {f"extra_{number}": kinds[number % 4] for number in range(self.extra_columns)}

    def destination(self) -> dict[str, Any]:
        """Return what a List must have for the messages: its fields, as `GET fields` answers them, and Segments."""
        fields = [
            {"name": name.upper(), "data_type": _data_type(schema), "length": 500, "content": "Free"}
            for name, schema in self.columns.items()
        ]
        return {"fields": fields, "segments": [f"segment_{number}" for number in range(self.segments)]}

    def lines(self) -> Iterator[str]:
        """Yield all messages, one a line: SCHEMAs, RECORDs with a STATE every 5,000, and a last STATE."""
        for stream in self.stream_names:
            yield _line(
                {
                    "type": "SCHEMA",
                    "stream": stream,
                    "key_properties": [KEY],
                    "schema": {"type": "object", "properties": {SEGMENT: {"type": "string"}, **self.columns}},
                }
            )
        heads = [f'{{"type":"RECORD","stream":"{stream}","record":' for stream in self.stream_names]
        tail = f',"time_extracted":"{_EXTRACTED}"}}\n'
        extra = _extra_values(self.extra_columns)
        record = partial(_lacking_record, self.keys) if self.keys else _narrow_record if self.narrow else _record
        for number in range(self.records):
            head = heads[number // self.block % self.streams]
            more = _MORE_ORDERS if self.changed_every and number % self.changed_every == 0 else 0
            yield f"{head}{record(number, number % self.segments, extra(number), more)}{tail}"
            if (number + 1) % _STATE_EVERY == 0:
                yield _line({"type": "STATE", "value": {"bookmarks": {"customers": {"replication_key": number}}}})
        yield _line({"type": "STATE", "value": {"bookmarks": {"customers": {"replication_key": self.records}}}})

    def write(self, folder: Path) -> Path:
        """Write the messages to a file of the folder, unless it is there.

        Args:
            folder: Existing folder.

        Returns:
            The file.
        """
        name = "-".join(f"{key}{value}" for key, value in asdict(self).items())
        path = folder / f"v{_VERSION}-{name}.jsonl"
        if not path.exists():
            unfinished = path.with_suffix(f".{os.getpid()}")
            with unfinished.open("w", encoding="utf-8", buffering=1 << 20) as file:
                file.writelines(self.lines())
            unfinished.replace(path)
        return path


def _record(number: int, segment: int, extra: str, more: int) -> str:
    # Knuth's multiplicative hash: values that look random and are the same everywhere.
    mixed = number * 2654435761 & 0xFFFFFFFF
    first = _FIRST_NAMES[mixed % 11]
    last = _LAST_NAMES[mixed // 11 % 9]
    age = "null" if mixed % 13 == 0 else 18 + mixed % 70
    discount = "null" if mixed % 3 else mixed % 100 / 100
    at = f'"{_HOURS[mixed % 16_800]}:{mixed // 7 % 60:02d}:{mixed // 420 % 60:02d}+00:00"' if mixed % 10 else "null"
    birthday = f'"{_BIRTHDAYS[mixed // 3 % 25_000]}"' if mixed % 8 else "null"
    return (
        f'{{"{KEY}":"C{number:09d}","{SEGMENT}":"segment_{segment}","email":"customer{number}@example.com",'
        f'"first_name":"{first}","last_name":"{last}","age":{age},"orders":{mixed % 50 + more},'
        f'"lifetime_value":{mixed % 10_000_000 / 100},"discount":{discount},'
        f'"newsletter":{"true" if mixed & 1 else "false"},"last_purchase_at":{at},"birthday":{birthday}{extra}}}'
    )


def _narrow_record(number: int, segment: int, extra: str, more: int) -> str:
    return f'{{"{KEY}":"C{number:09d}","{SEGMENT}":"segment_{segment}","orders":{number % 50 + more}{extra}}}'


def _lacking_record(keys: int, number: int, segment: int, extra: str, more: int) -> str:
    rand = random.Random(number)  # noqa: S311 - the same on every machine
    values = "".join(f',"number_{place}":{number + more}' for place in range(_NUMBERS) if rand.random() >= _LACKING)
    return f'{{"{KEY}":"C{rand.randrange(keys):09d}","{SEGMENT}":"segment_{segment}"{values}{extra}}}'


def _extra_values(count: int) -> Callable[[int], str]:
    """Return a function of a record's number that gives the values of its extra columns, as JSON to be appended."""
    kinds = ('"extra_{}":%d', '"extra_{}":"text %d"', '"extra_{}":%d.5', '"extra_{}":null')
    template = "".join("," + kinds[number % 4].format(number) for number in range(count))
    holes = template.count("%d")
    return lambda number: template % ((number,) * holes)


def _data_type(schema: dict[str, Any]) -> str:
    kinds = {"string": "Text", "integer": "Long", "number": "Float", "boolean": "Boolean"}
    formats = {"date-time": "DateTime", "date": "Date"}
    given = schema["type"]
    return formats.get(schema.get("format", "")) or kinds[given if isinstance(given, str) else given[0]]


def _line(message: dict[str, Any]) -> str:
    return json.dumps(message, separators=(",", ":")) + "\n"
