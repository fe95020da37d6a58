"""Connections that are lost, slow or not safe, with and without TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

import pytest

from target_selligent.api import Pacer, RetryPolicy, Transport
from target_selligent.emulator import EmulatorOptions, EmulatorServer
from target_selligent.errors import ApiTimeoutError
from tests.support import (
    SECRET,
    CertificateAuthority,
    ConnectionFault,
    FinishedRun,
    TcpProxy,
    Tenant,
    encode,
    records,
    run_target,
    schema,
    state,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_selligent.emulator import Tls

_HOST = "127.0.0.1"
_NOW = datetime.now(timezone.utc)
_COLUMNS = schema({"key": "string", "text": "string"})


def _messages(count: int, size: int) -> bytes:
    """Return messages with so many records of about so many bytes each."""
    rows = records("key text", *((f"k{number}", "x" * size) for number in range(count)))
    return encode([_COLUMNS, *rows, state({"position": count})])


LARGE = _messages(8, 1_000_000)


@dataclass(frozen=True)
class Outcome:
    """A run, the keys in the List after it, and its requests."""

    run: FinishedRun
    keys: list[str]
    disturbed: int
    loads: list[dict[str, Any]]


def loaded_keys(tenant: Tenant) -> list[str]:
    """Return the keys in the List, in the order of their records."""
    return sorted((key for (key,) in tenant.rows("KEY")), key=lambda key: int(key[1:]))


@dataclass(frozen=True)
class Disturbed:
    """A run whose connections are disturbed between the command and Selligent.

    Args:
        faults: How they are disturbed, one after the other.
        tls: Whether Selligent is called over https.
        timeout: `request_timeout_seconds`.
    """

    faults: tuple[ConnectionFault, ...]
    tls: bool
    timeout: int = 60

    def __call__(self, tenant: Tenant) -> Outcome:
        """Load 8 MB."""
        tenant.create_list(KEY="Text(9)", TEXT="LongText")
        with TcpProxy(tenant.base_url, faults=self.faults) as proxy:
            config = tenant.config(request_timeout_seconds=self.timeout) | {"base_url": proxy.base_url}
            finished = run_target(config, LARGE)
            disturbed = proxy.fault_count
        keys = loaded_keys(tenant)
        return Outcome(finished, keys, disturbed, [])


_LOSSES: tuple[Literal["reset", "close"], ...] = ("reset", "close")
_PLACES = {"at-once": 0, "in-the-handshake": 100, "in-the-body": 3_000_000}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            Disturbed((ConnectionFault(after, kind),) * 2, tls),
            id=f"{'https' if tls else 'http'}-{place}-{kind}",
        )
        for tls in (True, False)
        for place, after in _PLACES.items()
        for kind in _LOSSES
    ],
)
def test_a_lost_connection_is_made_again(case: Disturbed, outcome: Outcome) -> None:
    """Wherever and however a connection is lost, the call is made again, and everything is loaded."""
    assert outcome.run.returncode == 0, outcome.run.stderr
    assert outcome.disturbed == len(case.faults)
    assert outcome.run.stderr.count("connection lost") == len(case.faults)
    assert outcome.keys == [f"k{number}" for number in range(8)]
    assert outcome.run.position == 8


@dataclass(frozen=True)
class LostAtSelligent:
    """A connection that Selligent ends by itself.

    Args:
        kind: `reset`, or `close` for a FIN alone.
        when: Before, during or after the work.
        tls: Whether Selligent is called over https.
    """

    kind: str
    when: str
    tls: bool

    def __call__(self, tenant: Tenant) -> Outcome:
        """Load 8 MB."""
        tenant.create_list(KEY="Text(9)", TEXT="LongText")
        tenant.add_fault(self.kind, when=self.when, body_bytes=3_000_000, path="/data/load$", times=2)
        finished = run_target(tenant.config(), LARGE)
        keys = loaded_keys(tenant)
        return Outcome(finished, keys, tenant.count_faults(), [])


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(LostAtSelligent(kind, when, tls), id=f"{'https' if tls else 'http'}-{when}-{kind}")
        for tls in (True, False)
        for when in ("before", "during", "after")
        for kind in _LOSSES
    ],
)
def test_a_connection_that_selligent_ends_is_made_again(case: LostAtSelligent, outcome: Outcome) -> None:
    """A connection that ends before, within or after a body of 8 MB is made again, and everything is loaded."""
    assert outcome.run.returncode == 0, outcome.run.stderr
    assert outcome.disturbed == 2, case
    assert outcome.run.stderr.count("connection lost") == 2
    assert outcome.keys == [f"k{number}" for number in range(8)]


# Certificates


def _error_line(tenant: Tenant, **env: str) -> str:
    """Run against a server that is not safe; return the error line. The test itself cannot call such a server."""
    done = run_target(tenant.config(), [_COLUMNS, *records("key text", ("a", "x"))], env=env)
    assert "trying again" not in done.stderr
    return done.error_line()


@pytest.mark.parametrize(
    ("days", "host", "env", "words"),
    [
        ((-1, 1), "127.0.0.1", {"REQUESTS_CA_BUNDLE": ""}, ["not trusted", "REQUESTS_CA_BUNDLE"]),
        ((-9, -1), "127.0.0.1", {}, ["has expired", "renewed"]),
        ((1, 9), "127.0.0.1", {}, ["not valid yet", "clock"]),
        ((-1, 1), "127.0.0.2", {}, ["for another host", "base_url"]),
        ((-1, 1), "selligent.example", {}, ["for another host", "base_url"]),
    ],
    ids=["untrusted", "expired", "not yet valid", "another address", "another host"],
)
def test_a_certificate_that_does_not_check_out_ends_the_run(
    authority: CertificateAuthority, days: tuple[int, int], host: str, env: dict[str, str], words: list[str]
) -> None:
    """A certificate that is untrusted, expired or for another host ends the run at once, each with its own message."""
    starts, ends = (_NOW + timedelta(days=day) for day in days)
    with EmulatorServer(EmulatorOptions(), tls=authority.issue(host, starts=starts, ends=ends)) as server:
        error_line = _error_line(Tenant(server.base_url), **env)
    assert f"no safe connection to {server.base_url.partition('//')[2]}: " in error_line
    for word in words:
        assert word in error_line


def test_plain_http_behind_an_https_address_ends_the_run(emulator: EmulatorServer) -> None:
    """A server that uses plain http ends the run at once, with another message than a wrong certificate."""
    error_line = _error_line(Tenant(emulator.base_url.replace("http:", "https:")))
    assert "the server uses plain http" in error_line
    assert "base_url" in error_line


@pytest.mark.parametrize("content", [None, b"nothing"], ids=["no file", "no certificate"])
def test_a_file_without_authorities_is_named(
    tls_emulator: EmulatorServer, tmp_path: Path, content: bytes | None
) -> None:
    """A REQUESTS_CA_BUNDLE that is missing or holds no certificate is named, at once."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    error_line = _error_line(Tenant(tls_emulator.base_url), REQUESTS_CA_BUNDLE=str(bundle))
    assert str(bundle) in error_line
    assert "REQUESTS_CA_BUNDLE" in error_line


# Slow lines


@dataclass(frozen=True)
class Slow:
    """A slow line to a Selligent that gives an upload 15 seconds.

    Args:
        tls: Whether Selligent is called over https.
        seconds: Time that Selligent gives an upload; None for as long as it takes.
    """

    tls: bool
    seconds: float | None

    def __call__(self, tenant: Tenant) -> Outcome:
        """Load 2.4 MB, of which one call takes them all, where 150 kB a second go through."""
        tenant.create_list(KEY="Text(9)", TEXT="LongText")
        tenant.set_options(upload_seconds=self.seconds)
        with TcpProxy(tenant.base_url, upload_rate=150_000) as proxy:
            finished = run_target({**tenant.config(), "base_url": proxy.base_url}, _messages(24, 100_000))
        keys = loaded_keys(tenant)
        loads = [entry for entry in tenant.read_journal("requests") if entry["path"].endswith("/data/load")]
        return Outcome(finished, keys, 0, loads)


@pytest.mark.parametrize(
    "case",
    [Slow(tls=True, seconds=15), Slow(tls=False, seconds=15), Slow(tls=True, seconds=None)],
    ids=["https", "http", "https-without-a-limit"],
)
def test_a_slow_line_gets_bodies_that_fit(case: Slow, outcome: Outcome) -> None:
    """A body that needs more than 15 seconds is split, once. Later bodies fit the speed of the connection."""
    assert case.seconds in {15, None}
    assert outcome.run.returncode == 0, outcome.run.stderr
    assert outcome.run.stderr.count("trying again") == 0
    assert outcome.keys == [f"k{number}" for number in range(24)]
    broken, *arrived = outcome.loads
    assert broken["outcome"] in {"slow", "gone"}
    assert {entry["outcome"] for entry in arrived} == {"answered"}
    assert sum(entry["rows"] for entry in arrived) == 24
    assert max(entry["body_bytes"] for entry in arrived) < 2_000_000
    assert "the line is slow" in outcome.run.stderr


def test_a_body_that_is_answered_408_before_its_end_is_split(emulator: EmulatorServer) -> None:
    """After a 408 the whole body is not sent again."""
    tenant = Tenant(emulator.base_url)
    tenant.start_over()
    tenant.create_list(KEY="Text(9)", TEXT="LongText")
    # A rate is given for the small buffer that comes with it: sending must not be over before the answer.
    with TcpProxy(
        emulator.base_url, upload_rate=50_000_000, faults=[ConnectionFault(2_000_000, "request_timeout")]
    ) as proxy:
        finished = run_target(tenant.config() | {"base_url": proxy.base_url}, LARGE)
    assert finished.returncode == 0, finished.stderr
    assert "trying again" not in finished.stderr
    assert sorted(tenant.rows("KEY")) == [[f"k{number}"] for number in range(8)]
    broken, *arrived = [entry for entry in tenant.read_journal("requests") if entry["path"].endswith("/data/load")]
    assert broken["outcome"] == "gone"
    assert sum(entry["rows"] for entry in arrived) == 8
    assert max(entry["body_bytes"] for entry in arrived) < 5_000_000
    tenant.close()


# Answers that come byte by byte


@pytest.mark.parametrize(
    "case",
    [pytest.param(Disturbed((ConnectionFault(4_000_000, "drip"),), tls, timeout=2), id="https" if tls else "http")
     for tls in (True, False)],
)  # fmt: skip
def test_an_answer_that_drips_is_late(case: Disturbed, outcome: Outcome) -> None:
    """An answer that comes byte by byte counts as a time-out when the whole time is over."""
    assert outcome.run.returncode == 0, outcome.run.stderr
    assert outcome.disturbed == len(case.faults)
    assert outcome.run.stderr.count("no response in time") == 1
    assert outcome.keys == [f"k{number}" for number in range(8)]


_BEGINNINGS = {
    "status line": b"HTTP/1.1 200 O" + b"K" * 1000,
    "headers": b"HTTP/1.1 200 OK\r\n" + b"X-Header: x\r\n" * 90,
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b" " * 1000,
}


@contextmanager
def _dripping(beginning: bytes, tls: Tls | None) -> Iterator[str]:
    """A server that gives one client the beginning of an answer, twenty bytes each second; its address."""
    over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            client, _ = listening.accept()
            with client if context is None else context.wrap_socket(client, server_side=True) as connection:
                connection.recv(65536)
                for place in range(len(beginning)):
                    connection.sendall(beginning[place : place + 1])
                    if over.wait(0.05):
                        return

    context = None
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls.certificate)
    with socket.create_server((_HOST, 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"{'http' if tls is None else 'https'}://{_HOST}:{listening.getsockname()[1]}"
        over.set()
        thread.join()


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("beginning", _BEGINNINGS.values(), ids=_BEGINNINGS)
def test_the_time_holds_for_each_part_of_an_answer(
    authority: CertificateAuthority, beginning: bytes, scheme: str
) -> None:
    """The time limit is for the whole answer: status line, headers and body together."""
    with _dripping(beginning, authority.issue() if scheme == "https" else None) as base_url:
        transport = Transport(
            base_url, "demo-key", SECRET, "my_org", timeout=1, pacer=Pacer(100), policy=RetryPolicy(attempts=1)
        )
        with pytest.raises(ApiTimeoutError, match="no response in time"):
            transport.call("GET", ["lists", "contacts"])
