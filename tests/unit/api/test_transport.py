"""The transport: errors for failures of the network, and paths that no name can change."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from target_selligent.api.pacer import Pacer
from target_selligent.api.retries import RetryPolicy
from target_selligent.api.transport import Transport
from target_selligent.errors import ApiError, ConnectionLostError, FatalApiError, HostNotFoundError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the proxies of whoever runs the tests."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


def transport(base_url: str) -> Transport:
    """Return a transport that tries once."""
    return Transport(
        base_url, "key", "hidden", "my_org", timeout=5, pacer=Pacer(100), policy=RetryPolicy(attempts=1, host_seconds=0)
    )


@pytest.fixture
def closed_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def proxy(answer: bytes) -> Iterator[int]:
    """Give the port of a proxy that answers once, with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            client, _ = server.accept()
            with client:
                client.recv(65536)
                client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def failure(base_url: str) -> ApiError:
    """Return the error of a call."""
    with pytest.raises(ApiError) as caught:
        transport(base_url).call("GET", ["lists", "contacts"])
    assert caught.value.call == "GET lists/contacts"
    assert "hidden" not in str(caught.value)
    return caught.value


def test_nobody_listens(closed_port: int) -> None:
    """An address where nothing listens is a lost connection that names host, port and setting."""
    error = failure(f"http://127.0.0.1:{closed_port}")
    assert type(error) is ConnectionLostError
    assert f"host 127.0.0.1:{closed_port} of base_url refuses the connection" in str(error)


def test_a_host_that_is_not_found() -> None:
    """A name that nobody knows is told with its setting."""
    error = failure("https://customer.invalid")
    assert type(error) is HostNotFoundError
    assert "host customer.invalid of base_url is not found" in str(error)


def test_a_host_that_was_there_before_is_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once something has answered, a name that is not found for a while has the patience of a lost connection."""
    with proxy(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}") as port:
        calls = transport(f"http://localhost:{port}")
        assert calls.call("GET", []) == {}

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectionLostError, match="host localhost of base_url is not found") as caught:
        calls.call("GET", [])
    assert type(caught.value) is ConnectionLostError


def test_a_proxy_that_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy whose name nobody knows is named, without its login."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden@proxy.invalid:3128/")
    error = failure("https://customer.invalid")
    assert type(error) is HostNotFoundError
    assert "proxy proxy.invalid:3128 is not found: check HTTPS_PROXY" in str(error)


def test_a_proxy_that_does_not_listen(monkeypatch: pytest.MonkeyPatch, closed_port: int) -> None:
    """A proxy that refuses the connection is named, not the host behind it."""
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{closed_port}")
    error = failure("https://customer.invalid")
    assert type(error) is ConnectionLostError
    assert f"proxy 127.0.0.1:{closed_port} refuses the connection" in str(error)


@pytest.mark.parametrize(("status", "kind"), [(407, FatalApiError), (403, FatalApiError), (503, ConnectionLostError)])
def test_a_proxy_that_refuses_the_host(monkeypatch: pytest.MonkeyPatch, status: int, kind: type[ApiError]) -> None:
    """What a proxy answers instead of a connection is told; what will not change is not tried again."""
    with proxy(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        error = failure("https://customer.invalid")
    assert type(error) is kind
    assert f"proxy 127.0.0.1:{port} refuses to connect with status {status}" in str(error)


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "socks5://x:1", "http://x:port", "x:99999", "ftp://x:1", " "]
)
def test_a_proxy_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A variable that holds no proxy's address is no fault of the network: it is told at once."""
    monkeypatch.setenv("HTTPS_PROXY", url)
    error = failure("https://customer.invalid")
    assert type(error) is FatalApiError
    assert "check HTTPS_PROXY" in str(error)


@pytest.mark.parametrize("part", ["", ".", ".."], ids=repr)
def test_no_name_leads_to_another_path(part: str) -> None:
    """A name that no encoding keeps from meaning another path is as good as not there, without a call."""
    with pytest.raises(NotFoundError):
        transport("http://127.0.0.1:1").call("GET", ["lists", "contacts", "segments", part])
