"""A TCP line to a server of this machine that is slow, or that is lost."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self

HOST = "127.0.0.1"

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CHUNK = 8192
_SLOW_BUFFER = 16_384


_DRIP_SECONDS = 0.1


@dataclass(frozen=True)
class Trouble:
    """What becomes of a connection.

    Args:
        after: The bytes that come from the client before.
        kind: `reset`: it is reset. `close`: it ends by a FIN alone, as when the program behind it has died. `late`: it
            ends so after a 408, as servers answer to a body that takes too long; over http only. `drip`: ten bytes of
            each second's answers come through.
    """

    after: int
    kind: Literal["reset", "close", "late", "drip"]


class Line:
    """Listens on a port of its own and passes on whatever comes; a context manager.

    Args:
        base_url: Address of the server, `http://127.0.0.1:...` or `https://127.0.0.1:...`.
        up: Bytes a second that it takes from a client, all connections together; None for any.
        troubles: What becomes of the first connections that come so far, one after the other.
    """

    def __init__(self, base_url: str, *, up: float | None = None, troubles: Sequence[Trouble] = ()) -> None:
        self._scheme, _, address = base_url.partition("://")
        self._port = int(address.rpartition(":")[2])
        self._up = up
        self._troubles = list(troubles)
        self.happened = 0
        self._socket = socket.socket()
        if up is not None:
            # What waits here has not arrived: a large buffer would take a whole body at once.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_BUFFER)
        self._socket.bind((HOST, 0))
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._over = asyncio.Event()
        self._uploading = asyncio.Lock()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    @property
    def base_url(self) -> str:
        """Its own address."""
        return f"{self._scheme}://{HOST}:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connect, sock=self._socket, limit=_CHUNK)
        self._listening.set()
        await self._over.wait()
        server.close()
        ours = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in ours:
            task.cancel()
        await asyncio.gather(*ours, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, behind = await asyncio.open_connection(HOST, self._port, limit=_CHUNK)
        dripping = asyncio.Event()
        sending = asyncio.create_task(self._send(reader, behind, dripping))
        answering = asyncio.create_task(_answer(answers, writer, dripping))
        try:
            await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            answering.cancel()
            results = await asyncio.gather(sending, answering, return_exceptions=True)
        kind = "reset" if any(isinstance(result, OSError) for result in results) else "end"
        for end in (writer, behind):
            _end(end, results[0] if isinstance(results[0], str) else kind)

    async def _send(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dripping: asyncio.Event
    ) -> str | None:
        """Pass on what the client sends; return how the connection is to be lost, if it is."""
        count = 0
        while True:
            if self._troubles and count >= self._troubles[0].after:
                self.happened += 1
                kind = self._troubles.pop(0).kind
                if kind != "drip":
                    return kind
                dripping.set()
            data = await reader.read(_CHUNK)
            if not data:
                return None
            if self._up is not None:
                async with self._uploading:
                    await asyncio.sleep(len(data) / self._up)
            count += len(data)
            writer.write(data)
            await writer.drain()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dripping: asyncio.Event) -> None:
    """Pass on what the server answers."""
    while data := await reader.read(_CHUNK):
        rest = data
        while rest:
            size = 1 if dripping.is_set() else len(rest)
            writer.write(rest[:size])
            await writer.drain()
            rest = rest[size:]
            if dripping.is_set():
                await asyncio.sleep(_DRIP_SECONDS)


def _end(writer: asyncio.StreamWriter, kind: str) -> None:
    """End a connection: by a reset, by a FIN alone, or after what was sent."""
    if kind == "end":
        writer.close()
        return
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if kind == "late":
            writer.write(_TOO_LATE)
        if kind == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        else:
            # Where unread bytes wait, closing alone would reset it.
            connection.shutdown(socket.SHUT_WR)
    writer.transport.abort()
