"""What the reliability tests share: a tap that can start again, the command, and whether each STATE was true."""

from __future__ import annotations

import contextlib
import fcntl
import json
import subprocess
import tempfile
import termios
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import COMMAND, FIRST_OPTIONS, LIST, Message, Tenant, clean_environment, encode

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

BOUND = 100
"""Seconds after which a run counts as endless."""

_POLL = 0.01
_COLUMNS = {"key": "string", "version": "integer", "pad": "string"}

Snapshot = dict[str, Any]


@dataclass(frozen=True)
class Tap:
    """A tap whose STATE says how many records came before it, and that can start again from there.

    A record's version is its position, so that whatever is written says which record it was.

    Args:
        records: Stream, key and Segments of each record.
        state_every: How many records there are between two STATEs.
        pad: Length of a text that each record carries, to make it larger.
    """

    records: tuple[tuple[str, str, tuple[str, ...]], ...]
    state_every: int = 7
    pad: int = 1

    @property
    def streams(self) -> list[str]:
        """Names of the streams, each of which goes to the List of the same name."""
        return sorted({stream for stream, _, _ in self.records})

    def messages(self, position: int = 0) -> Iterator[Message]:
        """Yield the messages of a run that starts after so many records."""
        segments = {"type": ["array", "null"], "items": {"type": "string"}}
        properties = {name: {"type": [kind, "null"]} for name, kind in _COLUMNS.items()} | {"segments": segments}
        for stream in self.streams:
            schema = {"type": "object", "properties": properties}
            yield {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["key"]}
        for index in range(position, len(self.records)):
            stream, key, names = self.records[index]
            values = {"key": key, "version": index + 1, "pad": "x" * self.pad, "segments": list(names)}
            yield {"type": "RECORD", "stream": stream, "record": values}
            if (index + 1) % self.state_every == 0:
                yield {"type": "STATE", "value": {"position": index + 1}}
        yield {"type": "STATE", "value": {"position": len(self.records)}}

    def settings(self) -> dict[str, Any]:
        """Return the settings that send its streams where they belong."""
        own = {stream: {"list_api_name": stream} for stream in self.streams}
        return {"segment_column": "segments", "key_fields": "KEY", "streams": own, "text_field_length": 0}

    def loaded(self, *, option: str = "InsertAndUpdate", first: bool = False, old: Iterable[str] = ()) -> Snapshot:
        """Return what Selligent holds once everything is loaded into new Lists: the model of an undisturbed run.

        Args:
            option: `list_data_import_option`.
            first: Whether the first of several records with the same key wins.
            old: Keys of people that are there before, as version 0; they stay what they are with `OnlyInsert`.
        """
        versions: dict[str, dict[str, int]] = {stream: {} for stream in self.streams}
        members: dict[str, dict[str, set[str]]] = {stream: {} for stream in self.streams}
        for version, (stream, key, names) in enumerate(self.records, 1):
            if not (first and key in versions[stream]):
                versions[stream][key] = version
            for name in names:
                members[stream].setdefault(name, set()).add(key)
        for key in old:
            if option == "OnlyInsert" or key not in versions["people"]:
                versions["people"][key] = 0
        return {
            stream: {
                "records": sorted([key, version] for key, version in versions[stream].items()),
                "segments": {name: sorted(keys) for name, keys in sorted(members[stream].items())},
            }
            for stream in self.streams
        }


class Selligent(Tenant):
    """The emulated Selligent of one case."""

    def refresh(self, **options: Any) -> None:
        """Drop all data, logs and faults, and set every option back but for the given ones: cases share emulators."""
        self.clear_faults()
        self.options(**{**FIRST_OPTIONS, **options})
        self.reset()

    def journal(self, name: str) -> list[dict[str, Any]]:
        """Return all requests or all writes since the last reset."""
        entries: list[dict[str, Any]] = self._admin("GET", name, params={"values": "true"})
        return entries

    def fired(self) -> int:
        """Return how many calls were hit by faults."""
        return sum(fault["fired"] for fault in self._admin("GET", "faults"))

    def seen(self) -> int:
        """Return how many requests were answered."""
        count: int = self._admin("GET", "counters")["requests"]
        return count

    def clear_faults(self) -> None:
        """Drop every fault, and end the hangs."""
        self._admin("DELETE", "faults")

    def snapshot(self, streams: Iterable[str]) -> Snapshot:
        """Return what the Lists hold, in the form of `Tap.loaded`."""
        return {
            stream: {
                "records": sorted(self.rows("KEY", "VERSION", list_api_name=stream)),
                "segments": {
                    name: self.members(name, "KEY", stream) for name in sorted(self.segments(stream))
                },
            }
            for stream in streams
        }  # fmt: skip

    def describe(self, description: str, list_api_name: str = LIST) -> None:
        """Change a List's description."""
        self._api("PUT", f"/lists/{list_api_name}", json={"name": list_api_name, "description": description})

    def prepare(self, old: Sequence[str], segments: Sequence[str]) -> None:
        """Make the List of people with some old members in each of some Segments."""
        self.create_list("people", KEY="Text(50)", VERSION="Long", PAD="LongText")
        self.fill("KEY,VERSION", [[key, 0] for key in old], "people")
        for segment in segments:
            self.create_segment(segment, "people")
            self.join(segment, "KEY", list(old), "people")


@dataclass(frozen=True)
class Finished:
    """A run that is over: its exit code, each STATE with the moment it was read, and its log."""

    returncode: int
    printed: list[tuple[float, Any]]
    stderr: str

    @property
    def position(self) -> int:
        """Where a tap starts again: the last STATE printed."""
        return int(self.printed[-1][1]["position"]) if self.printed else 0

    def complaint(self) -> str:
        """Return the one line with which it failed."""
        assert self.returncode == 1, (self.returncode, self.stderr)
        assert "Traceback" not in self.stderr, self.stderr
        lines = self.stderr.splitlines()
        assert lines[-1].startswith("Error: "), self.stderr
        assert sum(line.startswith("Error: ") for line in lines) == 1, self.stderr
        return lines[-1]


class Command:
    """The installed command, running; a context manager that leaves no process behind.

    Args:
        config: Its config.
        env: Environment variables to add.
    """

    def __init__(self, config: Mapping[str, Any], env: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        self._log = (Path(self._folder.name) / "log").open("w+b")
        self.process = subprocess.Popen(
            [str(COMMAND), "--config", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=self._folder.name,
            env=clean_environment() | dict(env or {}),
        )
        self._printed: list[tuple[float, bytes]] = []
        self._writer: threading.Thread | None = None
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.finish()
        self._log.close()
        self._folder.cleanup()

    @property
    def printed(self) -> int:
        """How many lines it has printed so far."""
        return len(self._printed)

    def write(self, content: bytes) -> None:
        """Write to standard input; what a process that has ended would not read is dropped."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(content)
            self.process.stdin.flush()

    def feed(self, content: bytes, *, close: bool = True) -> None:
        """Write to standard input in the background, as fast as the command reads, and close it then."""

        def write() -> None:
            self.write(content)
            if close:
                self._close()

        self._writer = threading.Thread(target=write)
        self._writer.start()

    @property
    def fed(self) -> bool:
        """Whether everything is written, and read: nothing is left in the pipe."""
        if self._writer is None or self._writer.is_alive():
            return False
        assert self.process.stdin is not None
        waiting = fcntl.ioctl(self.process.stdin.fileno(), termios.FIONREAD, bytes(4))
        return not any(waiting)

    def finish(self) -> Finished:
        """Close standard input once everything is written, and wait for the end."""
        if self._writer is None:
            self._close()
        code = self.process.wait(BOUND)
        if self._writer is not None:
            self._writer.join()
            self._close()
        self._reader.join()
        self._log.seek(0)
        whole = [(moment, json.loads(line)) for moment, line in self._printed if line.endswith(b"\n")]
        return Finished(code, whole, self._log.read().decode())

    def log(self) -> str:
        """Return what it has logged so far."""
        return Path(self._log.name).read_text(encoding="utf-8")

    def wait_until(self, holds: Callable[[], bool]) -> bool:
        """Wait until something holds; false if the process ended before it did."""
        ends = time.monotonic() + BOUND
        while not holds():
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < ends, "it never happened"
            threading.Event().wait(_POLL)
        return True

    def _close(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._printed.append((time.monotonic(), line))


def run(
    config: Mapping[str, Any], messages: Iterable[Message] | bytes, env: Mapping[str, str] | None = None
) -> Finished:
    """Run the command on messages, to its end."""
    with Command(config, env) as command:
        command.write(messages if isinstance(messages, bytes) else encode(messages))
        return command.finish()


@dataclass
class Ledger:
    """What the emulator's log of writes says was there at a moment.

    Args:
        writes: The log.
    """

    writes: list[dict[str, Any]]
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    members: set[tuple[str, str, str]] = field(default_factory=set)
    disorder: list[str] = field(default_factory=list)
    _next: int = 0

    def advance(self, moment: float) -> None:
        """Take in the writes up to a moment."""
        while self._next < len(self.writes) and self.writes[self._next]["monotonic"] <= moment:
            self._take(self.writes[self._next])
            self._next += 1

    def _take(self, write: dict[str, Any]) -> None:
        api_name, segment = write["list"], write["segment"]
        if write["operation"] == "list_load" and "VERSION" in write["fields"]:
            key, version = write["fields"].index("KEY"), write["fields"].index("VERSION")
            for row in write["values"]:
                place = api_name, row[key]
                if row[version] < self.versions.get(place, 0):
                    self.disorder.append(f"{place}: version {row[version]} after {self.versions[place]}")
                self.versions[place] = row[version]
        elif write["operation"] == "segment_load":
            self.members.update((api_name, segment, key) for (key,) in write["keys"])
        elif write["operation"] == "segment_clear":
            self.members = {member for member in self.members if member[:2] != (api_name, segment)}


def untrue(tap: Tap, printed: Sequence[tuple[float, Any]], writes: list[dict[str, Any]], *, newest: bool = True) -> str:
    """Say what was missing when a STATE was printed; an empty text if each one was true.

    Args:
        tap: Where the records came from.
        printed: Each STATE with the moment it was read.
        writes: The emulator's log of writes.
        newest: Whether a record replaces an older one with its key; if not, the key alone must be there.
    """
    ledger = Ledger(writes)
    checked = 0
    for moment, value in printed:
        ledger.advance(moment)
        position = value["position"]
        if position < checked:
            return f"STATE {position} was printed after STATE {checked}"
        for version, (stream, key, names) in enumerate(tap.records[checked:position], checked + 1):
            if ledger.versions.get((stream, key), -1) < (version if newest else 0):
                return f"STATE {position}: record {version} was not in List {stream}"
            for name in names:
                if (stream, name, key) not in ledger.members:
                    return f"STATE {position}: record {version} was no member of {name}"
        checked = position
    return ""


def furthest(tap: Tap, writes: list[dict[str, Any]]) -> int:
    """Return how many records, from the first on, are written for good."""
    ledger = Ledger(writes)
    ledger.advance(float("inf"))
    for index, (stream, key, names) in enumerate(tap.records):
        if ledger.versions.get((stream, key), 0) <= index or not ledger.members.issuperset(
            (stream, name, key) for name in names
        ):
            return index
    return len(tap.records)


def disorder(writes: list[dict[str, Any]]) -> list[str]:
    """Return where an older record of a key was written after a newer one."""
    ledger = Ledger(writes)
    ledger.advance(float("inf"))
    return ledger.disorder


def permissions(path: Path) -> int:
    """Return the permission bits of a file."""
    status: os.stat_result = path.stat()
    return status.st_mode & 0o777
