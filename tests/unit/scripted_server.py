"""An HTTP server on this machine that sends scripted responses and keeps the requests it received."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

HOST = "127.0.0.1"


def json_response(body: object, status: int = 200, **headers: str) -> bytes:
    """Encode a response with a JSON body.

    Args:
        body: Anything that JSON can encode.
        status: HTTP status.
        headers: Further headers; `_` in their names stands for `-`.
    """
    content = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(content)}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request as the server received it.

    Args:
        method: HTTP method.
        target: Path and query, as sent.
        headers: Header names in lower case, with their values.
        body: The body.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> list[str]:
        """The parts of the path below the organization, percent-decoded."""
        return [unquote(part) for part in urlsplit(self.target).path.split("/")[5:]]

    @property
    def query(self) -> dict[str, str]:
        """The query parameters."""
        return dict(parse_qsl(urlsplit(self.target).query, strict_parsing=True)) if "?" in self.target else {}

    @property
    def json(self) -> Any:
        """The body, decoded; None if there is none."""
        return json.loads(self.body) if self.body else None


class ScriptedServer:
    """Serves one connection at a time. It sends one response per request. A context manager.

    After the last response it closes the connection and listens no more.

    Args:
        responses: Responses, complete with status line and headers.
    """

    def __init__(self, *responses: bytes) -> None:
        self._responses = list(responses)
        self._socket = socket.create_server((HOST, 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.connections = 0
        self.requests: list[ReceivedRequest] = []

    @property
    def base_url(self) -> str:
        """The address of the server."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._responses.clear()
        with socket.socket() as probe:
            # Wake the thread if it still waits for a connection.
            probe.connect_ex(self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while self._responses:
            client, _ = self._socket.accept()
            with client, client.makefile("rb") as reader:
                self.connections += 1
                while self._responses and (request := _read_request(reader)) is not None:
                    self.requests.append(request)
                    client.sendall(self._responses.pop(0))


def _read_request(reader: Any) -> ReceivedRequest | None:
    first = reader.readline().decode("ascii").split()
    if not first:
        return None
    headers: dict[str, str] = {}
    while line := reader.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    return ReceivedRequest(first[0], first[1], headers, body)
