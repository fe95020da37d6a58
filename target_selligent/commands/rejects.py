"""The command `target-selligent-rejects` says what is in a rejects file: counts, a record, or messages to replay."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import msgspec

from target_selligent.commands.replay import Choice, add_options, print_message, reading, replay
from target_selligent.commands.stored_rejects import find_rejects, read_line_at
from target_selligent.rejects import how_to_mend

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_selligent.commands.stored_rejects import StoredReject


class _Reason(NamedTuple):
    """What rejects are counted by. It holds no values of records."""

    stream: str
    field: str
    code: str
    place: str


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="target-selligent-rejects",
        description="Count the records of a rejects file by reason, without their values. Or show one, or print the "
        "messages to replay.",
    )
    parser.add_argument("rejects", type=Path, metavar="FILE", help="the file that rejects_path names")
    add_options(parser)
    parser.add_argument("--code", action="append", default=[], help="only rejects with this code; repeatable")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--show", type=int, metavar="N", help="show the record with this number, with its values")
    action.add_argument("--replay", action="store_true", help="print the messages, as target-selligent-replay does")
    options = parser.parse_args()
    if options.move and not options.replay:
        parser.error("--move needs --replay")
    choice = Choice(tuple(options.stream), tuple(options.run_id), tuple(options.code))
    with reading(options.rejects, "read", move=options.move) as (file, size):
        if options.replay:
            replay(file, size, sys.stdout.buffer, print_message, choice)
            return
        rejects, broken_lines = find_rejects(file, size)
        chosen = [(number, reject) for number, reject in enumerate(rejects, start=1) if choice.has(reject)]
        lines = _count(chosen, broken_lines) if options.show is None else _show(file, dict(chosen), options.show)
        for line in lines:
            sys.stdout.write(f"{line}\n")


def _count(rejects: Sequence[tuple[int, StoredReject]], broken_lines: int) -> Iterator[str]:
    """Yield the counts by reason, the most frequent first, each with what to do and the number of the first record."""
    counts: Counter[_Reason] = Counter()
    first: dict[_Reason, int] = {}
    for number, reject in rejects:
        place = f"Segment {reject.segment}" if reject.segment else ""
        reason = _Reason(reject.stream, reject.field or "", reject.code or "unknown", place)
        counts[reason] += 1
        first.setdefault(reason, number)
    runs = len({reject.run_id for _, reject in rejects})
    yield f"{len(rejects):,} rejects of {runs:,} runs"
    for reason, count in counts.most_common():
        where = [f"stream {reason.stream}", *([f"field {reason.field}"] if reason.field else []), reason.place]
        yield f"\n{count:,} {reason.code}: {', '.join(filter(None, where))}"
        yield f"  {how_to_mend(reason.code)}"
        yield f"  The first: --show {first[reason]}"
    if broken_lines:
        yield f"\n{broken_lines:,} lines are not complete messages"


def _show(file: IO[bytes], rejects: dict[int, StoredReject], number: int) -> Iterator[str]:
    """Yield a record with its values and why it was rejected.

    Raises:
        ValueError: If there is no such record among those that are chosen.
    """
    reject = rejects.get(number)
    if reject is None:
        raise ValueError(f"it has no record {number} that is asked for: there are {len(rejects):,}")
    message = read_line_at(file, reject.start)
    # A message that is almost JSON, for example with NaN, stays as it came.
    with suppress(msgspec.DecodeError):
        message = msgspec.json.format(message, indent=2)
    yield message.decode("utf-8", "replace")
    yield how_to_mend(reject.code)


if __name__ == "__main__":
    main()
