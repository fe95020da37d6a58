"""Finds the rejected records of a rejects file: where each stands, and what is wrong with it, without its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from target_selligent.records import lenient_json
from target_selligent.rejects import MEMBER_TYPE, RUN_OF_REJECTS

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class StoredReject:
    """A rejected record in the file.

    Args:
        run_index: The index of its run in the order of the file.
        run_id: Its run; None if the line has no run.
        stream: Its stream.
        record_number: The number of the record in its stream.
        start: Where its line starts.
        schema_start: Where the line of its SCHEMA starts; None if the file has no SCHEMA for it.
        code: The kind of its fault; empty if the line does not say.
        field: The column or field at fault; None if it is not a single one.
        segment: The Segment that it could not join; None if its List could not load it.
    """

    run_index: int
    run_id: str | None
    stream: str
    record_number: int
    start: int
    schema_start: int | None
    code: str = ""
    field: str | None = None
    segment: str | None = None


def find_rejects(file: IO[bytes], size: int) -> tuple[list[StoredReject], int]:
    """Return all rejects of a file, in the order of their lines, and the number of lines that are not messages.

    Args:
        file: The file.
        size: How many bytes of it to read.
    """
    run_indexes: dict[str | None, int] = {}
    schema_starts: dict[tuple[str | None, str], int] = {}
    rejects: list[StoredReject] = []
    broken_lines = 0
    for start, line in _read_lines(file, size):
        message = _parse_message(line)
        if message is None:
            broken_lines += bool(line.strip())
        elif message["type"] == "SCHEMA":
            schema_starts[message.get(RUN_OF_REJECTS), message["stream"]] = start
        else:
            run_id, stream, number = message.get("run_id"), message["stream"], message.get("record_number")
            rejects.append(
                StoredReject(
                    run_index=run_indexes.setdefault(run_id, len(run_indexes)),
                    run_id=run_id,
                    stream=stream,
                    record_number=number if isinstance(number, int) else 0,
                    start=start,
                    schema_start=schema_starts.get((run_id, stream)),
                    code=str(message.get("code") or ""),
                    field=_text_or_none(message.get("field")),
                    segment=_text_or_none(message.get("segment")),
                )
            )
    return rejects, broken_lines


def read_line_at(file: IO[bytes], start: int) -> bytes:
    """Return a line of the file, without its newline.

    Args:
        file: The file.
        start: Where the line starts.
    """
    file.seek(start)
    return file.readline().rstrip(b"\n")


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _read_lines(file: IO[bytes], size: int) -> Iterator[tuple[int, bytes]]:
    """Yield where each line starts, and the line. The last line has no newline if it is still being written."""
    start = 0
    file.seek(0)
    while start < size:
        line = file.readline(size - start)
        if not line:
            return
        yield start, line
        start += len(line)


def _parse_message(line: bytes) -> dict[str, Any] | None:
    """Return the message of a line; None if it is not complete, or of a type that a rejects file does not have."""
    try:
        message = lenient_json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("stream"), str):
        return None
    return message if message.get("type") in {"SCHEMA", "RECORD", MEMBER_TYPE} else None
