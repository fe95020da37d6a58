"""RECORD messages for the dicts of a Python program. Pure; no I/O.

A record that comes as a dict is written as the line that a tap would have written for it. So it is read, checked and
rejected exactly as one that comes from a tap, and the rejects file has a line that can be replayed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent import lenient_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHUNK_BYTES = 1 << 18
_CHUNK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class UnwritableRecord:
    """A record with a value that JSON has no form for.

    Args:
        reason: What is wrong with it, without values.
        line: A RECORD message in which Python's text stands for each such value.
    """

    reason: str
    line: bytes


class RecordLineWriter:
    """Writes the RECORD messages of one stream.

    Args:
        stream: Name of the stream.
    """

    def __init__(self, stream: str) -> None:
        self._start = b'{"type":"RECORD","stream":' + msgspec.json.encode(stream) + b',"record":'
        # Digits that a float cannot hold survive as a number only.
        self._encode = msgspec.json.Encoder(decimal_format="number").encode
        self._encode_anything = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode

    def write_chunks(self, records: Iterable[Mapping[str, Any]]) -> Iterator[list[bytes] | UnwritableRecord]:
        """Yield the records' messages, many at once; a record that cannot be written is yielded alone.

        A chunk is complete at 256 KiB, or with the first record that comes a second after its first one.

        Args:
            records: The records. If iterating over them raises, the messages before that are yielded first.

        Raises:
            TypeError: If one of them is no mapping.
        """
        lines: list[bytes] = []
        size, began = 0, time.monotonic()
        try:
            for record in records:
                line = self._line(record)
                if isinstance(line, UnwritableRecord):
                    complete, lines, size = lines, [], 0
                    yield complete
                    yield line
                    continue
                lines.append(line)
                size += len(line)
                if size >= _CHUNK_BYTES or time.monotonic() - began >= _CHUNK_SECONDS:
                    complete, lines, size = lines, [], 0
                    yield complete
                    began = time.monotonic()
        except Exception:
            if lines:
                complete, lines = lines, []
                yield complete
            raise
        yield lines

    def _line(self, record: Mapping[str, Any]) -> bytes | UnwritableRecord:
        if not isinstance(record, Mapping):
            raise TypeError(f"a record must be a dict, not {type(record).__name__}")
        values = record if type(record) is dict else dict(record)
        try:
            try:
                encoded = self._encode(values)
            except UnicodeEncodeError:
                encoded = b"null"
            if b"null" in encoded and not _is_plain(values):
                # msgspec writes NaN as null, which would empty the field. Whoever reads the line rejects the record.
                encoded = self._encode(_as_json_text(values))
        except TypeError:
            line = self._message(self._encode_anything(_as_json_text(values)))
            return UnwritableRecord("a value has a type that cannot be written as JSON", line)
        except RecursionError:
            return UnwritableRecord("it is nested too deeply to be written as JSON", self._message(b"{}"))
        return self._message(encoded)

    def _message(self, record: bytes) -> bytes:
        return self._start + record + b"}"


def decode_record(line: bytes, *, exact: bool = False) -> dict[str, Any]:
    """Return the record of a RECORD message.

    Args:
        line: The message's line. It may hold what strict JSON does not allow.
        exact: Whether numbers whose digits a double cannot hold become Decimals.
    """
    record: dict[str, Any] = lenient_json.loads(line, exact=exact)["record"]
    return record


def _is_plain(value: object) -> bool:
    """Return whether msgspec writes a value as what it is: no NaN or infinity, no lone surrogate."""
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, str):
        return value.isascii() or _is_unicode(value)
    if isinstance(value, Mapping):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return not isinstance(value, (list, tuple)) or all(map(_is_plain, value))


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _as_json_text(value: Any) -> Any:  # noqa: ANN401 - whatever a program puts in a record
    """Return a value in which what is not plain stands as the text that Python's own JSON writer makes of it."""
    if isinstance(value, (float, str)):
        return value if _is_plain(value) else msgspec.Raw(json.dumps(value).encode())
    if isinstance(value, Mapping):
        return {_plain_name(name): _as_json_text(part) for name, part in value.items()}
    return [_as_json_text(part) for part in value] if isinstance(value, (list, tuple)) else value


def _plain_name(name: object) -> object:
    return name.encode("utf-8", "backslashreplace").decode() if isinstance(name, str) else name
