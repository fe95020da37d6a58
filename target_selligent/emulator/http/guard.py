"""Keeps other web sites out: only programs and the emulator's own pages may call it.

A page of any site may send requests to 127.0.0.1 in the browser of its visitor. The browser says from which page a
request comes, and programs say nothing. A site may also give its own name the address 127.0.0.1; the header `Host` then
has that name.
"""

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", re.IGNORECASE)
_OTHER_SITES = {"cross-site", "same-site"}


class OriginGuard:
    """Wraps the application, and refuses requests of other sites with status 403.

    Args:
        app: The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        problem = _find_problem(scope) if scope["type"] == "http" else None
        app = self._app if problem is None else PlainTextResponse(problem, 403)
        await app(scope, receive, send)


def _find_problem(scope: Scope) -> str | None:
    """Return why a request is refused; None if it is not."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in {b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode"}:
            headers[name.decode()] = value.decode("latin-1").lower()
    host, origin = headers.get("host"), headers.get("origin")
    if host is not None and not _OWN_HOST.fullmatch(host):
        return "The emulator answers only to the names 127.0.0.1 and localhost: the header Host has another one"
    # A link from another site is followed without an Origin, and it changes nothing.
    is_foreign = headers.get("sec-fetch-site") in _OTHER_SITES and headers.get("sec-fetch-mode") != "navigate"
    if is_foreign or (origin is not None and origin != f"{scope['scheme']}://{host}"):
        return "The emulator does not answer to pages of other sites"
    return None
