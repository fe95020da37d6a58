"""A TCP proxy before a server of this machine: it is slow, or it breaks connections."""

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
_REQUEST_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_CHUNK = 8192
_SLOW_BUFFER = 16_384
_DRIP_SECONDS = 0.1


@dataclass(frozen=True)
class ConnectionFault:
    """How a connection is disturbed.

    Args:
        after_bytes: Number of bytes that the client sends before.
        kind: `reset`: the connection is reset. `close`: it ends with a FIN, as when the server process has died.
            `request_timeout`: the same after a 408, which servers send when a body takes too long; over http only.
            `drip`: ten bytes a second of the answers get through.
    """

    after_bytes: int
    kind: Literal["reset", "close", "request_timeout", "drip"]


class TcpProxy:
    """Listens on its own port and forwards everything; a context manager.

    Args:
        base_url: Address of the server, `http://127.0.0.1:...` or `https://127.0.0.1:...`.
        upload_rate: Bytes a second that it accepts from clients, over all connections; None for no limit.
        faults: How it disturbs the first connections that get so far, one after the other.

    Attributes:
        fault_count: How many connections it has disturbed.
    """

    def __init__(
        self, base_url: str, *, upload_rate: float | None = None, faults: Sequence[ConnectionFault] = ()
    ) -> None:
        self._scheme, _, address = base_url.partition("://")
        self._port = int(address.rpartition(":")[2])
        self._upload_rate = upload_rate
        self._faults = list(faults)
        self.fault_count = 0
        self._socket = socket.socket()
        if upload_rate is not None:
            # A large buffer would accept a whole body at once, whatever the rate.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SLOW_BUFFER)
        self._socket.bind((HOST, 0))
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._stop = asyncio.Event()
        self._uploading = asyncio.Lock()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    @property
    def base_url(self) -> str:
        """Address of the proxy."""
        return f"{self._scheme}://{HOST}:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connect, sock=self._socket, limit=_CHUNK)
        self._listening.set()
        await self._stop.wait()
        server.close()
        ours = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in ours:
            task.cancel()
        await asyncio.gather(*ours, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, behind = await asyncio.open_connection(HOST, self._port, limit=_CHUNK)
        dripping = asyncio.Event()
        sending = asyncio.create_task(self._forward_requests(reader, behind, dripping))
        answering = asyncio.create_task(_forward_answer(answers, writer, dripping))
        try:
            await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            answering.cancel()
            results = await asyncio.gather(sending, answering, return_exceptions=True)
        kind = "reset" if any(isinstance(result, OSError) for result in results) else "end"
        for end in (writer, behind):
            _end(end, results[0] if isinstance(results[0], str) else kind)

    async def _forward_requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dripping: asyncio.Event
    ) -> str | None:
        """Forward what the client sends; return how to break the connection, None if it ended by itself."""
        count = 0
        while True:
            if self._faults and count >= self._faults[0].after_bytes:
                self.fault_count += 1
                kind = self._faults.pop(0).kind
                if kind != "drip":
                    return kind
                dripping.set()
            data = await reader.read(_CHUNK)
            if not data:
                return None
            if self._upload_rate is not None:
                async with self._uploading:
                    await asyncio.sleep(len(data) / self._upload_rate)
            count += len(data)
            writer.write(data)
            await writer.drain()


async def _forward_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dripping: asyncio.Event) -> None:
    """Forward what the server answers."""
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
    """End a connection: with a reset, with a FIN, or after everything is sent."""
    if kind == "end":
        writer.close()
        return
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if kind == "request_timeout":
            writer.write(_REQUEST_TIMEOUT)
        if kind == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        else:
            # Closing a socket with unread bytes would reset the connection.
            connection.shutdown(socket.SHUT_WR)
    writer.transport.abort()
