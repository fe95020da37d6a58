"""The command `target-selligent-replay` prints the messages of a rejects file as input for the target.

It reads the lines that the file has when the command starts. The target may append new rejects to the same file at the
same time; they are not read. The messages of each stream are printed after their SCHEMA, in the order of the records.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING

from target_selligent.commands.stored_rejects import find_rejects, read_line_at
from target_selligent.rejects import locked, remove_details

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_selligent.commands.stored_rejects import StoredReject

_EXIT_CODE_OF_FAILURE = 1
_EXIT_CODE_OF_BROKEN_PIPE = 141
"""The exit code that a shell shows for a process that was ended by SIGPIPE."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rejects of a file are asked for. An empty tuple means all.

    Args:
        streams: The names of their streams.
        run_ids: Their runs.
        codes: The codes of their faults.
    """

    streams: tuple[str, ...] = ()
    run_ids: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    def has(self, reject: StoredReject) -> bool:
        """Return whether a reject is asked for."""
        return (
            (not self.streams or reject.stream in self.streams)
            and (not self.run_ids or reject.run_id in self.run_ids)
            and (not self.codes or reject.code in self.codes)
        )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="target-selligent-replay",
        description="Print the messages of a rejects file as input for target-selligent.",
        epilog="target-selligent-replay rejects.jsonl | target-selligent --config config.json",
    )
    parser.add_argument("rejects", type=Path, metavar="REJECTS", help="the file that rejects_path names")
    add_options(parser)
    options = parser.parse_args()
    choice = Choice(tuple(options.stream), tuple(options.run_id))
    with reading(options.rejects, "replayed", move=options.move) as (file, size):
        replay(file, size, sys.stdout.buffer, print_message, choice)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose what to replay."""
    parser.add_argument(
        "--stream", action="append", default=[], help="only this stream, as the tap names it; repeatable"
    )
    parser.add_argument("--run-id", action="append", default=[], help="only rejects of this run; repeatable")
    parser.add_argument(
        "--move", action="store_true", help="rename the file first, so that new rejects go to a new file"
    )


@contextmanager
def reading(path: Path, purpose: str, *, move: bool = False) -> Iterator[tuple[IO[bytes], int]]:
    """Open a rejects file, and end the process with a message and an exit code if the block fails.

    Args:
        path: The file.
        purpose: What it is opened for, to end the sentence `the file cannot be`.
        move: Whether to rename it first.

    Yields:
        The file, and how many bytes of it to read: the target may append to it meanwhile.
    """
    try:
        with path.open("rb") as file:
            with locked(file.fileno()):
                if move:
                    _move(path)
                size = os.fstat(file.fileno()).st_size
            yield file, size
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has ended. Python writes the rest of its buffer at exit, which must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_EXIT_CODE_OF_BROKEN_PIPE)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        print_message(f"Error: {str(path)!r} cannot be {purpose}: {reason}")
        sys.exit(_EXIT_CODE_OF_FAILURE)


def replay(file: IO[bytes], size: int, output: IO[bytes], warn: Callable[[str], None], choice: Choice) -> None:
    """Write the messages of a rejects file.

    Args:
        file: The file.
        size: How many bytes of the file to read.
        output: Where to write the messages.
        warn: Called with a sentence about messages that cannot be replayed.
        choice: Which rejects to replay.
    """
    all_rejects, broken_lines = find_rejects(file, size)
    rejects = [reject for reject in all_rejects if choice.has(reject)]
    last_schemas: dict[str, bytes] = {}
    for reject in sorted(rejects, key=lambda one: (one.run_index, one.stream, one.record_number, one.start)):
        if reject.schema_start is not None:
            schema_line = read_line_at(file, reject.schema_start)
            schema = remove_details(schema_line)
            if last_schemas.get(reject.stream) != schema:
                # Its details tell the target that the messages after it are replayed.
                output.write(schema_line + b"\n")
                last_schemas[reject.stream] = schema
        output.write(remove_details(read_line_at(file, reject.start)) + b"\n")
    without_schema = sum(reject.schema_start is None for reject in rejects)
    if without_schema:
        warn(f"{without_schema:,} records have no SCHEMA in the file: put the tap's SCHEMA messages before this output")
    if broken_lines:
        warn(
            f"{broken_lines:,} lines are not complete messages and are left out: writing was interrupted, and the next "
            "run reads their records again"
        )


def _move(path: Path) -> None:
    """Rename the file. A run that has opened it continues with a new file."""
    new_path = path.with_name(f"{path.name}.{datetime.now(timezone.utc):%Y%m%dT%H%M%S%fZ}")
    path.rename(new_path)
    print_message(f"{path} is now {new_path}: delete it once its rejects are loaded")


def print_message(sentence: str) -> None:
    """Print a sentence on standard error."""
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    main()
