"""Reads and writes the lines of RECORD messages. Pure; no I/O.

A record that a Python program passes as a dict is written as the line that a tap would write for it. So it is read,
checked and rejected exactly as a record of a tap, and its line in the rejects file can be replayed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.records import lenient_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CHUNK_BYTES = 1 << 18
_CHUNK_SECONDS = 1.0
_MAX_BRACKETS_UNCHECKED = 500
"""A record with so few brackets is not nested too deeply to be decoded, on any Python."""


@dataclass(frozen=True, slots=True)
class UnwritableRecord:
    """A record that cannot be written as a valid one: a value has no form in JSON, or a row lacks cells.

    Args:
        reason: What is wrong with it, without values.
        line: A RECORD message in which each such value is written as its Python text.
        code: The kind of fault.
    """

    reason: str
    line: bytes
    code: str = "invalid_type"


class RecordLineWriter:
    """Writes the RECORD messages of one stream.

    Args:
        stream: The name of the stream.
        version: The version of its table that the messages say, if they say one.
    """

    def __init__(self, stream: str, version: object = None) -> None:
        said = b"" if version is None else b',"version":' + msgspec.json.encode(version)
        self._start = b'{"type":"RECORD","stream":' + msgspec.json.encode(stream) + said + b',"record":'
        # As a JSON number, a Decimal keeps digits that a float cannot keep.
        encoder = msgspec.json.Encoder(decimal_format="number")
        self._encode, self._encode_lines = encoder.encode, encoder.encode_lines
        self._encode_any_type = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode
        self._row_type: tuple[tuple[str, ...], type[msgspec.Struct] | None] = (), None

    def write_chunks(self, records: Iterable[Mapping[str, Any]]) -> Iterator[list[bytes] | UnwritableRecord]:
        """Yield the messages of records in chunks. A record that cannot be written is yielded alone.

        A chunk is complete at 256 KiB, or with the first record that comes a second after the start of the chunk.

        Args:
            records: The records. If iterating over them raises an exception, the messages before it are yielded first.

        Raises:
            TypeError: If a record is not a mapping.
        """
        lines: list[bytes] = []
        size, started_at = 0, time.monotonic()
        try:
            for record in records:
                line = self._write_line(record)
                if isinstance(line, UnwritableRecord):
                    chunk, lines, size = lines, [], 0
                    yield chunk
                    yield line
                    continue
                lines.append(line)
                size += len(line)
                if size >= _CHUNK_BYTES or time.monotonic() - started_at >= _CHUNK_SECONDS:
                    chunk, lines, size = lines, [], 0
                    yield chunk
                    started_at = time.monotonic()
        except Exception:
            if lines:
                chunk, lines = lines, []
                yield chunk
            raise
        yield lines

    def write_columns(self, columns: Mapping[str, Sequence[Any]]) -> list[bytes]:
        """Return the messages of records whose values are given by column, in record order. Any thread may call it.

        Args:
            columns: Column name to values that strict JSON can express.
        """
        names, row_type = self._row_type
        if names != tuple(columns):
            row_type = _create_row_type(columns)
            self._row_type = tuple(columns), row_type
        records: list[Any]
        if row_type is None:
            records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        else:
            # Objects of a type are made and encoded much faster than dicts. They must come as a list: with another
            # iterable, msgspec 0.22 never frees a value of each.
            records = list(map(row_type, *columns.values()))
        # JSON has no line break within a text.
        written = self._encode_lines(records)[:-1].replace(b"\n", b"}\n" + self._start)
        return [] if not written else (self._start + written + b"}").split(b"\n")

    def _write_line(self, record: Mapping[str, Any]) -> bytes | UnwritableRecord:
        if not isinstance(record, Mapping):
            raise TypeError(f"a record must be a dict, not {type(record).__name__}")
        values = record if type(record) is dict else dict(record)
        if datetime in map(type, values.values()):
            values = {name: _with_whole_offset(value) for name, value in values.items()}
        try:
            try:
                encoded = self._encode(values)
            except UnicodeEncodeError:
                encoded = b"null"
            if b"null" in encoded and not is_strict_json(values):
                # msgspec writes NaN as null, which would empty the field. Written as NaN, the record is rejected.
                encoded = self._encode(_with_lenient_json(values))
            if encoded.count(b"[") + encoded.count(b"{") > _MAX_BRACKETS_UNCHECKED:
                # Since Python 3.14, msgspec writes values that are nested too deeply for reading them again.
                lenient_json.loads(encoded)
        except TypeError:
            line = self.wrap(self._encode_any_type(_with_lenient_json(values)))
            return UnwritableRecord("a value has a type that cannot be written as JSON", line)
        except RecursionError:
            return UnwritableRecord("it is nested too deeply to be written as JSON", self.wrap(b"{}"))
        return self.wrap(encoded)

    def wrap(self, encoded_record: bytes) -> bytes:
        """Return the RECORD message of a record that is written as JSON."""
        return self._start + encoded_record + b"}"


def _with_whole_offset(value: object) -> object:
    """Return a datetime in UTC if its offset has seconds, as that of a zone in early years. JSON would lack them."""
    if type(value) is not datetime or (offset := value.utcoffset()) is None or not offset.seconds % 60:
        return value
    try:
        return value.astimezone(timezone.utc)
    except OverflowError:
        # It is at the edge of the calendar.
        return value


def decode_record(line: bytes, *, exact: bool = False) -> dict[str, Any]:
    """Return the record of a RECORD message.

    Args:
        line: The line of the message. It may contain what strict JSON does not allow.
        exact: Whether numbers with digits that a float cannot keep become Decimals.
    """
    record: dict[str, Any] = lenient_json.loads(line, exact=exact)["record"]
    return record


def _create_row_type(names: Iterable[str]) -> type[msgspec.Struct] | None:
    """Return a type whose objects are written as records with these columns; None if a name must be escaped."""
    attributes = {f"c{number}": name for number, name in enumerate(names)}
    try:
        return msgspec.defstruct("Record", list(attributes), rename=attributes, gc=False)
    except ValueError:
        return None


def is_strict_json(value: object) -> bool:
    """Return whether msgspec can write a value unchanged: without NaN, infinity and lone surrogates."""
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, str):
        return value.isascii() or _is_unicode(value)
    if isinstance(value, Mapping):
        return all(map(is_strict_json, value)) and all(map(is_strict_json, value.values()))
    return not isinstance(value, (list, tuple)) or all(map(is_strict_json, value))


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _with_lenient_json(value: Any) -> Any:  # noqa: ANN401 - whatever a program puts in a record
    """Return a value in which parts that are not strict JSON are replaced by the output of Python's JSON encoder."""
    if isinstance(value, (float, str)):
        return value if is_strict_json(value) else msgspec.Raw(json.dumps(value).encode())
    if isinstance(value, Mapping):
        return {_escape_name(name): _with_lenient_json(part) for name, part in value.items()}
    return [_with_lenient_json(part) for part in value] if isinstance(value, (list, tuple)) else value


def _escape_name(name: object) -> object:
    return name.encode("utf-8", "backslashreplace").decode() if isinstance(name, str) else name
