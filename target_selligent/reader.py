"""Lines to Singer messages: fast, exact, and without ever repeating a line in a message."""

from __future__ import annotations

import select
import sys
from collections import Counter
from contextlib import suppress
from functools import reduce
from itertools import groupby, islice
from operator import or_
from typing import IO, TYPE_CHECKING, Annotated, Any, NoReturn, Protocol, cast

import msgspec
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_selligent import lenient_json
from target_selligent.errors import InputError
from target_selligent.exact_numbers import parse_json_float
from target_selligent.reject_lines import MEMBER_TYPE

if sys.platform == "linux":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    _Callbacks = dict[str, Callable[[dict[str, Any]], None]]

_CHUNK_BYTES = 1 << 18
_PIPE_BYTES = 1 << 20
"""What Linux allows every user (`/proc/sys/fs/pipe-max-size`)."""
_IDLE_SECONDS = 1.0
_IMPOSSIBLE = Annotated[int, msgspec.Meta(gt=0, lt=0)]
_RECORD = "RECORD"
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_MAX_SHOWN_TYPE = 40


class _StopReading(BaseException):
    """Leaves a blocked read when a signal arrives."""


class RecordReceiver(Protocol):
    """What takes the RECORDs of a stream, many at once."""

    @property
    def message_type(self) -> type[msgspec.Struct] | None:
        """What its RECORDs are decoded to; None if each is to be taken alone. It may change with every call."""

    @property
    def list_api_name(self) -> str:
        """Where they go: streams with the same one must be taken in the order of their lines."""

    def process_messages(self, messages: Sequence[Any], lines: Sequence[bytes]) -> None:
        """Take RECORDs of its type that followed each other in their stream, and the line of each."""

    def process_dict(self, record: dict[str, Any], line: bytes) -> None:
        """Take the record of a line that is not of its type."""


class MessageReader(GenericSingerReader[bytes]):
    """Reads messages from bytes or text, one a line.

    Integers of any size stay exact. What is no strict JSON but was meant to be (NaN, lone surrogates, a byte order
    mark) is still read, so that the record at fault can be rejected alone.

    Attributes:
        before_read: Called before each wait for input, and about once a second while there is none.
        process_member_message: Called with each message for a Segment member of a rejects file.
        record_receivers: Stream to what takes its records. Those of other streams go through the callback, one by one.
        line: The line that is worked on.
        line_number: Its number, from 1.
        failure: Why reading ended before the end of the input, if it failed.
        stop_signal: Number of the signal that ended reading, if one did.
    """

    def __init__(self) -> None:
        super().__init__()
        self._decode_any = msgspec.json.Decoder().decode
        self._decode_exactly = msgspec.json.Decoder(float_hook=parse_json_float).decode
        self._message_types: list[type[msgspec.Struct]] = []
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._waiting = False
        self.before_read: Callable[[], None] = _do_nothing
        self.process_member_message: Callable[[dict[str, Any]], None] = self._process_unknown_message
        self.record_receivers: dict[str, RecordReceiver] = {}
        self.line_number = 0
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
        """Hand each message to the callback of its type, until the input ends, something fails or `stop` is called.

        What fails is kept in `failure` rather than raised: what was read before it is whole and shall be loaded.

        Args:
            file_input: Messages, one a line; None for standard input.
            callbacks: Message type to what takes such a message.

        Returns:
            How many messages of each type were taken.
        """
        counts: Counter[str] = Counter()
        try:
            for lines in self._chunks(file_input or self.default_input):
                self._process_lines(lines, callbacks, counts)
        except Exception as failure:  # noqa: BLE001 - raised again when what came before it is loaded
            self.failure = failure
        return counts

    def _process_lines(self, lines: list[bytes], callbacks: _Callbacks, counts: Counter[str]) -> None:
        """Hand on the messages of some lines, RECORDs of one stream together as far as their types take them."""
        index, before = 0, self.line_number
        decoder: msgspec.json.Decoder[Any] | None = None
        decoded: Iterator[Any] = iter(())
        while index < len(lines) and self.stop_signal is None:
            if decoder is not (current := self._record_decoder()):
                decoder = current
                decoded = map(current.decode, islice(lines, index, None)) if current is not None else iter(())
            messages: list[Any] = []
            # What is decoded before the first line that is not stays in the list.
            with suppress(*_UNREADABLE):
                messages.extend(decoded)
            if messages:
                self._take(messages, lines[index : index + len(messages)])
                counts[_RECORD] += len(messages)
                index += len(messages)
                self.line_number = before + index
            if index < len(lines) and self.stop_signal is None:
                self.line = lines[index]
                index += 1
                self.line_number = before + index
                self._process_line(callbacks, counts)

    def _record_decoder(self) -> msgspec.json.Decoder[Any] | None:
        """Return what decodes the RECORDs of all streams that have a type, and refuses everything else."""
        types = [taker.message_type for taker in self.record_receivers.values() if taker.message_type is not None]
        if types != self._message_types:
            self._message_types = types
            self._decoder = (
                msgspec.json.Decoder(reduce(or_, types, self._no_stream()), float_hook=parse_json_float)
                if types
                else None
            )
        return self._decoder

    def _no_stream(self) -> type[msgspec.Struct]:
        """Return a type of message that no line is of: among several types, msgspec insists on the stream's name."""
        name = "-" * (1 + max(map(len, self.record_receivers)))
        return msgspec.defstruct("NoStream", [("type", _IMPOSSIBLE)], tag_field="stream", tag=name)

    def _take(self, messages: list[Any], lines: Sequence[bytes]) -> None:
        """Hand on RECORDs, in the order of their lines where they go to the same List."""
        takers = {taker.message_type: taker for taker in self.record_receivers.values()}
        types = set(map(type, messages))
        if len(types) == 1:
            takers[types.pop()].process_messages(messages, lines)
            return
        indexes_of: dict[str, list[int]] = {}
        places = {kind: indexes_of.setdefault(takers[kind].list_api_name, []) for kind in types}
        for index, message in enumerate(messages):
            places[message.__class__].append(index)
        for indexes in indexes_of.values():
            for kind, run in groupby(indexes, lambda index: messages[index].__class__):
                chosen = list(run)
                takers[kind].process_messages([messages[index] for index in chosen], [lines[index] for index in chosen])

    def _process_line(self, callbacks: _Callbacks, counts: Counter[str]) -> None:
        """Hand on a message that is no RECORD of a known type."""
        try:
            message = self._decode_any(self.line)
        except _UNREADABLE:
            message = self.deserialize_json(self.line)
        if message is None and not self.line.strip():
            return
        if not isinstance(message, dict):
            raise InputError(f"line {self.line_number} of the input is not a JSON object: check what the tap prints")
        if message.get("type") == _RECORD and isinstance(message.get("record"), dict):
            # Of the others, a SCHEMA and a STATE want plain numbers.
            message = self._exactly(message)
        message_type, stream, record = message.get("type"), message.get("stream"), message.get("record")
        if message_type == MEMBER_TYPE:
            self.process_member_message(message)
        elif not isinstance(message_type, str) or message_type not in callbacks:
            self._process_unknown_message(message)
        elif (
            message_type == _RECORD
            and isinstance(stream, str)
            and isinstance(record, dict)
            and stream in self.record_receivers
        ):
            self.record_receivers[stream].process_dict(record, self.line)
        else:
            callbacks[message_type](message)
        counts[str(message_type)] += 1

    def _exactly(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return a RECORD message with all digits of its numbers."""
        with suppress(*_UNREADABLE):
            message = self._decode_exactly(self.line)
        return message

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
            return lenient_json.loads(line, exact=b'"RECORD"' in line)
        except (ValueError, RecursionError):
            raise InputError(
                f"line {self.line_number} of the input is not valid JSON ({len(line):,} bytes): "
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

    def _process_unknown_message(self, message_dict: dict[str, Any]) -> NoReturn:
        message_type = message_dict.get("type")
        if isinstance(message_type, str):
            raise InputError(
                f"line {self.line_number} of the input has the unknown message type {message_type[:_MAX_SHOWN_TYPE]!r}"
            )
        raise InputError(f"line {self.line_number} of the input lacks a message type: check what the tap prints")

    def _chunks(self, stream: IO[Any]) -> Iterator[list[bytes]]:
        """Yield the whole lines of each chunk as it arrives; the very last line may lack its newline."""
        source = getattr(stream, "buffer", stream)
        if not hasattr(source, "readinto1"):
            for line in source:
                yield [line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line]
            return
        _enlarge_pipe(source)
        # One buffer for all of the input: memory that is in use already is read into far faster than new memory.
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
        # Where a signal ended reading, what has been started is no line.
        if self.stop_signal is None and kept:
            yield [bytes(memoryview(buffer)[:kept])]

    def _read(self, source: Any, buffer: memoryview) -> int:  # noqa: ANN401 - any binary stream with readinto1
        """Wait for bytes and return how many there are; 0 at the end of the input, or when a signal asks to stop."""
        while self.stop_signal is None:
            self.before_read()
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
    """Let a pipe hold more than the usual 64 KiB, where the system can: small chunks cost a tenth more each record."""
    if sys.platform == "linux":
        with suppress(AttributeError, OSError, ValueError):
            fcntl.fcntl(source.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _is_ready(source: Any) -> bool:  # noqa: ANN401 - any binary stream
    """Wait a second for input; true if there is some, or where one cannot wait for it."""
    try:
        ready, _, _ = select.select([source.fileno()], [], [], _IDLE_SECONDS)
    except (OSError, ValueError):
        return True
    return bool(ready)
