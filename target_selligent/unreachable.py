"""Why no answer came at all: which host or proxy could not be reached, and which setting names it."""

from __future__ import annotations

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


def classify_connection_failure(
    error: Exception, *, call: str, base_url: str, proxy: str | None, new: bool
) -> ApiError:
    """Return what a request that got no answer means.

    Args:
        error: What `requests` raised, time-outs and faults of TLS apart.
        call: Method and path of the call.
        base_url: The setting.
        proxy: URL of the proxy the request goes through; None if it goes to the host itself.
        new: Whether nothing has answered yet, so that a name that is not found may be misspelt.

    Returns:
        An error to raise; it names the host or proxy with its port, but no user, password or path.
    """
    found = list(causes(error))
    by_proxy = isinstance(error, requests.exceptions.ProxyError)
    if isinstance(error, ValueError):
        # Raised before anything is sent: for an address, a header or a proxy that cannot be used.
        where = f" through proxy {_address(proxy)}: {_PROXY_ADVICE}" if proxy else ": check base_url and api_key"
        return FatalApiError(f"the request cannot be sent ({_kind(found)}){where}", call=call)
    if by_proxy and (refused := _tunnel_status(found)):
        message = f"proxy {_address(proxy)} refuses to connect with status {refused}: {_PROXY_ADVICE}"
        final = refused.startswith("4") and refused not in {"408", "429"}
        return (FatalApiError if final else ConnectionLostError)(message, call=call)
    if by_proxy:
        place, advice = f"proxy {_address(proxy)}", _PROXY_ADVICE
    else:
        host = urlsplit(base_url).hostname or ""
        place, advice = f"host {host} of base_url", "check base_url"
    if any(isinstance(cause, socket.gaierror) for cause in found):
        kind = HostNotFoundError if new else ConnectionLostError
        return kind(f"{place} is not found: {advice}", call=call)
    if any(isinstance(cause, ConnectionRefusedError) for cause in found):
        if not by_proxy:
            place = f"host {_address(base_url)} of base_url"
        return ConnectionLostError(f"{place} refuses the connection, nothing listens there: {advice}", call=call)
    where = f" to {place}" if by_proxy else ""
    return ConnectionLostError(f"connection{where} lost ({_kind(found)})", call=call)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything that it carries or was raised from, outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            inner = (getattr(one, "reason", None), getattr(one, "original_error", None), one.__cause__)
            waiting += [*one.args, *inner]


def _kind(causes: list[BaseException]) -> str:
    """Name the kind of failure; the text may hold the URL and is left out."""
    names = [type(cause).__name__ for cause in causes if not isinstance(cause, urllib3.exceptions.MaxRetryError)]
    return names[min(1, len(names) - 1)]


def _tunnel_status(causes: list[BaseException]) -> str | None:
    for cause in causes:
        if isinstance(cause, OSError) and (found := _TUNNEL.search(str(cause))):
            return found[1]
    return None


def _address(url: str | None) -> str:
    """Return host and port of a URL, which may be malformed, without user and password."""
    scheme, _, rest = (url or "").rpartition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    return f"{host}:443" if scheme == "https" and not re.search(r":\d+$", host) else host
