"""Time limits of whole requests and responses, over real connections to this machine."""

from __future__ import annotations

import math
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3

from target_selligent.api.connections import Attempt, TimedAdapter
from tests.unit.scripted_server import HOST, ScriptedServer, json_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGE = b"x" * 20_000_000
"""More than all buffers between two sockets of this machine."""
SOON = 0.1
LATER = 60.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session whose connections obey attempts. It uses no proxy."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", TimedAdapter())
        yield session


@contextmanager
def server(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Serve one connection, and yield the address. The event is set when the test is over."""
    over = threading.Event()

    def run() -> None:
        client, _ = listening.accept()
        with client:
            serve(client, over)

    with socket.create_server((HOST, 0)) as listening:
        thread = threading.Thread(target=run)
        thread.start()
        yield f"http://{HOST}:{listening.getsockname()[1]}"
        over.set()
        thread.join()


def stay_silent(_: socket.socket, over: threading.Event) -> None:
    """Neither read nor send anything."""
    over.wait(LATER)


def send(session: requests.Session, url: str, attempt: Attempt, body: bytes = b"{}") -> requests.Response:
    """Send a request, with read and connect time-outs that never apply."""
    with attempt:
        return session.post(url, data=body, timeout=(LATER, LATER))


def test_a_new_attempt_has_no_limit_yet() -> None:
    """Until the request starts, no time limit applies: connecting has a time-out of its own."""
    attempt = Attempt(0, 0)
    assert not attempt.is_timed_out
    assert not attempt.request_started
    assert not attempt.is_sent
    assert (attempt.upload_seconds, attempt.sent_bytes) == (0, 0)
    with socket.socket() as sock:
        sock.settimeout(LATER)
        attempt.apply_timeout(sock)
        assert sock.gettimeout() == LATER


def test_the_time_limit_of_the_response_starts_when_the_request_is_sent() -> None:
    """Sending and waiting for the response have limits of their own."""
    attempt = Attempt(0, LATER)
    attempt.start_sending()
    assert (attempt.request_started, attempt.is_sent, attempt.is_timed_out) == (True, False, True)
    attempt.finish_sending()
    assert (attempt.request_started, attempt.is_sent, attempt.is_timed_out) == (True, True, False)
    seconds = attempt.upload_seconds
    assert seconds == attempt.upload_seconds, "the upload is over, so its time does not grow any more"
    with socket.socket() as sock:
        attempt.apply_timeout(sock)
        assert math.isclose(sock.gettimeout() or 0, LATER, rel_tol=0.1)


def test_a_used_up_limit_leaves_a_socket_a_moment() -> None:
    """A socket never gets a time-out of 0: that would mean that it does not block at all."""
    attempt = Attempt(LATER, -1)
    attempt.start_sending()
    attempt.finish_sending()
    with socket.socket() as sock:
        attempt.apply_timeout(sock)
        assert 0 < (sock.gettimeout() or 0) < SOON


def test_a_request_is_measured(session: requests.Session) -> None:
    """After a response, the attempt knows the bytes of the request, headers included, and that all were sent."""
    with ScriptedServer(json_response({"a": 1})) as scripted:
        attempt = Attempt(LATER, LATER)
        assert send(session, scripted.base_url, attempt, b"x" * 100_000).json() == {"a": 1}
    assert attempt.is_sent
    assert not attempt.is_timed_out
    assert attempt.upload_seconds > 0
    (request,) = scripted.requests
    head = sum(len(f"{name}: {value}\r\n") for name, value in request.headers.items())
    assert attempt.sent_bytes == 100_000 + head + len("POST / HTTP/1.1\r\n\r\n")


def test_a_kept_connection_obeys_the_attempt_of_each_call(session: requests.Session) -> None:
    """Two calls over one connection are measured by one attempt each."""
    with ScriptedServer(json_response(1), json_response(2)) as scripted:
        attempts = [Attempt(LATER, LATER), Attempt(LATER, LATER)]
        assert [send(session, scripted.base_url, attempt).json() for attempt in attempts] == [1, 2]
    assert scripted.connections == 1
    assert attempts[0].sent_bytes == attempts[1].sent_bytes > 0


def test_a_response_that_does_not_come_times_out(session: requests.Session) -> None:
    """A request without a response ends with the limit of the response, although the read time-out is longer."""
    attempt = Attempt(LATER, SOON)
    with server(stay_silent) as url, pytest.raises(requests.ReadTimeout):
        send(session, url, attempt)
    assert attempt.is_sent
    assert attempt.is_timed_out


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", OK], ids=["status line", "headers", "body"])
def test_a_response_that_comes_byte_by_byte_times_out(session: requests.Session, start: bytes) -> None:
    """Single bytes that come in time do not extend the limit of the response, in no part of it."""

    def drip(client: socket.socket, over: threading.Event) -> None:
        client.recv(65536)
        client.sendall(start)
        rest = {b"": b"H" * 60_000, OK: b"{"}.get(start, b"X: y\r\n" * 90 + b"X" * 60_000)
        for place in range(len(rest)):
            if over.wait(SOON / 10):
                return
            try:
                client.sendall(rest[place : place + 1])
            except OSError:
                return
        over.wait(LATER)

    attempt = Attempt(LATER, SOON)
    with server(drip) as url, pytest.raises((requests.Timeout, requests.ConnectionError)):
        send(session, url, attempt)
    assert attempt.is_timed_out


def test_a_request_that_is_not_read_times_out(session: requests.Session) -> None:
    """A body that the server does not read ends with the limit of sending."""
    attempt = Attempt(SOON, LATER)
    with (
        server(stay_silent) as url,
        pytest.raises((requests.Timeout, requests.ConnectionError, urllib3.exceptions.HTTPError)),
    ):
        send(session, url, attempt, LARGE)
    assert attempt.request_started
    assert attempt.is_timed_out
    assert not attempt.is_sent
    assert 0 < attempt.sent_bytes < len(LARGE)
    assert attempt.upload_seconds >= SOON


def test_a_response_to_half_a_request_is_read(session: requests.Session) -> None:
    """A server that refuses a body before its end, and closes the connection, is heard."""

    def refuse(client: socket.socket, over: threading.Event) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        over.wait(SOON)

    attempt = Attempt(LATER, LATER)
    with server(refuse) as url:
        assert send(session, url, attempt, LARGE).status_code == 408
    assert not attempt.is_sent


def test_a_proxy_s_connections_obey_attempts_too() -> None:
    """The pools of a proxy use the same connections."""
    manager = TimedAdapter().proxy_manager_for(f"http://{HOST}:1")
    for scheme in ("http", "https"):
        pool = manager.connection_from_host("customer.example", 1, scheme)
        connection = pool.ConnectionCls("customer.example")
        assert type(connection).__name__ == f"_Timed{scheme.title()}Connection"
        assert pool.ConnectionCls is not urllib3.connectionpool.HTTPConnectionPool.ConnectionCls


def test_threads_have_attempts_of_their_own(session: requests.Session) -> None:
    """While one thread has an attempt, another thread can start and end one of its own."""
    with ScriptedServer(json_response(1), json_response(2)) as scripted, Attempt(LATER, LATER) as attempt:
        other = threading.Thread(target=send, args=(session, scripted.base_url, Attempt(LATER, LATER)))
        other.start()
        other.join()
        assert not attempt.request_started
        assert session.post(scripted.base_url, data=b"{}", timeout=LATER).json() == 2
    assert attempt.is_sent


def test_an_upload_is_measured_while_it_runs() -> None:
    """During an upload, its time grows."""
    attempt = Attempt(LATER, LATER)
    attempt.start_sending()
    before = attempt.upload_seconds
    started_at = time.monotonic()
    while time.monotonic() == started_at:
        pass
    assert attempt.upload_seconds > before
