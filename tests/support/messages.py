"""Singer messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EXAMPLES = Path(__file__).parents[2] / "examples"

Message = dict[str, Any]


def schema(properties: Mapping[str, Any], keys: Iterable[str] = ("key",), stream: str = "customers") -> Message:
    """Return a SCHEMA message.

    Args:
        properties: Column to its JSON Schema, or to the name of a type.
        keys: Key properties.
        stream: The stream.
    """
    described = {name: {"type": [kind, "null"]} if isinstance(kind, str) else kind for name, kind in properties.items()}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": described},
        "key_properties": list(keys),
    }


def record(values: Mapping[str, Any], stream: str = "customers") -> Message:
    """Return a RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": dict(values)}


def records(columns: str, *rows: tuple[Any, ...], stream: str = "customers") -> list[Message]:
    """Return a RECORD message for each row of values of the columns, which are separated by spaces."""
    return [record(dict(zip(columns.split(), row, strict=True)), stream) for row in rows]


def state(value: Any) -> Message:
    """Return a STATE message."""
    return {"type": "STATE", "value": value}


def example(name: str) -> bytes:
    """Return the messages of a run of `examples/`, by its path without suffix."""
    return (EXAMPLES / f"{name}.jsonl").read_bytes()


def encode(messages: Iterable[Message]) -> bytes:
    """Return messages as a tap prints them."""
    return "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in messages).encode()
