"""The outermost layer of the application: login, quota, limits, latency, faults and the journal.

A call passes in this order: the body is read, the login and the quota are checked, a fault rule may end the call, then
the routes do the work.
"""

import asyncio
import enum
import logging
import re
import time
from hmac import compare_digest
from typing import Any, Protocol
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from target_selligent.emulator import jsontext
from target_selligent.emulator.emulator import CallContext, Emulator
from target_selligent.emulator.faults import KINDS_WITHOUT_RESPONSE, ActiveFault, Quota, RawResponse
from target_selligent.emulator.http.forms import FORM
from target_selligent.emulator.journal import RequestEntry
from target_selligent.emulator.refusals import (
    JSON_TYPE,
    ApiRefusal,
    BadRequestRefusal,
    BodyTooLargeRefusal,
    MediaTypeRefusal,
    QuotaRefusal,
    UnauthorizedRefusal,
    refusal_body,
)

PREFIX = "/Portal/Api"
CALL_CONTEXT = "emulator.call"

_LOGIN = (b"x-apikey", b"x-apikey-secret")
_BULK = {
    "POST": re.compile(r"/lists/[^/]+(/segments/[^/]+)?/data/load$"),
    "DELETE": re.compile(r"/lists/[^/]+(/segments/[^/]+)?/data$"),
}
_REFUSED = {400, 405, 413, 415}
_KINDS_THAT_WORK = {"partial", "delay", "truncate"}
_HOUR = 3600.0

logger = logging.getLogger(__name__)


class ConnectionEnd(enum.Enum):
    """How a connection ends: with a reset, with a FIN at once, or in good order after what was sent."""

    RESET = enum.auto()
    FIN = enum.auto()
    AFTER_RESPONSE = enum.auto()


class EndConnection(Protocol):
    """Ends the connection of a request."""

    def __call__(self, scope: Scope, ending: ConnectionEnd) -> None:
        """End the connection."""


class _IncompleteBodyError(Exception):
    """The rest of the body does not arrive, or is not read."""


def is_bulk(method: str, path: str) -> bool:
    """Return whether a call is a bulk operation, of which a List accepts one at a time."""
    pattern = _BULK.get(method)
    return pattern is not None and pattern.search(path) is not None


class ApiMiddleware:
    """Wraps the application. Requests outside of the API's prefix pass it unchanged.

    Args:
        app: The application.
        emulator: The emulator.
        end_connection: Ends the connection of a request.
    """

    def __init__(self, app: ASGIApp, emulator: Emulator, end_connection: EndConnection) -> None:
        self._app = app
        self._emulator = emulator
        self._end_connection = end_connection

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(self._emulator, self._app, scope, receive)
        response, fault = await exchange.run()
        # The journal has the request before the client has the response, so a client can read it there at once.
        self._emulator.journal.add_request(exchange.entry(response, fault))
        kind = None if fault is None else fault.rule.kind
        if response is None:
            if fault is not None and kind == "hang":
                await exchange.hang(_HOUR if fault.rule.seconds is None else fault.rule.seconds)
            self._end_connection(scope, ConnectionEnd.FIN if kind == "close" else ConnectionEnd.RESET)
            return
        await _send(send, response, exchange.quota, half=kind == "truncate")
        if kind == "truncate":
            self._end_connection(scope, ConnectionEnd.AFTER_RESPONSE)


class _Exchange:
    """One request, and how it becomes a response."""

    def __init__(self, emulator: Emulator, app: ASGIApp, scope: Scope, receive: Receive) -> None:
        self._emulator = emulator
        self._app = app
        self._scope = scope
        self._receive = receive
        self._call = CallContext()
        self._time, self._start = time.time(), time.monotonic()
        self._method: str = scope["method"]
        self._path: str = scope["path"]
        self._query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self._body = b""
        self._size = 0
        options = emulator.options
        self.quota = emulator.quota_window.peek(options.rate_limit, options.rate_window)

    async def run(self) -> tuple[RawResponse | None, ActiveFault | None]:
        """Work on the request.

        Returns:
            The response, or None if the connection ends without one; and the fault that hit the call, if any did.
        """
        fault = self._emulator.faults.pick(self._method, self._path, during=True)
        try:
            await self._read(None if fault is None else fault.rule.body_bytes)
            self._check_login()
            self._use_quota()
            fault = self._emulator.faults.pick(self._method, self._path)
            response = None
            if fault is None or fault.rule.when == "after" or fault.rule.kind in _KINDS_THAT_WORK:
                await self._emulator.pause(self._emulator.options.latency_ms / 1000)
                response = await self._work(fault)
        except _IncompleteBodyError:
            return None, fault
        except ApiRefusal as refusal:
            return RawResponse(refusal.http_status, refusal.content_type, refusal.body()), fault
        if fault is None or fault.rule.kind in _KINDS_THAT_WORK:
            return response, fault
        if fault.rule.kind in KINDS_WITHOUT_RESPONSE:
            return None, fault
        if fault.rule.kind == "quota":
            self.quota = self.quota.exhausted(fault.rule.seconds)
        return fault.response(), fault

    def entry(self, response: RawResponse | None, fault: ActiveFault | None) -> RequestEntry:
        """Return the request and its response for the journal."""
        outcome = self._call.outcome
        if fault is not None:
            outcome = f"fault:{fault.rule.kind}"
        elif outcome == "answered" and response is not None and response.status in _REFUSED:
            outcome = "refused"
        return RequestEntry(
            seq=0,
            time=self._time,
            monotonic=self._start,
            method=self._method,
            path=self._path,
            query=dict(self._query),
            status=None if response is None else response.status,
            rows=self._call.rows,
            body_bytes=self._size,
            duration_ms=round((time.monotonic() - self._start) * 1000, 3),
            outcome=outcome,
        )

    async def hang(self, seconds: float) -> None:
        """Wait until the time is over, the client closes the connection, or the emulator ends all waits."""
        disconnected = asyncio.ensure_future(self._receive())
        timed_out = asyncio.ensure_future(self._emulator.pause(seconds))
        await asyncio.wait({disconnected, timed_out}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (disconnected, timed_out):
            waiting.cancel()

    async def _read(self, read_limit: int | None) -> None:
        limit = self._emulator.options.body_limit
        chunks = []
        while True:
            if read_limit is not None and self._size >= read_limit:
                raise _IncompleteBodyError
            message = await self._receive_in_time()
            if message["type"] == "http.disconnect":
                self._call.outcome = "gone"
                raise _IncompleteBodyError
            chunk = message.get("body", b"")
            self._size += len(chunk)
            if limit is None or self._size <= limit:
                chunks.append(chunk)
            elif self._emulator.options.body_reset:
                self._call.outcome = "too_large"
                raise _IncompleteBodyError
            if not message.get("more_body"):
                break
        if read_limit is not None:
            raise _IncompleteBodyError
        self._body = b"".join(chunks)

    async def _receive_in_time(self) -> Message:
        seconds = self._emulator.options.upload_seconds
        if seconds is None:
            return await self._receive()
        try:
            return await asyncio.wait_for(self._receive(), self._start + seconds - time.monotonic())
        except asyncio.TimeoutError:
            self._call.outcome = "slow"
            raise _IncompleteBodyError from None

    def _check_login(self) -> None:
        """Check key and secret. They come joined in one header, or each in its own (docs/selligent-api.md)."""
        options = self._emulator.options
        keys, secrets = ([value for name, value in self._scope["headers"] if name == header] for header in _LOGIN)
        expected = f"{options.api_key}:{options.api_secret}".encode()
        if len(keys) != 1 or len(secrets) > 1 or not compare_digest(b":".join([*keys, *secrets]), expected):
            self._call.outcome = "unauthorized"
            raise UnauthorizedRefusal("The header X-ApiKey must hold a known key and its secret")

    def _use_quota(self) -> None:
        options = self._emulator.options
        self.quota = self._emulator.quota_window.use_call(options.rate_limit, options.rate_window)
        if not self.quota.granted:
            self._call.outcome = "quota"
            raise QuotaRefusal

    def _check_request(self) -> None:
        limit = self._emulator.options.body_limit
        if limit is not None and self._size > limit:
            raise BodyTooLargeRefusal(f"The body has {self._size} bytes: more than {limit}")
        names = [name for name, _ in self._query]
        if len(set(names)) < len(names):
            raise BadRequestRefusal("A parameter is given twice")
        if self._body:
            self._check_media_type()

    def _check_media_type(self) -> None:
        declared = dict(self._scope["headers"]).get(b"content-type", b"").decode("latin-1")
        media_type = declared.partition(";")[0].strip().lower()
        bulk = is_bulk(self._method, self._path)
        if media_type == "text/json" and not bulk:
            rest = [(name, value) for name, value in self._scope["headers"] if name != b"content-type"]
            self._scope["headers"] = [*rest, (b"content-type", b"application/json")]
        elif media_type != "application/json" and (bulk or media_type != FORM):
            raise MediaTypeRefusal("The body must be application/json")

    async def _work(self, fault: ActiveFault | None) -> RawResponse:
        self._check_request()
        if fault is not None:
            if fault.rule.kind == "partial":
                self._call.refuse_rows(fault.rule)
            if fault.rule.kind == "delay":
                if is_bulk(self._method, self._path):
                    self._call.delay = fault.rule.seconds or 0
                else:
                    await self._emulator.pause(fault.rule.seconds or 0)
        self._scope[CALL_CONTEXT] = self._call
        start: Message = {}
        body: list[bytes] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": self._body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.append(message.get("body", b""))

        try:
            await self._app(self._scope, receive, send)
        except Exception:
            logger.exception("%s %s failed", self._method, self._path)
            self._call.outcome = "failed"
            description = "The emulator has a defect: its log has the details"
            return RawResponse(500, JSON_TYPE, jsontext.encode(refusal_body("InternalServerError", "ERR", description)))
        headers = [pair for pair in start["headers"] if pair[0] not in {b"content-type", b"content-length"}]
        content_type = dict(start["headers"]).get(b"content-type", JSON_TYPE.encode()).decode("latin-1")
        return RawResponse(start["status"], content_type, b"".join(body), headers)


async def _send(send: Send, response: RawResponse, quota: Quota, *, half: bool) -> None:
    own = {name for name, _ in response.headers}
    headers: list[Any] = [
        (b"content-type", response.content_type.encode("latin-1")),
        (b"content-length", str(len(response.body)).encode()),
        *response.headers,
        *(pair for pair in quota.headers() if pair[0] not in own),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    body = response.body[: len(response.body) // 2] if half else response.body
    await send({"type": "http.response.body", "body": body, "more_body": half})
