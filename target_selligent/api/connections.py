"""HTTP connections with a time limit for a whole request and a whole response.

The time-outs of urllib3 apply to single reads, and its connect time-out also applies to sending. So a slow line or a
response that arrives byte by byte could take forever. Here, each write and each read gets the time that is left of the
whole. This works with and without TLS, through proxies, and on new and reused connections.

Time limit for uploads: see docs/selligent-api.md.
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

from target_selligent.api.uplink import BUFFERED_BYTES

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Buffer, Self

_CHUNK_BYTES = 64 << 10
_SHORTEST_WAIT = 0.001
_NOTSENT_LOWAT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)

_thread_local = threading.local()


class Attempt:
    """One try of a call: its time limits and its progress. A context manager; the connections of its thread use it.

    Args:
        send_seconds: Maximum time to send the request, once connected.
        response_seconds: Maximum time after that, until the last byte of the response.

    Attributes:
        sent_bytes: Bytes of the request that were sent.
        is_sent: Whether the whole request was sent.
    """

    def __init__(self, send_seconds: float, response_seconds: float) -> None:
        self._send_seconds = send_seconds
        self._response_seconds = response_seconds
        self._started_at: float | None = None
        self._sent_at: float | None = None
        self._ends_at = math.inf
        self.sent_bytes = 0
        self.is_sent = False

    def __enter__(self) -> Self:
        _thread_local.attempt = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _thread_local.attempt = None

    @property
    def request_started(self) -> bool:
        """Whether sending the request has started."""
        return self._started_at is not None

    @property
    def upload_seconds(self) -> float:
        """Seconds from the first byte of the request until its last byte, or until now."""
        if self._started_at is None:
            return 0.0
        return (self._sent_at or time.monotonic()) - self._started_at

    @property
    def is_timed_out(self) -> bool:
        """Whether the current time limit has passed."""
        return time.monotonic() >= self._ends_at

    def apply_timeout(self, sock: socket.socket) -> None:
        """Limit the next read or write of a socket to the time that is left.

        While a connection is being opened, the socket keeps its connect time-out.
        """
        if self._started_at is not None:
            sock.settimeout(max(_SHORTEST_WAIT, self._ends_at - time.monotonic()))

    def start_sending(self) -> None:
        """Record that the connection is open and that sending starts."""
        self._started_at = time.monotonic()
        self._ends_at = self._started_at + self._send_seconds

    def finish_sending(self) -> None:
        """Record that the whole request was sent. The time limit of the response starts now."""
        self.is_sent = True
        self._sent_at = time.monotonic()
        self._ends_at = self._sent_at + self._response_seconds


class TimedAdapter(HTTPAdapter):
    """Sends requests over connections that obey the `Attempt` of their thread."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on unchanged
        """Create the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on unchanged
        """Create the pools of connections through a proxy."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _TimedReader(io.RawIOBase):
    """Reads a response from a socket. Each read gets the time that is left of the attempt."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, attempt: Attempt) -> None:
        self._raw = raw
        self._sock = sock
        self._attempt = attempt

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        self._attempt.apply_timeout(self._sock)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """A response that is read within the time limit."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on unchanged
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, _thread_local.attempt))


class _TimedConnection(HTTPConnection):
    """Common base of http and https connections."""

    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        if _NOTSENT_LOWAT is not None:
            # Keep the send buffer of this machine small. Otherwise a body seems to be sent long before it is.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, BUFFERED_BYTES)
        return sock

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on unchanged
        if self.sock is None:
            self.connect()
        attempt: Attempt = _thread_local.attempt
        attempt.start_sending()
        super().request(*args, **kwargs)
        attempt.finish_sending()

    def send(self, data: Buffer) -> None:  # type: ignore[override]  # urllib3 passes bytes on
        attempt: Attempt = _thread_local.attempt
        view = memoryview(data)
        for start in range(0, len(view), _CHUNK_BYTES):
            chunk = view[start : start + _CHUNK_BYTES]
            attempt.apply_timeout(self.sock)
            try:
                self.sock.sendall(chunk)
            except ssl.SSLError as error:
                # The same error as without TLS. urllib3 then reads a response that arrived before the connection ended.
                raise ConnectionResetError(errno.ECONNRESET, str(error)) from error
            attempt.sent_bytes += len(chunk)


class _TimedHttpConnection(_TimedConnection):
    pass


class _TimedHttpsConnection(_TimedConnection, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _TimedHttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHttpsConnection


_POOLS = {"http": _HttpPool, "https": _HttpsPool}
