"""Requests to Selligent: one session per thread, one retry loop, and one error type for each kind of failure.

Address, login, quota and limits are vendor facts: see "Reaching the API" in docs/selligent-api.md.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import backoff
import msgspec
import requests
import urllib3

from target_selligent.api import responses
from target_selligent.api.activity import Activity, CallActivity, Doing, endpoint_of
from target_selligent.api.certificates import check_ca_bundle, explain_unsafe_connection
from target_selligent.api.connections import Attempt, TimedAdapter
from target_selligent.api.redaction import redact
from target_selligent.api.retries import Retries, RetryPolicy
from target_selligent.api.unreachable import classify_connection_failure
from target_selligent.api.uplink import Uplink
from target_selligent.errors import (
    ApiError,
    ApiTimeoutError,
    ConnectionLostError,
    NotFoundError,
    ServerError,
    TransientApiError,
    UnsafeConnectionError,
    UploadTooSlowError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from backoff.types import Details

    from target_selligent.api.pacer import Pacer

logger = logging.getLogger("target-selligent")

_CONNECT_SECONDS = 15
_SAFE_NAME = re.compile(r"[\w.-]+", re.ASCII)


class Transport:
    """Sends requests with one API key. All threads share one object.

    Args:
        base_url: Address of the instance, without a path.
        api_key: API key.
        api_secret: API secret. Key and secret are sent in one header, and only to `base_url`.
        organization: First part of every path.
        timeout: Maximum seconds from the end of a request to the end of its response.
        pacer: Keeps all calls below the quota.
        policy: When to try again.
        uplink: Measures the speed of the line.
        activity: Adds up the calls and the waits.

    Attributes:
        uplink: Measures the speed of the line.
    """

    def __init__(  # noqa: PLR0913 - address, login and policy
        self,
        base_url: str,
        api_key: str,
        api_secret: str,
        organization: str,
        *,
        timeout: float,
        pacer: Pacer,
        policy: RetryPolicy | None = None,
        uplink: Uplink | None = None,
        activity: Activity | None = None,
    ) -> None:
        self._base_url = base_url
        self._root = f"{base_url}/Portal/Api/organizations/{_encode_path_part(organization)}"
        self._secrets = (api_key, api_secret)
        self._api_key_header = f"{api_key}:{api_secret}"
        self._host = urlsplit(base_url).netloc
        self._timeout = timeout
        self._pacer = pacer
        self._policy = policy or RetryPolicy()
        self.uplink = uplink or Uplink()
        self._activity = activity or Activity()
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._has_responded = False

    def call(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str | int] | None = None,
        body: bytes | dict[str, Any] | None = None,
        splittable: bool = False,
    ) -> dict[str, Any]:
        """Send a request, and send it again after failures that the retry policy allows.

        Args:
            method: HTTP method.
            path: Parts of the path below the organization. Each is percent-encoded completely.
            query: Query parameters, in the spelling of the API.
            body: JSON text, or an object to encode as JSON.
            splittable: Whether the caller can send a smaller body. If so, a time-out or a lost connection is raised at
                once instead of retried.

        Returns:
            The JSON object of the response; empty if the response has no body.

        Raises:
            ApiError: If the call failed. The type says how to handle it.
        """
        parts = [_encode_path_part(part) for part in path]
        label = f"{method} {'/'.join(map(_loggable, path))}" if path else f"{method} the organization"
        content = msgspec.json.encode(body) if isinstance(body, dict) else body
        retries = Retries(self._policy, splittable)
        activity = CallActivity(self._activity, endpoint_of(method, path), label, splittable=splittable)

        @backoff.on_exception(
            backoff.runtime,
            TransientApiError,
            value=retries.next_delay,
            giveup=retries.record_failure,
            on_backoff=[_log_retry, lambda details: activity.enter_wait(details.get("exception"))],
            jitter=None,
            logger=None,
        )
        def send() -> dict[str, Any]:
            activity.enter(Doing.QUOTA)
            retries.exclude_seconds(self._pacer.acquire())
            activity.enter(Doing.CALL)
            try:
                return self._send(method, "/".join(["", *parts]), query, content, label, splittable=splittable)
            except ServerError:
                self._local.server_errors = self.server_errors + 1
                raise

        with activity:
            return send()

    def close(self) -> None:
        """Close the connections of all threads. Call it when no call is running any more."""
        for session in self._sessions:
            session.close()

    @property
    def response_seconds(self) -> float:
        """Total seconds of the successful calls of this thread, without waits and failed tries."""
        seconds: float = getattr(self._local, "response_seconds", 0.0)
        return seconds

    @property
    def server_errors(self) -> int:
        """How many tries of this thread were answered with 408, 5xx or the like."""
        errors: int = getattr(self._local, "server_errors", 0)
        return errors

    def _connection(self, label: str) -> _Connection:
        """Return the connection of this thread. `requests` does not guarantee that threads can share a session."""
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            session = requests.Session()
            self._sessions.append(session)
            for scheme in ("http://", "https://"):
                session.mount(scheme, TimedAdapter())
            session.headers["Accept"] = "application/json"
            # Proxies and certificates come from the environment, but no login from .netrc.
            session.auth = _no_auth
            # Plain http is allowed to this machine only. No proxy is used for it: the proxy could read the credentials.
            session.trust_env = not self._root.startswith("http://")
            template = session.prepare_request(
                requests.Request("GET", self._root, headers={"X-ApiKey": self._api_key_header})
            )
            settings = session.merge_environment_settings(template.url, {}, None, None, None)
            try:
                check_ca_bundle(settings["verify"])
            except OSError:
                raise UnsafeConnectionError(
                    f"no safe connection to {self._host}: {settings['verify']} contains no readable certificates: "
                    "check REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE",
                    call=label,
                ) from None
            connection = self._local.connection = _Connection(session, template, settings)
        return connection

    def _send(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        content: bytes | None,
        label: str,
        *,
        splittable: bool,
    ) -> dict[str, Any]:
        response = None
        started_at = time.monotonic()
        # Selligent may not enforce its time limit: this is not documented. A body that cannot be split may take longer.
        seconds = self.uplink.limit.seconds
        attempt = Attempt(seconds if splittable else max(seconds, self._timeout), self._timeout)
        try:
            connection = self._connection(label)
            request = connection.build_request(method, path, query, content)
            with attempt:
                response = connection.session.send(
                    request,
                    timeout=(_CONNECT_SECONDS, self._timeout),
                    allow_redirects=False,
                    **connection.settings,
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise self._error_without_response(error, attempt, label, splittable=splittable) from None
        finally:
            self._note_response(response)
        self._has_responded = True
        if attempt.is_sent:
            self.uplink.record_upload(attempt.sent_bytes, attempt.upload_seconds)
        elif response.status_code == HTTPStatus.REQUEST_TIMEOUT:
            # Selligent answered before the whole body was sent: it arrived too slowly.
            raise self._upload_timeout(attempt, label, splittable=splittable)

        def redact_message(text: str) -> str:
            # A Segment load sends only keys, but its response can quote values that an earlier List load has sent.
            values = None if "/segments/" in path and content is not None else partial(_decode_rows, content)
            return redact(text, values, names=_iterate_names(path, query), secrets=self._secrets)

        result = responses.parse(response, label, redact_message)
        self._local.response_seconds = self.response_seconds + time.monotonic() - started_at
        return result

    def _error_without_response(self, error: Exception, attempt: Attempt, label: str, *, splittable: bool) -> ApiError:
        """Return the error for a try that got no complete response."""
        place = "the proxy" if isinstance(error, requests.exceptions.ProxyError) else self._host
        if problem := explain_unsafe_connection(error, place, request_started=attempt.request_started):
            return UnsafeConnectionError(problem, call=label)
        if attempt.upload_seconds >= self.uplink.limit.planned and not (attempt.is_sent and attempt.is_timed_out):
            return self._upload_timeout(attempt, label, splittable=splittable)
        if attempt.is_timed_out:
            return ApiTimeoutError("no response in time", call=label)
        if isinstance(error, requests.Timeout):
            return ConnectionLostError(f"no connection to {self._host} in time", call=label)
        connection: _Connection | None = getattr(self._local, "connection", None)
        proxies = connection.settings["proxies"] if connection else {}
        return classify_connection_failure(
            error,
            call=label,
            base_url=self._base_url,
            proxy=requests.utils.select_proxy(self._root, proxies),
            first_call=not self._has_responded,
        )

    def _upload_timeout(self, attempt: Attempt, label: str, *, splittable: bool) -> ApiError:
        """Record that a body was not sent in time, and return the error for it."""
        self.uplink.record_upload_timeout(attempt.sent_bytes, attempt.upload_seconds)
        message = f"the body was not sent within {attempt.upload_seconds:.0f} s: the line is slow"
        if not splittable:
            return ApiTimeoutError(message, call=label)
        error = UploadTooSlowError(message, call=label)
        logger.warning("%s; bodies have at most %s bytes while it is", error, f"{self.uplink.max_bytes or 0:,}")
        return error

    def _note_response(self, response: requests.Response | None) -> None:
        if response is None:
            self._pacer.release(None, None)
            return
        quota = responses.read_quota(response)
        self._pacer.release(quota.remaining, quota.reset_seconds, refused=quota.refused)


@dataclass(frozen=True, slots=True)
class _Connection:
    """A session, and the parts that all its requests share. To prepare each from scratch takes longer than to send it.

    Args:
        session: The session.
        template: A prepared request for the organization, without a further path.
        settings: Proxies and certificates from the environment.
    """

    session: requests.Session
    template: requests.PreparedRequest
    settings: Mapping[str, Any]

    def build_request(
        self, method: str, path: str, query: Mapping[str, str | int] | None, content: bytes | None
    ) -> requests.PreparedRequest:
        """Return a request that is ready to send. The path must be percent-encoded."""
        request = self.template.copy()
        request.method = method
        request.url = f"{self.template.url}{path}?{urlencode(query)}" if query else f"{self.template.url}{path}"
        if content is not None:
            request.headers["Content-Type"] = "application/json"
        request.prepare_body(content, None)
        return request


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _encode_path_part(part: str) -> str:
    """Percent-encode one part of a path.

    Raises:
        NotFoundError: For an empty part, `.` and `..`: they would lead to another path, even percent-encoded.
    """
    if part in {"", ".", ".."}:
        raise NotFoundError("no such name", call=f"path part {part!r}")
    return quote(part, safe="")


def _decode_rows(content: bytes | None) -> list[Any]:
    """Return the rows in the body of a load. Other bodies hold only names: for them, return an empty list."""
    return list(msgspec.json.decode(content)) if content is not None and content.startswith(b"[") else []


def _iterate_names(path: str, query: Mapping[str, str | int] | None) -> Iterator[str]:
    """Yield the names in a call that the response may repeat."""
    yield from filter(_SAFE_NAME.fullmatch, path.split("/"))
    for name, value in (query or {}).items():
        yield name
        yield from str(value).split(",")


def _loggable(part: str) -> str:
    """Return a part of a path as it may be logged. A Segment's name can come from a record, so it can be any text."""
    return part if _SAFE_NAME.fullmatch(part) else "[...]"


def _log_retry(details: Details) -> None:
    logger.warning(
        "%s; trying again in %.1f s (try %d)", details.get("exception"), details.get("wait", 0), details["tries"] + 1
    )
