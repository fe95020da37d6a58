"""Lines to Singer messages: fast, exact, and without ever repeating a line in a message."""

from __future__ import annotations

import select
import sys
from collections import Counter
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, cast

import msgspec
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_selligent import lenient
from target_selligent.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    _Callbacks = dict[str, Callable[[dict[str, Any]], None]]

_CHUNK_BYTES = 1 << 18
_IDLE_SECONDS = 1.0
_RECORD = "RECORD"
_DICT = frozenset({dict})
_MAX_SHOWN_TYPE = 40


class _StopReading(BaseException):
    """Leaves a blocked read when a signal arrives."""


class MessageReader(GenericSingerReader[bytes]):
    """Reads messages from bytes or text, one a line.

    Integers of any size stay exact. What is no strict JSON but was meant to be (NaN, lone surrogates, a byte order
    mark) is still read, so that the record at fault can be rejected alone.

    Attributes:
        before_read: Called before each wait for input, and about once a second while there is none.
        record_sinks: Stream to what takes many of its records and their lines at once. Streams that are not in it get
            their records one by one, through the callback.
        line: The line that is worked on.
        line_number: Its number, from 1.
        failure: Why reading ended before the end of the input, if a line was at fault.
        stop_signal: Number of the signal that ended reading, if one did.
    """

    def __init__(self) -> None:
        super().__init__()
        self._decode = msgspec.json.Decoder().decode
        self._waiting = False
        self.before_read: Callable[[], None] = _do_nothing
        self.record_sinks: dict[str, Callable[[list[dict[str, Any]], list[bytes]], None]] = {}
        self.line_number = 0
        self.line = b""
        self.failure: InputError | None = None
        self.stop_signal: int | None = None

    @property
    def default_input(self) -> IO[bytes]:
        """Standard input, as bytes."""
        return sys.stdin.buffer

    def process_lines(self, file_input: IO[bytes] | None, callbacks: _Callbacks) -> Counter[str]:
        """Hand each message to the callback of its type, until the input ends, a line is at fault or `stop` is called.

        A faulty line is kept in `failure` rather than raised: what came before it is whole and shall be loaded.

        Args:
            file_input: Messages, one a line; None for standard input.
            callbacks: Message type to what takes such a message.

        Returns:
            How many messages of each type were taken.
        """
        counts: Counter[str] = Counter()
        try:
            for lines in self._chunks(file_input or self.default_input):
                self._process_chunk(lines, callbacks, counts)
        except InputError as failure:
            self.failure = failure
        return counts

    def _process_chunk(self, lines: list[bytes], callbacks: _Callbacks, counts: Counter[str]) -> None:
        """Hand on the messages of some lines, RECORDs of one stream together where its sink takes them so."""
        try:
            messages = list(map(self._decode, lines))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            if len(lines) > 1:
                for line in lines:
                    self._process_chunk([line], callbacks, counts)
                return
            messages = [self.deserialize_json(lines[0])]
        index, before = 0, self.line_number
        while index < len(messages) and self.stop_signal is None:
            self.line_number = before + index + 1
            self.line = lines[index]
            taken = self._take_run(messages, lines, index)
            if taken:
                counts[_RECORD] += taken
                index += taken
                self.line_number = before + index
                continue
            self._process_message(messages[index], callbacks, counts)
            index += 1

    def _take_run(self, messages: list[Any], lines: list[bytes], start: int) -> int:
        """Hand on the RECORDs of one stream that begin at a position; return how many that were."""
        first = messages[start]
        if first.__class__ is not dict or first.get("type") != _RECORD:
            return 0
        stream = first.get("stream")
        take = self.record_sinks.get(stream) if isinstance(stream, str) else None
        if take is None:
            return 0
        records: list[Any] = []
        try:
            for message in islice(messages, start, None):
                if message["type"] != _RECORD or message["stream"] != stream:
                    break
                records.append(message["record"])
        except (KeyError, TypeError):
            # No message at all, or half a one: whoever comes to it next says so.
            pass
        if not records or not _DICT.issuperset(map(type, records)):
            return 0
        take(records, lines[start : start + len(records)])
        return len(records)

    def _process_message(self, message: Any, callbacks: _Callbacks, counts: Counter[str]) -> None:  # noqa: ANN401 - JSON
        if message is None and not self.line.strip():
            return
        if not isinstance(message, dict):
            raise InputError(f"line {self.line_number} of the input is not a JSON object: check what the tap prints")
        message_type = message.get("type")
        if not isinstance(message_type, str) or message_type not in callbacks:
            self._process_unknown_message(message)
            return
        callbacks[message_type](message)
        counts[message_type] += 1

    def stop(self, signum: int) -> None:
        """Leave the read loop after the message in work; to be called from a signal handler in the reading thread."""
        self.stop_signal = signum
        if self._waiting:
            raise _StopReading

    def deserialize_json(self, line: bytes) -> Any:  # noqa: ANN401 - JSON
        """Return a line's value, also where it is not strict JSON; None for a blank line.

        Raises:
            InputError: If it is no JSON at all.
        """
        if not line.strip():
            return None
        try:
            return lenient.loads(line)
        except (ValueError, RecursionError):
            raise InputError(
                f"line {self.line_number + 1} of the input is not valid JSON ({len(line):,} bytes): "
                "the tap broke off in mid-line, or something else prints to its standard output"
            ) from None

    def assert_line_requires(self, line_dict: dict[str, Any], requires: set[str]) -> None:  # type: ignore[override]
        """Check that a message has the given keys.

        Raises:
            InputError: Naming those that are missing. (The stock method prints the message.)
        """
        missing = sorted(requires - line_dict.keys())
        if missing:
            raise InputError(
                f"line {self.line_number} of the input lacks {', '.join(missing)}: check what the tap prints"
            )

    def _process_unknown_message(self, message_dict: dict[str, Any]) -> None:
        message_type = message_dict.get("type")
        if isinstance(message_type, str):
            raise InputError(
                f"line {self.line_number} of the input has the unknown message type {message_type[:_MAX_SHOWN_TYPE]!r}"
            )
        raise InputError(f"line {self.line_number} of the input lacks a message type: check what the tap prints")

    def _chunks(self, stream: IO[Any]) -> Iterator[list[bytes]]:
        """Yield the whole lines of each chunk as it arrives; the very last line may lack its newline."""
        source = getattr(stream, "buffer", stream)
        if not hasattr(source, "read1"):
            for line in source:
                yield [line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line]
            return
        started: list[bytes] = []
        while chunk := self._read(source):
            first, newline, rest = chunk.partition(b"\n")
            started.append(first)
            if newline:
                *whole, last = rest.split(b"\n")
                yield [b"".join(started), *whole]
                started = [last]
        # Where a signal ended reading, what has been started is no line.
        if self.stop_signal is None and (last_line := b"".join(started)):
            yield [last_line]

    def _read(self, source: Any) -> bytes:  # noqa: ANN401 - any binary stream with read1
        """Wait for bytes; empty at the end of the input, or when a signal asks to stop."""
        while self.stop_signal is None:
            self.before_read()
            try:
                self._waiting = True
                if self.stop_signal is None and _is_ready(source):
                    return cast("bytes", source.read1(_CHUNK_BYTES))
            except _StopReading:
                break
            finally:
                self._waiting = False
        return b""


def _do_nothing() -> None:
    pass


def _is_ready(source: Any) -> bool:  # noqa: ANN401 - any binary stream
    """Wait a second for input; true if there is some, or where one cannot wait for it."""
    try:
        ready, _, _ = select.select([source.fileno()], [], [], _IDLE_SECONDS)
    except (OSError, ValueError):
        return True
    return bool(ready)
