"""The command `target-selligent-replay`: a rejects file as input for the target.

It reads what is in the file when it starts and nothing that is appended then: the target may append its new rejects to
the same file. Each stream's messages come behind the SCHEMA they came with, in the order of their records.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from target_selligent import lenient_json
from target_selligent.reject_lines import MEMBER_TYPE, RUN_OF_REJECTS, remove_details
from target_selligent.rejects_file import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_FAILED = 1
_PIPE_CLOSED = 141
"""What a shell makes of a process that SIGPIPE ended."""


@dataclass(frozen=True, slots=True)
class _Reject:
    """Where a reject stands in the file.

    Args:
        run: Place of its run among the runs, so that earlier ones come first.
        stream: Its stream.
        number: Number of its record in the stream.
        start: Where its line begins.
        schema: Where the line of its SCHEMA begins; None if there is none.
    """

    run: int
    stream: str
    number: int
    start: int
    schema: int | None


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="target-selligent-replay",
        description="Print what a rejects file holds as input for target-selligent.",
        epilog="target-selligent-replay rejects.jsonl | target-selligent --config config.json",
    )
    parser.add_argument("rejects", type=Path, metavar="REJECTS", help="the file that rejects_path named")
    parser.add_argument(
        "--stream", action="append", default=[], help="only this stream, as the tap names it; repeatable"
    )
    parser.add_argument("--run-id", action="append", default=[], help="only rejects of this run; repeatable")
    parser.add_argument("--move", action="store_true", help="rename the file first, so that it holds new rejects only")
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
        # Who reads it has ended; what Python would still write to it at exit goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_PIPE_CLOSED)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        _print_message(f"Error: {str(options.rejects)!r} cannot be replayed: {reason}")
        sys.exit(_FAILED)


def replay(  # noqa: PLR0913 - what the command line has
    file: IO[bytes],
    size: int,
    output: IO[bytes],
    warn: Callable[[str], None],
    *,
    streams: Sequence[str] = (),
    run_ids: Sequence[str] = (),
) -> None:
    """Write the messages that a rejects file holds.

    Args:
        file: The file.
        size: How many of its bytes count.
        output: Where to write.
        warn: Takes a sentence about what could not be replayed.
        streams: Names of the only streams to replay; empty for all.
        run_ids: The only runs whose rejects to replay; empty for all.
    """
    rejects, broken = _index(file, size)
    chosen = [
        (reject, run_id)
        for reject, run_id in rejects
        if (not streams or reject.stream in streams) and (not run_ids or run_id in run_ids)
    ]
    sent: dict[str, bytes] = {}
    for reject, _ in sorted(chosen, key=lambda item: (item[0].run, item[0].stream, item[0].number, item[0].start)):
        if reject.schema is not None:
            schema = _line_at(file, reject.schema)
            if sent.get(reject.stream) != remove_details(schema):
                output.write(schema + b"\n")
                sent[reject.stream] = remove_details(schema)
        output.write(remove_details(_line_at(file, reject.start)) + b"\n")
    lacking = sum(reject.schema is None for reject, _ in chosen)
    if lacking:
        warn(f"{lacking:,} records have no SCHEMA in the file: put the tap's SCHEMA messages before this output")
    if broken:
        warn(f"{broken:,} lines are no whole message and are left out: a write was cut off, and its record comes again")


def _index(file: IO[bytes], size: int) -> tuple[list[tuple[_Reject, str | None]], int]:
    """Return all rejects with their runs, and how many lines are no message."""
    runs: dict[str | None, int] = {}
    schemas: dict[tuple[str | None, str], int] = {}
    rejects: list[tuple[_Reject, str | None]] = []
    broken = 0
    for start, line in _lines(file, size):
        message = _message(line)
        if message is None:
            broken += bool(line.strip())
        elif message["type"] == "SCHEMA":
            schemas[message.get(RUN_OF_REJECTS), message["stream"]] = start
        else:
            run_id, stream, number = message.get("run_id"), message["stream"], message.get("record_number")
            place = runs.setdefault(run_id, len(runs))
            schema = schemas.get((run_id, stream))
            rejects.append((_Reject(place, stream, number if isinstance(number, int) else 0, start, schema), run_id))
    return rejects, broken


def _lines(file: IO[bytes], size: int) -> Iterator[tuple[int, bytes]]:
    """Yield each line within the size, with where it begins; a last one without newline is still being written."""
    start = 0
    file.seek(0)
    while start < size:
        line = file.readline(size - start)
        if not line:
            return
        yield start, line
        start += len(line)


def _message(line: bytes) -> dict[str, Any] | None:
    """Return a line's message; None if it is none of those that a rejects file holds, or not whole."""
    try:
        message = lenient_json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("stream"), str):
        return None
    return message if message.get("type") in {"SCHEMA", "RECORD", MEMBER_TYPE} else None


def _line_at(file: IO[bytes], start: int) -> bytes:
    file.seek(start)
    return file.readline().rstrip(b"\n")


def _move(path: Path) -> None:
    """Rename the file; a run that has it open goes on in a new one."""
    aside = path.with_name(f"{path.name}.{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}")
    path.rename(aside)
    _print_message(f"{path} is now {aside}: delete it once its rejects are loaded")


def _print_message(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    main()
