"""Reads Singer messages from lines of input. Numbers stay exact, and no error message contains a line."""

from __future__ import annotations

import select
import sys
from collections import Counter
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import reduce
from itertools import groupby
from operator import or_
from typing import IO, TYPE_CHECKING, Annotated, Any, NoReturn, Protocol, cast

import msgspec
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_selligent.errors import InputError
from target_selligent.records import lenient_json, parse_json_float
from target_selligent.rejects import MEMBER_TYPE

if sys.platform == "linux":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    _Callbacks = dict[str, Callable[[dict[str, Any]], None]]

_CHUNK_BYTES = 1 << 18
_PIPE_BYTES = 1 << 20
"""The size that Linux allows every user (`/proc/sys/fs/pipe-max-size`)."""
_IDLE_SECONDS = 1.0
_NO_VALUE = Annotated[int, msgspec.Meta(gt=0, lt=0)]
_RECORD = "RECORD"
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_MAX_TYPE_LENGTH = 40
_INPUT = "the input"
_ADVICE = "the tap stopped in the middle of a line, or something else prints to its standard output"
_ADVICE_FOR_FILES = "correct the file, or whatever writes it"


class _StopReading(BaseException):
    """Raised by a signal handler to interrupt a read that waits for input."""


class RecordReceiver(Protocol):
    """Receives the RECORD messages of one stream, many at once."""

    @property
    def message_type(self) -> type[msgspec.Struct] | None:
        """The type that RECORD messages are decoded to. None: each is processed alone. Each call may change it."""

    @property
    def list_api_name(self) -> str:
        """The List that the records go to. Records of one List must be processed in the order of their lines."""

    def process_messages(self, messages: Sequence[Any], lines: Sequence[bytes]) -> None:
        """Process RECORD messages of its type, in the order of their stream, and the line of each."""

    def process_dict(self, record: dict[str, Any], line: bytes) -> None:
        """Process the record of a line that is not of its type."""


class MessageReader(GenericSingerReader[bytes]):
    """Reads messages from bytes or text, one message in each line.

    Integers of any size stay exact. A line that is almost JSON (with NaN, lone surrogates or a byte order mark) is
    read too, so that only its record is rejected.

    Attributes:
        before_read: Called before each wait for input, and about once a second during the wait.
        while_waiting: Returns a context manager; its block is a wait for input.
        process_member_message: Called with each message of a rejects file that adds a member to a Segment.
        record_receivers: Stream to the receiver of its records. The callback receives records of other streams.
        line: The current line.
        place: Where it is, in words.
        failure: The error that ended reading before the end of the input, if there was one.
        stop_signal: Number of the signal that ended reading, if there was one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._decode_any = msgspec.json.Decoder().decode
        self._decode_exactly = msgspec.json.Decoder(float_hook=parse_json_float).decode
        self._message_types: list[type[msgspec.Struct]] = []
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._waiting = False
        self.before_read: Callable[[], None] = _do_nothing
        self.while_waiting: Callable[[], AbstractContextManager[None]] = nullcontext
        self.process_member_message: Callable[[dict[str, Any]], None] = self._process_unknown_message
        self.record_receivers: dict[str, RecordReceiver] = {}
        self._callbacks: _Callbacks = {}
        self._counts: Counter[str] = Counter()
        self._source, self._advice = _INPUT, _ADVICE
        self._line_number = 0
        self.line = b""
        self.failure: Exception | None = None
        self.stop_signal: int | None = None

    @property
    def default_input(self) -> IO[bytes]:
        """Standard input, as bytes.

        Raises:
            InputError: If it is closed.
        """
        if sys.stdin is None:
            raise InputError("standard input is closed: pipe a tap's messages into it, or name a file with --input")
        return sys.stdin.buffer

    def process_lines(self, file_input: IO[bytes] | None, callbacks: _Callbacks) -> Counter[str]:
        """Process all messages, until the input ends, an error occurs or `stop` is called.

        An error is not raised but kept in `failure`, because the messages before it must still be loaded.

        Args:
            file_input: Messages, one in each line; None for standard input.
            callbacks: Message type to the function that processes such a message.

        Returns:
            How many messages of each type were processed.
        """
        self._callbacks = callbacks
        try:
            for lines in self._chunks(file_input or self.default_input):
                self._process_lines(lines)
        except Exception as failure:  # noqa: BLE001 - raised again after the messages before it are loaded
            self.failure = failure
        return self._counts

    @property
    def place(self) -> str:
        """The place of the current line, such as `line 3 of the input`."""
        return f"line {self._line_number:,} of {self._source}"

    def process_record_lines(self, lines: list[bytes], source: str, first: int = 1) -> None:
        """Process RECORD messages that another message stands for: those of a file that a BATCH names.

        Args:
            lines: The messages.
            source: The name of the file.
            first: Number of the first of these lines in the file, from 1.

        Raises:
            InputError: If a line is not a RECORD message.
        """
        outer = self._source, self._advice, self._line_number, self.line
        self._source, self._advice, self._line_number = source, _ADVICE_FOR_FILES, first - 1
        try:
            self._process_lines(lines)
        finally:
            self._source, self._advice, self._line_number, self.line = outer

    def _process_lines(self, lines: list[bytes]) -> None:
        """Process the messages of some lines: RECORD messages together where their types accept them, others alone."""
        processed, lines_before = 0, self._line_number
        remaining = iter(lines)
        while processed < len(lines) and self.stop_signal is None:
            if messages := self._decode_prefix(remaining):
                self._process_records(messages, lines[processed : processed + len(messages)])
                self._counts[_RECORD] += len(messages)
                processed += len(messages)
                self._line_number = lines_before + processed
            if processed < len(lines) and self.stop_signal is None:
                self.line = lines[processed]
                processed += 1
                self._line_number = lines_before + processed
                self._process_line()

    def _decode_prefix(self, remaining: Iterator[bytes]) -> list[Any]:
        """Return the RECORD messages of the next lines, up to the first line that no receiver's type accepts.

        That line is taken from the iterator, too.
        """
        messages: list[Any] = []
        decoder = self._get_record_decoder()
        if decoder is None:
            next(remaining)
        else:
            # The messages before the line that raises stay in the list.
            with suppress(*_UNREADABLE):
                messages.extend(map(decoder.decode, remaining))
        return messages

    def _get_record_decoder(self) -> msgspec.json.Decoder[Any] | None:
        """Return a decoder of the RECORD messages of all streams that have a type. It refuses all other lines."""
        receivers = self.record_receivers.values()
        types = [receiver.message_type for receiver in receivers if receiver.message_type is not None]
        if types != self._message_types:
            self._message_types = types
            self._decoder = None
            if types:
                union = reduce(or_, types, self._create_dummy_type())
                self._decoder = msgspec.json.Decoder(union, float_hook=parse_json_float)
        return self._decoder

    def _create_dummy_type(self) -> type[msgspec.Struct]:
        """Return a message type that no line matches.

        msgspec requires the tag, the name of the stream, only in a union of two or more types.
        """
        name = "-" * (1 + max(map(len, self.record_receivers)))
        return msgspec.defstruct("NoStream", [("type", _NO_VALUE)], tag_field="stream", tag=name)

    def _process_records(self, messages: list[Any], lines: Sequence[bytes]) -> None:
        """Process RECORD messages of any streams. Those of one List are processed in the order of their lines."""
        receivers = {receiver.message_type: receiver for receiver in self.record_receivers.values()}
        types = set(map(type, messages))
        if len(types) == 1:
            receivers[types.pop()].process_messages(messages, lines)
            return
        indexes_by_list: dict[str, list[int]] = {}
        indexes_by_type: dict[type, list[int]] = {}
        for message_type in types:
            list_api_name = receivers[message_type].list_api_name
            indexes_by_type[message_type] = indexes_by_list.setdefault(list_api_name, [])
        for index, message in enumerate(messages):
            indexes_by_type[message.__class__].append(index)
        for indexes in indexes_by_list.values():
            for message_type, run in groupby(indexes, lambda index: messages[index].__class__):
                chosen = list(run)
                receivers[message_type].process_messages(
                    [messages[index] for index in chosen], [lines[index] for index in chosen]
                )

    def _process_line(self) -> None:
        """Process the current line, which is not a RECORD message of a receiver's type."""
        try:
            message = self._decode_any(self.line)
        except _UNREADABLE:
            message = self.deserialize_json(self.line)
        if message is None and not self.line.strip():
            return
        if not isinstance(message, dict):
            raise InputError(f"{self.place} is not a JSON object: check what the tap prints")
        if message.get("type") == _RECORD and isinstance(message.get("record"), dict):
            # Only records need exact numbers. A SCHEMA and a STATE need plain floats.
            message = self._decode_with_exact_numbers(message)
        message_type, stream, record = message.get("type"), message.get("stream"), message.get("record")
        if message_type == MEMBER_TYPE:
            self.process_member_message(message)
        elif not isinstance(message_type, str) or message_type not in self._callbacks:
            self._process_unknown_message(message)
        elif (
            message_type == _RECORD
            and isinstance(stream, str)
            and isinstance(record, dict)
            and stream in self.record_receivers
        ):
            self.record_receivers[stream].process_dict(record, self.line)
        else:
            self._callbacks[message_type](message)
        self._counts[str(message_type)] += 1

    def _decode_with_exact_numbers(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return the current line's message with all digits of its numbers; `message` if the line is not JSON."""
        with suppress(*_UNREADABLE):
            message = self._decode_exactly(self.line)
        return message

    def stop(self, signum: int) -> None:
        """Stop reading after the current message. Call this from a signal handler in the thread that reads."""
        self.stop_signal = signum
        if self._waiting:
            raise _StopReading

    def deserialize_json(self, line: bytes) -> Any:  # noqa: ANN401 - JSON
        """Return a line's value, also if the line is not strict JSON; None for a blank line.

        Raises:
            InputError: If the line is not JSON at all.
        """
        if not line.strip():
            return None
        try:
            return lenient_json.loads(line, exact=b'"RECORD"' in line)
        except (ValueError, RecursionError):
            # The line of a file has become a longer one, with a message around it.
            advice = f"{len(line):,} bytes; {self._advice}" if self._source == _INPUT else self._advice
            raise InputError(f"{self.place} is not valid JSON: {advice}") from None

    def assert_line_requires(self, line_dict: dict[str, Any], requires: set[str]) -> None:  # type: ignore[override]
        """Check that a message has the required keys.

        The SDK's own method prints the message.

        Raises:
            InputError: If keys are missing. The message names them.
        """
        missing = sorted(requires - line_dict.keys())
        if missing:
            raise InputError(f"{self.place} lacks {', '.join(missing)}: check what the tap prints")

    def _process_unknown_message(self, message_dict: dict[str, Any]) -> NoReturn:
        message_type = message_dict.get("type")
        if isinstance(message_type, str):
            raise InputError(f"{self.place} has the unknown message type {message_type[:_MAX_TYPE_LENGTH]!r}")
        raise InputError(f"{self.place} lacks a message type: check what the tap prints")

    def _chunks(self, stream: IO[Any]) -> Iterator[list[bytes]]:
        """Yield the complete lines of each chunk when it arrives. The last line of the input can lack its newline."""
        source = getattr(stream, "buffer", stream)
        if not hasattr(source, "readinto1"):
            for line in source:
                yield [line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line]
            return
        _enlarge_pipe(source)
        # All of the input goes through one buffer: reading into memory that is already in use is much faster.
        buffer = bytearray(_CHUNK_BYTES)
        kept = 0
        while count := self._read(source, memoryview(buffer)[kept:]):
            filled = kept + count
            end = buffer.rfind(b"\n", kept, filled) + 1
            if end:
                yield bytes(memoryview(buffer)[: end - 1]).split(b"\n")
                buffer[: filled - end] = buffer[end:filled]
            kept = filled - end
            if kept > len(buffer) // 2:
                buffer = buffer.ljust(2 * len(buffer))
        # After a signal, the rest is not a complete line.
        if self.stop_signal is None and kept:
            yield [bytes(memoryview(buffer)[:kept])]

    def _read(self, source: Any, buffer: memoryview) -> int:  # noqa: ANN401 - any binary stream with readinto1
        """Wait for bytes and return how many were read; 0 at the end of the input, or after a signal."""
        while self.stop_signal is None:
            self.before_read()
            with self.while_waiting():
                try:
                    self._waiting = True
                    if self.stop_signal is None and _is_ready(source):
                        return cast("int", source.readinto1(buffer))
                except _StopReading:
                    break
                except OSError as error:
                    raise InputError(f"the input cannot be read: {error.strerror or error}") from None
                finally:
                    self._waiting = False
        return 0


def _do_nothing() -> None:
    pass


def _enlarge_pipe(source: Any) -> None:  # noqa: ANN401 - any binary stream
    """Let a pipe hold more than the usual 64 KiB, if possible. Small chunks cost 10 % more time for each record."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError, ValueError):
            fcntl.fcntl(source.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _is_ready(source: Any) -> bool:  # noqa: ANN401 - any binary stream
    """Wait up to a second; return whether there is input. Return true if it is not possible to wait."""
    try:
        ready, _, _ = select.select([source.fileno()], [], [], _IDLE_SECONDS)
    except (OSError, ValueError):
        return True
    return bool(ready)
