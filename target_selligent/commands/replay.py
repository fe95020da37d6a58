"""The command `target-selligent-replay` prints the messages of a rejects file as input for the target.

It reads the lines that the file has when the command starts. The target may append new rejects to the same file at the
same time; they are not read. The messages of each stream are printed after their SCHEMA, in the order of the records.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from target_selligent.records import lenient_json
from target_selligent.rejects import MEMBER_TYPE, RUN_OF_REJECTS, locked, remove_details

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_EXIT_CODE_OF_FAILURE = 1
_EXIT_CODE_OF_BROKEN_PIPE = 141
"""The exit code that a shell shows for a process that was ended by SIGPIPE."""


@dataclass(frozen=True, slots=True)
class _Reject:
    """The position of a rejected record in the file.

    Args:
        run_index: The index of its run in the order of the file.
        run_id: Its run; None if the line has no run.
        stream: Its stream.
        record_number: The number of the record in its stream.
        start: Where its line starts.
        schema_start: Where the line of its SCHEMA starts; None if the file has no SCHEMA for it.
    """

    run_index: int
    run_id: str | None
    stream: str
    record_number: int
    start: int
    schema_start: int | None


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="target-selligent-replay",
        description="Print the messages of a rejects file as input for target-selligent.",
        epilog="target-selligent-replay rejects.jsonl | target-selligent --config config.json",
    )
    parser.add_argument("rejects", type=Path, metavar="REJECTS", help="the file that rejects_path names")
    parser.add_argument(
        "--stream", action="append", default=[], help="only this stream, as the tap names it; repeatable"
    )
    parser.add_argument("--run-id", action="append", default=[], help="only rejects of this run; repeatable")
    parser.add_argument(
        "--move", action="store_true", help="rename the file first, so that new rejects go to a new file"
    )
    options = parser.parse_args()
    try:
        with options.rejects.open("rb") as file:
            with locked(file.fileno()):
                if options.move:
                    _move(options.rejects)
                size = os.fstat(file.fileno()).st_size
            replay(file, size, sys.stdout.buffer, _print_message, streams=options.stream, run_ids=options.run_id)
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        # The reader of our output has ended. Python writes the rest of its buffer at exit, which must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_EXIT_CODE_OF_BROKEN_PIPE)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        _print_message(f"Error: {str(options.rejects)!r} cannot be replayed: {reason}")
        sys.exit(_EXIT_CODE_OF_FAILURE)


def replay(  # noqa: PLR0913 - what the command line has
    file: IO[bytes],
    size: int,
    output: IO[bytes],
    warn: Callable[[str], None],
    *,
    streams: Sequence[str] = (),
    run_ids: Sequence[str] = (),
) -> None:
    """Write the messages of a rejects file.

    Args:
        file: The file.
        size: How many bytes of the file to read.
        output: Where to write the messages.
        warn: Called with a sentence about messages that cannot be replayed.
        streams: The names of the streams to replay; empty for all.
        run_ids: The runs whose rejects to replay; empty for all.
    """
    all_rejects, broken_lines = _find_rejects(file, size)
    rejects = [
        reject
        for reject in all_rejects
        if (not streams or reject.stream in streams) and (not run_ids or reject.run_id in run_ids)
    ]
    last_schemas: dict[str, bytes] = {}
    for reject in sorted(rejects, key=lambda one: (one.run_index, one.stream, one.record_number, one.start)):
        if reject.schema_start is not None:
            schema_line = _read_line_at(file, reject.schema_start)
            schema = remove_details(schema_line)
            if last_schemas.get(reject.stream) != schema:
                # Its details tell the target that the messages after it are replayed.
                output.write(schema_line + b"\n")
                last_schemas[reject.stream] = schema
        output.write(remove_details(_read_line_at(file, reject.start)) + b"\n")
    without_schema = sum(reject.schema_start is None for reject in rejects)
    if without_schema:
        warn(f"{without_schema:,} records have no SCHEMA in the file: put the tap's SCHEMA messages before this output")
    if broken_lines:
        warn(
            f"{broken_lines:,} lines are not complete messages and are left out: writing was interrupted, and the next "
            "run reads their records again"
        )


def _find_rejects(file: IO[bytes], size: int) -> tuple[list[_Reject], int]:
    """Return all rejects of a file, and the number of lines that are not messages."""
    run_indexes: dict[str | None, int] = {}
    schema_starts: dict[tuple[str | None, str], int] = {}
    rejects: list[_Reject] = []
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
                _Reject(
                    run_index=run_indexes.setdefault(run_id, len(run_indexes)),
                    run_id=run_id,
                    stream=stream,
                    record_number=number if isinstance(number, int) else 0,
                    start=start,
                    schema_start=schema_starts.get((run_id, stream)),
                )
            )
    return rejects, broken_lines


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


def _read_line_at(file: IO[bytes], start: int) -> bytes:
    file.seek(start)
    return file.readline().rstrip(b"\n")


def _move(path: Path) -> None:
    """Rename the file. A run that has opened it continues with a new file."""
    new_path = path.with_name(f"{path.name}.{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}")
    path.rename(new_path)
    _print_message(f"{path} is now {new_path}: delete it once its rejects are loaded")


def _print_message(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    main()
