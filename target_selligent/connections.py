"""HTTP connections that know how far a call has come, and end it in time.

urllib3's time-outs hold for single reads, and the one for connecting also for sending. Here the time that is left of a
call's own limits is set before each write and each read, so that neither a slow line nor an answer that trickles in
can pass them: with and without TLS, through proxies, on new and on kept connections.
"""

from __future__ import annotations

import contextlib
import errno
import io
import math
import socket
import ssl
import threading
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from target_selligent.uplink import BUFFERED_BYTES

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Buffer, Self

_PIECE_BYTES = 64 << 10
_SHORTEST_WAIT = 0.001
_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)

_running = threading.local()


class Attempt:
    """One try of a call, by the thread that makes it; a context manager.

    Args:
        send_seconds: Longest time in which the request may leave.
        response_seconds: Longest time after that, to the answer's last byte.
    """

    def __init__(self, send_seconds: float, response_seconds: float) -> None:
        self._send_seconds = send_seconds
        self._answer_seconds = response_seconds
        self._started: float | None = None
        self._left: float | None = None
        self._ends = math.inf
        self.sent_bytes = 0
        self.sent = False

    def __enter__(self) -> Self:
        _running.attempt = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _running.attempt = None

    @property
    def connected(self) -> bool:
        """Whether the request began to leave."""
        return self._started is not None

    @property
    def uploading(self) -> float:
        """Seconds from when the request began to leave until it had left, or until now."""
        if self._started is None:
            return 0.0
        return (self._left or time.monotonic()) - self._started

    @property
    def over(self) -> bool:
        """Whether the time is used up."""
        return time.monotonic() >= self._ends

    def limit(self, sock: socket.socket) -> None:
        """Let a socket's next read or write take no longer than what is left; connecting has a time-out of its own."""
        if self._started is not None:
            sock.settimeout(max(_SHORTEST_WAIT, self._ends - time.monotonic()))

    def start(self) -> None:
        """Note that the connection is there and the request begins to leave."""
        self._started = time.monotonic()
        self._ends = self._started + self._send_seconds

    def finish_sending(self) -> None:
        """Note that the whole request has left."""
        self.sent = True
        self._left = time.monotonic()
        self._ends = self._left + self._answer_seconds


class TimedAdapter(HTTPAdapter):
    """Sends requests over connections that keep to the `Attempt` of their thread."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - handed on
        """Make the pools of connections through a proxy."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _TimedReader(io.RawIOBase):
    """Reads an answer from a socket, each time no longer than the attempt may still take."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, attempt: Attempt) -> None:
        self._raw = raw
        self._sock = sock
        self._attempt = attempt

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        self._attempt.limit(self._sock)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """An answer that is read in time."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, _running.attempt))


class _Timed(HTTPConnection):
    """What plain and TLS connections have in common."""

    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        if _NOTSENT_LOWAT is not None:
            # With more waiting on this machine, a body would seem to have left long before it has.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, BUFFERED_BYTES)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        if self.sock is None:
            self.connect()
        attempt: Attempt = _running.attempt
        attempt.start()
        super().request(*args, **kwargs)
        attempt.finish_sending()

    def send(self, data: Buffer) -> None:  # type: ignore[override]  # urllib3 hands on our bytes
        attempt: Attempt = _running.attempt
        whole = memoryview(data)
        for start in range(0, len(whole), _PIECE_BYTES):
            piece = whole[start : start + _PIECE_BYTES]
            attempt.limit(self.sock)
            try:
                self.sock.sendall(piece)
            except ssl.SSLError as error:
                # As it is without TLS: urllib3 then looks for an answer that came before the connection went.
                raise ConnectionResetError(errno.ECONNRESET, str(error)) from error
            attempt.sent_bytes += len(piece)


class _TimedHttpConnection(_Timed):
    pass


class _TimedHttpsConnection(_Timed, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _TimedHttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHttpsConnection


_POOLS = {"http": _HttpPool, "https": _HttpsPool}
