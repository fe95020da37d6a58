"""The server: in the main thread for the command, or in a thread of its own for tests and demos."""

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from target_selligent.emulator.emulator import Emulator
from target_selligent.emulator.http.app import create_app
from target_selligent.emulator.http.guard import OriginGuard
from target_selligent.emulator.http.middleware import ApiMiddleware, ConnectionEnd
from target_selligent.emulator.options import EmulatorOptions

if TYPE_CHECKING:
    from typing_extensions import Self

HOST = "127.0.0.1"

_START_SECONDS = 30
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Tls:
    """The certificate of an https server.

    Args:
        certificate: PEM file with the certificate, and with those between it and its root.
        key: PEM file with the private key; None if it is in the same file.
    """

    certificate: Path
    key: Path | None = None


class _Connections:
    """Knows the open connections, so that a fault can end one."""

    def __init__(self) -> None:
        self._transports: dict[Any, asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Return a protocol class that registers its connections here."""
        transports = self._transports

        class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
            def connection_made(self, transport: asyncio.Transport) -> None:
                transports[transport.get_extra_info("peername")] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                transports.pop(self.client, None)

        return Protocol

    def end_connection(self, scope: Scope, ending: ConnectionEnd) -> None:
        """End the connection of a request."""
        transport = self._transports.get(scope["client"])
        if transport is None:
            return
        if ending is ConnectionEnd.AFTER_RESPONSE:
            transport.close()
            return
        connection = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            if ending is ConnectionEnd.RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            else:
                # If there are unread bytes, a close without this would reset the connection.
                connection.shutdown(socket.SHUT_WR)
        transport.abort()


class UvicornServer(uvicorn.Server):
    """Uvicorn on a port of 127.0.0.1, with an event that is set when it listens.

    Args:
        options: The options of the emulator.
        port: TCP port; 0 for a free one.
        tls: Certificate for https; None for http.

    Raises:
        OSError: The port is in use, or the certificate cannot be used.
        ValueError: An option is not valid.
    """

    def __init__(self, options: EmulatorOptions, port: int = 0, tls: Tls | None = None) -> None:
        # If the socket names the protocol, asyncio sets TCP_NODELAY, and small responses are sent at once.
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                self.socket.bind((HOST, port))
            except OSError as error:
                raise OSError(f"port {port} of {HOST} cannot be used: {error.strerror}") from None
            self.emulator = Emulator(options)
            try:
                super().__init__(self._config(tls))
            except BaseException:
                self.emulator.store.close()
                raise
        except BaseException:
            self.socket.close()
            raise
        self.listening = threading.Event()

    def _config(self, tls: Tls | None) -> uvicorn.Config:
        connections = _Connections()
        config = uvicorn.Config(
            OriginGuard(ApiMiddleware(create_app(self.emulator), self.emulator, connections.end_connection)),
            http=connections.protocol(),
            ws="none",
            lifespan="off",
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            # Longer than clients keep idle connections: a close just before a request would look like a fault.
            timeout_keep_alive=120,
            timeout_graceful_shutdown=2,
            # The query parameter `fields` of a List with many fields makes the request line long.
            h11_max_incomplete_event_size=1024 * 1024,
            ssl_certfile=None if tls is None else tls.certificate,
            ssl_keyfile=None if tls is None else tls.key,
        )
        config.load()
        return config

    @property
    def base_url(self) -> str:
        """The address of the server, for the setting `base_url`."""
        return f"{'https' if self.config.is_ssl else 'http'}://{HOST}:{self.socket.getsockname()[1]}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and set the event."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End all waits, then the server, then the connections that are still open."""
        self.emulator.stop()
        await super().shutdown(sockets)
        # Over TLS, a close waits for the client's close_notify, which an idle client does not send.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        while self.server_state.connections:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0)

    def serve_until_stopped(self) -> None:
        """Serve until `should_exit` is set or a signal arrives."""
        try:
            self.run(sockets=[self.socket])
        finally:
            self.socket.close()
            self.emulator.store.close()
            self.listening.set()


class EmulatorServer:
    """An emulator in a thread of this process, as a context manager.

    Args:
        options: The options; None for the defaults.
        port: TCP port on 127.0.0.1; 0 for a free one.
        tls: Certificate for https; None for http.

    Raises:
        OSError: The port is in use, or the certificate cannot be used.
        ValueError: An option is not valid.
        RuntimeError: The server did not start.
    """

    def __init__(self, options: EmulatorOptions | None = None, port: int = 0, tls: Tls | None = None) -> None:
        self.options = options or EmulatorOptions()
        self._server = UvicornServer(self.options, port, tls)
        self.base_url = self._server.base_url
        self._thread = threading.Thread(target=self._server.serve_until_stopped, name="emulator", daemon=True)

    def start(self) -> None:
        """Start the thread, and return when the server listens."""
        self._thread.start()
        if not self._server.listening.wait(_START_SECONDS) or not self._server.started:
            raise RuntimeError("the emulator did not start")

    def stop(self) -> None:
        """End the server, and return when it has ended."""
        self._server.should_exit = True
        self._thread.join()

    def __enter__(self) -> "Self":
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()
