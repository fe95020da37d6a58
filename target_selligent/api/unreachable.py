"""Why no response arrived: which host or proxy could not be reached, and which setting names it."""

from __future__ import annotations

import http.client
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import urllib3

from target_selligent.errors import ApiError, ConnectionLostError, FatalApiError, HostNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})\b")
_PROXY_ADVICE = "check HTTPS_PROXY, ALL_PROXY and NO_PROXY in the environment"
_RETRYABLE_TUNNEL_STATUSES = frozenset({"408", "429"})


def classify_connection_failure(
    error: Exception, *, call: str, base_url: str, proxy: str | None, first_call: bool
) -> ApiError:
    """Convert the exception of a request without response to an error of the target.

    Args:
        error: The exception that `requests` raised. Time-outs and TLS errors must be handled before.
        call: Method and path of the call.
        base_url: The setting.
        proxy: URL of the proxy that the request uses; None if it goes directly to the host.
        first_call: Whether no host has responded yet. Then a host name that is not found may be misspelt.

    Returns:
        The error to raise. It names the host or proxy with its port, but no user, password or path.
    """
    causes = list(iterate_causes(error))
    is_proxy_error = isinstance(error, requests.exceptions.ProxyError)
    if isinstance(error, ValueError) or any(isinstance(cause, http.client.InvalidURL) for cause in causes):
        # Raised before anything is sent: the address, a header or the proxy is invalid.
        advice = f" through proxy {_host_and_port(proxy)}: {_PROXY_ADVICE}" if proxy else ": check base_url and api_key"
        return FatalApiError(f"the request cannot be sent ({_failure_name(causes)}){advice}", call=call)
    if is_proxy_error and (status := _find_tunnel_status(causes)):
        message = f"proxy {_host_and_port(proxy)} refuses to connect with status {status}: {_PROXY_ADVICE}"
        is_final = status.startswith("4") and status not in _RETRYABLE_TUNNEL_STATUSES
        return (FatalApiError if is_final else ConnectionLostError)(message, call=call)
    if is_proxy_error:
        place, advice = f"proxy {_host_and_port(proxy)}", _PROXY_ADVICE
    else:
        host = urlsplit(base_url).hostname or ""
        place, advice = f"host {host} of base_url", "check base_url"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        error_class = HostNotFoundError if first_call else ConnectionLostError
        return error_class(f"{place} is not found: {advice}", call=call)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        if not is_proxy_error:
            place = f"host {_host_and_port(base_url)} of base_url"
        return ConnectionLostError(f"{place} refuses the connection, no server listens there: {advice}", call=call)
    destination = f" to {place}" if is_proxy_error else ""
    return ConnectionLostError(f"connection{destination} lost ({_failure_name(causes)})", call=call)


def iterate_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all exceptions that it contains or was raised from, outermost first."""
    seen: set[int] = set()
    pending: list[object] = [error]
    while pending:
        cause = pending.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            inner = (getattr(cause, "reason", None), getattr(cause, "original_error", None), cause.__cause__)
            pending += [*cause.args, *inner]


def _failure_name(causes: list[BaseException]) -> str:
    """Return the class name of the failure. Its text is not used, because it may hold the URL."""
    names = [type(cause).__name__ for cause in causes if not isinstance(cause, urllib3.exceptions.MaxRetryError)]
    return names[min(1, len(names) - 1)]


def _find_tunnel_status(causes: list[BaseException]) -> str | None:
    """Return the status with which a proxy refused to open a tunnel; None if that is not what happened."""
    for cause in causes:
        if isinstance(cause, OSError) and (match := _TUNNEL.search(str(cause))):
            return match[1]
    return None


def _host_and_port(url: str | None) -> str:
    """Return host and port of a URL, without user and password. The URL may be malformed."""
    scheme, _, rest = (url or "").rpartition("://")
    address = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return f"{address}:443" if scheme == "https" and not re.search(r":\d+$", address) else address
