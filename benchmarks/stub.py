"""A Selligent that costs next to nothing: it counts calls and rows and answers everything with success.

It speaks just enough of the API for a run of the target, over HTTP/1.1 with keep-alive, from a process of its own.
Bodies are not kept: their rows are counted by their brackets, so the messages of this benchmark hold none in their
texts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

COUNTS_PATH = "/_stub/counts"
_BUFFER_BYTES = 1 << 20
_PAGE = 1000
"""Segments in an overview, however many are asked for: one page is all that is ever asked for here."""
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_LOADED = {
    "result_code": "Succeeded",
    "number_of_inserted_records": 0,
    "number_of_updated_records": 0,
    "number_of_failed_records": 0,
    "invalid_records": [],
}
_SEARCH = b"/data/search"
_AFTER = re.compile(rb'"field_value":\s*"(\d+)"')
_TAKE = re.compile(rb'"take":\s*(\d+)')
_BUSY = {"errors": [{"error_code": "TooManyRequests", "description": "Another bulk operation is running"}]}


@dataclass(slots=True)
class Counts:
    """What has arrived since the last time somebody asked.

    Attributes:
        list_loads: Calls that load rows into a List.
        segment_loads: Calls that load members into a Segment.
        removals: Calls that remove members from a Segment.
        other: All other calls: Lists, fields and Segments that are looked up, and members that are read.
        refused: Loads refused because another one was running on the same List.
        list_rows: Rows of the List loads.
        segment_rows: Rows of the Segment loads.
        removed_rows: Rows of the removals.
        body_bytes: Bytes of all bodies.
    """

    list_loads: int = 0
    segment_loads: int = 0
    other: int = 0
    refused: int = 0
    list_rows: int = 0
    segment_rows: int = 0
    removals: int = 0
    removed_rows: int = 0
    body_bytes: int = 0

    @property
    def loads(self) -> int:
        """Loads of either kind."""
        return self.list_loads + self.segment_loads


class Stub:
    """What all connections share: answers and counts.

    Args:
        fields: Fields of every List, as `GET fields` answers them.
        segments: API names of the Segments of every List.
        latency: Seconds that every call takes.
        members: What a search of a Segment finds: `records` keys, which the Segments hold in turn, and `left` keys
            in each of them that no message names.
        one_at_a_time: Whether a load is refused while another one runs on its List.
        row_latency: Seconds that every row of a List load takes beyond that.
    """

    def __init__(  # noqa: PLR0913 - what it answers, and how fast
        self,
        fields: list[dict[str, Any]],
        segments: list[str],
        latency: float,
        members: dict[str, int] | None = None,
        *,
        one_at_a_time: bool,
        row_latency: float = 0,
    ) -> None:
        self._latency, self._row_latency = latency, row_latency
        self._members = members or {"records": 0, "left": 0}
        self._fields = _response(200, {"fields": fields})
        self._segments = [{"api_name": name, "segment_type": "Static"} for name in segments]
        self._loaded = _response(200, _LOADED)
        self._busy = _response(429, _BUSY)
        self._one_at_a_time = one_at_a_time
        self._running: set[str] = set()
        self._counts = Counts()

    def begin(self, method: str, path: str, rows: int, size: int, search: bytes) -> bytes:
        """Count a call and return the response it gets once the latency is over.

        Args:
            method: Its method.
            path: Its path.
            rows: Arrays in its body, less one.
            size: Bytes of its body.
            search: Its body if it is a search, else empty.
        """
        if path == COUNTS_PATH:
            counts, self._counts = self._counts, Counts()
            return _response(200, asdict(counts))
        self._counts.body_bytes += size
        _, _, below = path.partition("/lists/")
        name, *rest = below.split("/")
        if method == "POST" and rest[-2:] == ["data", "load"]:
            return self._load(name, rows, to_list=rest[0] == "data")
        if method == "DELETE" and rest[-1:] == ["data"]:
            self._counts.removals += 1
            self._counts.removed_rows += rows
            return self._loaded
        self._counts.other += 1
        return self._look_up(name, rest, search)

    def seconds_for(self, path: str, rows: int) -> float:
        """Return how long the response to a call is kept back.

        Args:
            path: Its path.
            rows: Arrays in its body, less one.
        """
        if path == COUNTS_PATH:
            return 0
        loads_list = path.endswith("/data/load") and "/segments/" not in path
        return self._latency + (rows * self._row_latency if loads_list else 0)

    def _look_up(self, name: str, rest: list[str], search: bytes) -> bytes:
        if rest[-1:] == ["search"]:
            return _response(200, {"data": self._find_members(rest[1], search) if rest[0] == "segments" else []})
        if rest == ["fields"]:
            return self._fields
        if rest == ["segments"]:
            return _response(200, {"segments": self._segments[:_PAGE]})
        if rest[:1] == ["segments"]:
            return _response(200, {"api_name": rest[1], "type": "Static"})
        return _response(200, {"api_name": name, "type": "Userlist", "description": ""})

    def end(self, path: str, response: bytes) -> None:
        """Note that the response to a call leaves now."""
        if response is self._loaded:
            self._running.discard(path.partition("/lists/")[2].partition("/")[0])

    def _load(self, name: str, rows: int, *, to_list: bool) -> bytes:
        if self._one_at_a_time and name in self._running:
            self._counts.refused += 1
            return self._busy
        self._running.add(name)
        if to_list:
            self._counts.list_loads += 1
            self._counts.list_rows += rows
        else:
            self._counts.segment_loads += 1
            self._counts.segment_rows += rows
        return self._loaded

    def _find_members(self, segment: str, search: bytes) -> list[tuple[int, str]]:
        """Return one page of the members of a Segment: record number and key, in the order of record numbers."""
        after, take = _AFTER.search(search), _TAKE.search(search)
        numbers = range(
            [item["api_name"] for item in self._segments].index(segment), self._members["records"], len(self._segments)
        )
        skipped = 0 if after is None else int(after[1])
        count = int(take[1]) if take is not None else _PAGE
        found = [(place + 1, f"C{numbers[place]:09d}") for place in range(len(numbers))[skipped : skipped + count]]
        first_left = max(skipped, len(numbers))
        end = min(len(numbers) + self._members["left"], skipped + count)
        return found + [(place + 1, f"L{place:09d}") for place in range(first_left, end)]


class _Connection(asyncio.BufferedProtocol):
    """One connection; requests come one after the other, as all contenders send them.

    Args:
        stub: Answers.
    """

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._buffer = bytearray(_BUFFER_BYTES)
        self._head = bytearray()
        self._search = bytearray()
        self._searches = False
        self._missing = 0
        self._size = 0
        self._brackets = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - the buffer is large enough
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._missing:
            self._take_body(0, nbytes)
            return
        before = len(self._head)
        self._head += self._buffer[:nbytes]
        end = self._head.find(_END_OF_HEAD)
        if end < 0:
            return
        end += len(_END_OF_HEAD)
        del self._head[end:]
        lower = bytes(self._head).lower()
        at = lower.find(_LENGTH)
        self._size = self._missing = int(lower[at + len(_LENGTH) : lower.index(b"\r", at)]) if at >= 0 else 0
        self._brackets = 0
        self._searches = _SEARCH in self._head[: self._head.index(b"\r")]
        self._take_body(end - before, nbytes)

    def _take_body(self, start: int, stop: int) -> None:
        self._brackets += self._buffer.count(b"[", start, stop)
        self._missing -= stop - start
        if self._searches:
            self._search += self._buffer[start:stop]
        if self._missing:
            return
        method, target, _ = bytes(self._head).split(b" ", 2)
        self._head.clear()
        path = target.partition(b"?")[0].decode()
        search = bytes(self._search)
        self._search.clear()
        rows = max(0, self._brackets - 1)
        response = self._stub.begin(method.decode(), path, rows, self._size, search)
        if seconds := self._stub.seconds_for(path, rows):
            asyncio.get_running_loop().call_later(seconds, self._answer, path, response)
        else:
            self._answer(path, response)

    def _answer(self, path: str, response: bytes) -> None:
        self._stub.end(path, response)
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(response)


def _response(status: int, body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def _serve(stub: Stub) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(stub), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Serve until terminated; the port is the first line of the output."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stub", description=__doc__)
    parser.add_argument("--has", type=Path, required=True, help="JSON file: `fields` and `segments` of every List")
    parser.add_argument("--latency-ms", type=float, default=0, help="what every call takes")
    parser.add_argument(
        "--row-latency-us", type=float, default=0, help="what every row of a List load takes beyond that"
    )
    parser.add_argument("--one-at-a-time", action="store_true", help="refuse a load while one runs on the same List")
    options = parser.parse_args()
    has = json.loads(options.has.read_text(encoding="utf-8"))
    stub = Stub(
        **has,
        latency=options.latency_ms / 1000,
        row_latency=options.row_latency_us / 1_000_000,
        one_at_a_time=options.one_at_a_time,
    )
    asyncio.run(_serve(stub))


if __name__ == "__main__":
    main()
