"""Failures without a response: the type of the error, and the host, proxy and setting that its message names."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

import pytest
import requests
import urllib3

from target_selligent.api.unreachable import classify_connection_failure, iterate_causes
from target_selligent.errors import ApiError, ConnectionLostError, FatalApiError, HostNotFoundError

HOST = "https://customer.example:8443"
PROXY = "http://user:hidden@proxy.example:3128/path?x#y"
NOT_FOUND = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
REFUSED = ConnectionRefusedError(111, "Connection refused")
RESET = ConnectionResetError(104, "Connection reset by peer")


def lost(cause: Exception) -> requests.ConnectionError:
    """Return the exception that `requests` raises for a lost connection."""
    return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", cause))


def by_proxy(cause: Exception) -> requests.exceptions.ProxyError:
    """Return the exception that `requests` raises if a proxy cannot be used."""
    error = urllib3.exceptions.ProxyError("Unable to connect to proxy", cause)
    pool = urllib3.HTTPSConnectionPool("customer.example")
    return requests.exceptions.ProxyError(urllib3.exceptions.MaxRetryError(pool, "/hidden", error))


def classify(error: Exception, *, base_url: str = HOST, proxy: str | None = None, first_call: bool = True) -> ApiError:
    """Return the error of the target for an exception of `requests`."""
    return classify_connection_failure(error, call="GET lists/x", base_url=base_url, proxy=proxy, first_call=first_call)


@pytest.mark.parametrize(
    ("error", "proxy", "kind", "message"),
    [
        (lost(NOT_FOUND), None, HostNotFoundError, "host customer.example of base_url is not found: check base_url"),
        (by_proxy(NOT_FOUND), PROXY, HostNotFoundError, "proxy proxy.example:3128 is not found: check HTTPS_PROXY"),
        (
            lost(REFUSED),
            None,
            ConnectionLostError,
            "host customer.example:8443 of base_url refuses the connection, no server listens there: check base_url",
        ),
        (by_proxy(REFUSED), PROXY, ConnectionLostError, "proxy proxy.example:3128 refuses the connection"),
        (lost(RESET), None, ConnectionLostError, "connection lost (ProtocolError)"),
        (lost(RESET), PROXY, ConnectionLostError, "connection lost (ProtocolError)"),
        (by_proxy(RESET), PROXY, ConnectionLostError, "connection to proxy proxy.example:3128 lost (ProxyError)"),
        (requests.ConnectionError(), None, ConnectionLostError, "connection lost (ConnectionError)"),
        (
            requests.exceptions.InvalidHeader("hidden"),
            None,
            FatalApiError,
            "the request cannot be sent (InvalidHeader): check base_url and api_key",
        ),
        (
            requests.exceptions.InvalidProxyURL("hidden"),
            PROXY,
            FatalApiError,
            "the request cannot be sent (InvalidProxyURL) through proxy proxy.example:3128: check HTTPS_PROXY",
        ),
    ],
    ids=[
        "host not found",
        "proxy not found",
        "host refuses",
        "proxy refuses",
        "reset",
        "reset behind a proxy",
        "reset by the proxy",
        "no cause",
        "invalid request",
        "invalid proxy",
    ],
)
def test_a_failure_names_host_or_proxy_and_setting(
    error: Exception, proxy: str | None, kind: type[ApiError], message: str
) -> None:
    """The message names what could not be reached and what to check, but no login and no path."""
    found = classify(error, proxy=proxy)
    assert type(found) is kind
    assert str(found).startswith(f"GET lists/x: {message}")
    assert not {word for word in ("user", "hidden", "/path", "errno") if word in str(found).casefold()}


def test_a_name_that_was_found_before_is_a_lost_connection() -> None:
    """Once a host has responded, its name is not misspelt: the failure has the patience of a lost connection."""
    for error in (lost(NOT_FOUND), by_proxy(NOT_FOUND)):
        assert type(classify(error, first_call=False)) is ConnectionLostError


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FatalApiError),
        (403, FatalApiError),
        (407, FatalApiError),
        (408, ConnectionLostError),
        (429, ConnectionLostError),
        (502, ConnectionLostError),
        (503, ConnectionLostError),
    ],
)
def test_the_status_of_a_proxy_decides_whether_to_retry(status: int, kind: type[ApiError]) -> None:
    """A proxy that refuses a tunnel with 4xx will refuse it again, except with 408 and 429."""
    found = classify(by_proxy(OSError(f"Tunnel connection failed: {status} No")), proxy=PROXY)
    assert type(found) is kind
    assert f"proxy proxy.example:3128 refuses to connect with status {status}: check HTTPS_PROXY" in str(found)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://customer.example", "customer.example:443"),
        ("https://customer.example/", "customer.example:443"),
        ("https://customer.example:8443/path", "customer.example:8443"),
        ("http://127.0.0.1:80", "127.0.0.1:80"),
        ("http://localhost", "localhost"),
        ("https://[::1]:8443", "[::1]:8443"),
    ],
)
def test_a_refused_connection_names_the_port(url: str, address: str) -> None:
    """The message names the port, also the default port of https."""
    assert f"host {address} of base_url refuses" in str(classify(lost(REFUSED), base_url=url))
    assert urlsplit(url).hostname


@pytest.mark.parametrize(
    ("proxy", "address"),
    [
        ("proxy.example:3128", "proxy.example:3128"),
        ("user:hidden@proxy.example:3128", "proxy.example:3128"),
        ("http://us@er:hid@den@proxy.example:3128#hidden", "proxy.example:3128"),
        ("http://[::1", "[::1"),
        ("https://proxy.example", "proxy.example:443"),
    ],
)
def test_no_part_of_a_proxy_s_login_is_shown(proxy: str, address: str) -> None:
    """The address of a proxy is shown without user and password, however it is written."""
    assert f"GET lists/x: proxy {address} refuses the connection" in str(classify(by_proxy(REFUSED), proxy=proxy))


def test_all_causes_of_an_exception_are_found() -> None:
    """Causes are in arguments, in `reason`, in `original_error` and in `__cause__`. Circles end."""
    inner = ssl.SSLError(1, "inner")
    reason = urllib3.exceptions.MaxRetryError(urllib3.HTTPSConnectionPool("x"), "/", inner)
    original = OSError("original")
    middle = requests.ConnectionError(reason, "text")
    middle.original_error = original  # type: ignore[attr-defined]
    outer = ValueError(middle)
    outer.__cause__ = RESET
    inner.args = (*inner.args, outer)
    assert list(iterate_causes(outer)) == [outer, middle, RESET, reason, original, inner]
