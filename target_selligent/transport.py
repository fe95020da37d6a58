"""Requests to Selligent: one session a thread, one retry loop, every failure turned into our own errors.

Facts about answers, quota and limits are the vendor's: status codes and result codes from the API description, the
quota and its headers from the rate limitation page, the busy List from the API changelog.
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

from target_selligent import responses
from target_selligent.certificates import check_ca_bundle, explain_unsafe_connection
from target_selligent.connections import Attempt, TimedAdapter
from target_selligent.errors import (
    ApiError,
    ApiTimeoutError,
    ConnectionLostError,
    FatalApiError,
    NotFoundError,
    TransientApiError,
    UploadTooSlowError,
)
from target_selligent.redaction import redact
from target_selligent.retries import Retries, RetryPolicy
from target_selligent.unreachable import classify_connection_failure
from target_selligent.uplink import Uplink

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from backoff.types import Details

    from target_selligent.pacer import Pacer

logger = logging.getLogger("target-selligent")

_CONNECT_SECONDS = 15
_PLAIN = re.compile(r"[\w.-]+", re.ASCII)


class Transport:
    """Sends requests for one API key; may be used from any thread.

    Args:
        base_url: Address of the instance, without path.
        api_key: API key.
        api_secret: API secret. Key and secret leave in one header, to `base_url` alone.
        organization: First part of every path.
        timeout: Seconds to wait for an answer, from the end of the request to that of the answer.
        pacer: Keeps all calls under the quota.
        policy: When to try again.
        uplink: Knows how fast the line is.
    """

    def __init__(  # noqa: PLR0913 - an address, a login, a policy
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
    ) -> None:
        self._base_url = base_url
        self._root = f"{base_url}/Portal/Api/organizations/{_path_part(organization)}"
        self._secrets = (api_key, api_secret)
        self._credentials = f"{api_key}:{api_secret}"
        self._host = urlsplit(base_url).netloc
        self._timeout = timeout
        self._pacer = pacer
        self._policy = policy or RetryPolicy()
        self.uplink = uplink or Uplink()
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._answered = False

    def call(
        self,
        method: str,
        path: Sequence[str],
        *,
        query: Mapping[str, str | int] | None = None,
        body: bytes | dict[str, Any] | None = None,
        splittable: bool = False,
    ) -> dict[str, Any]:
        """Send one request until it is answered for good.

        Args:
            method: HTTP method.
            path: Parts of the path below the organization; each is percent-encoded whole.
            query: Query parameters, spelt as the API spells them.
            body: JSON text, or an object to be sent as such.
            splittable: Whether the caller can send less at once: a time-out or a lost connection is then raised.

        Returns:
            The answer's JSON object, empty if it had no body.

        Raises:
            ApiError: Of the type that says what to do.
        """
        parts = [_path_part(part) for part in path]
        label = f"{method} {'/'.join(map(_loggable, path))}" if path else f"{method} the organization"
        content = msgspec.json.encode(body) if isinstance(body, dict) else body
        retries = Retries(self._policy, splittable)

        @backoff.on_exception(
            backoff.runtime,
            TransientApiError,
            value=retries.next_delay,
            giveup=retries.record_failure,
            on_backoff=_log_retry,
            jitter=None,
            logger=None,
        )
        def send() -> dict[str, Any]:
            retries.exclude_seconds(self._pacer.acquire())
            return self._send(method, "/".join(["", *parts]), query, content, label, splittable=splittable)

        return send()

    def close(self) -> None:
        """Close the connections of all threads, once none of them is used any more."""
        for session in self._sessions:
            session.close()

    @property
    def response_seconds(self) -> float:
        """How long Selligent has taken for its good answers to this thread, in all, in seconds; no wait is in it."""
        seconds: float = getattr(self._local, "response_seconds", 0.0)
        return seconds

    def _connection(self, label: str) -> _Connection:
        """Return this thread's connection: requests does not promise that a session may be shared."""
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            session = requests.Session()
            self._sessions.append(session)
            for scheme in ("http://", "https://"):
                session.mount(scheme, TimedAdapter())
            session.headers["Accept"] = "application/json"
            # Proxies and certificates come from the environment; a netrc login must not replace our header.
            session.auth = _no_auth
            # What goes to this machine goes there directly: a proxy would see the credentials in the clear.
            session.trust_env = not self._root.startswith("http://")
            template = session.prepare_request(
                requests.Request("GET", self._root, headers={"X-ApiKey": self._credentials})
            )
            settings = session.merge_environment_settings(template.url, {}, None, None, None)
            try:
                check_ca_bundle(settings["verify"])
            except OSError:
                raise FatalApiError(
                    f"no safe connection to {self._host}: {settings['verify']} holds no certificates that can be read: "
                    "check REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE",
                    call=label,
                ) from None
            connection = self._local.connection = _Connection(session, template, settings)
        return connection

    def _send(  # noqa: PLR0913 - a request, its name and what its sender can do
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
        started = time.monotonic()
        # A body that can be split is not sent for longer than Selligent takes it; any other, as long as it may take.
        seconds = self.uplink.limit.seconds
        attempt = Attempt(seconds if splittable else max(seconds, self._timeout), self._timeout)
        try:
            connection = self._connection(label)
            request = connection.request(method, path, query, content)
            with attempt:
                response = connection.session.send(
                    request,
                    timeout=(_CONNECT_SECONDS, self._timeout),
                    allow_redirects=False,
                    **connection.settings,
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
            raise self._failure(error, attempt, label, splittable=splittable) from None
        finally:
            self._note_quota(response)
        self._answered = True
        if attempt.sent:
            self.uplink.record_upload(attempt.sent_bytes, attempt.uploading)
        elif response.status_code == HTTPStatus.REQUEST_TIMEOUT:
            # Sending was broken off by an answer that says why: the body took too long to arrive.
            raise self._too_slow(attempt, label, splittable=splittable)

        def redact_message(text: str) -> str:
            # A Segment's load sends keys only, and its answer may quote what an earlier load has sent of their records.
            sent = None if "/segments/" in path and content is not None else partial(_sent, content)
            return redact(text, sent, names=_names(path, query), secrets=self._secrets)

        answer = responses.parse(response, label, redact_message)
        self._local.response_seconds = self.response_seconds + time.monotonic() - started
        return answer

    def _failure(self, error: Exception, attempt: Attempt, label: str, *, splittable: bool) -> ApiError:
        """Return what it means that no whole answer came."""
        place = "the proxy" if isinstance(error, requests.exceptions.ProxyError) else self._host
        if problem := explain_unsafe_connection(error, place, connected=attempt.connected):
            return FatalApiError(problem, call=label)
        if attempt.uploading >= self.uplink.limit.planned and not (attempt.sent and attempt.over):
            return self._too_slow(attempt, label, splittable=splittable)
        if attempt.over:
            return ApiTimeoutError("no answer in time", call=label)
        if isinstance(error, requests.Timeout):
            return ConnectionLostError(f"no connection to {self._host} in time", call=label)
        connection: _Connection | None = getattr(self._local, "connection", None)
        proxies = connection.settings["proxies"] if connection else {}
        return classify_connection_failure(
            error,
            call=label,
            base_url=self._base_url,
            proxy=requests.utils.select_proxy(self._root, proxies),
            new=not self._answered,
        )

    def _too_slow(self, attempt: Attempt, label: str, *, splittable: bool) -> ApiError:
        """Take in that a body did not get through in time, and return what that means."""
        self.uplink.record_upload_timeout(attempt.sent_bytes, attempt.uploading)
        message = f"the body did not leave within {attempt.uploading:.0f} s: the line is slow"
        if not splittable:
            return ApiTimeoutError(message, call=label)
        slow = UploadTooSlowError(message, call=label)
        logger.warning("%s; sending at most %s bytes at once while it is", slow, f"{self.uplink.max_bytes or 0:,}")
        return slow

    def _note_quota(self, response: requests.Response | None) -> None:
        if response is None:
            self._pacer.release(None, None)
            return
        quota = responses.read_quota(response)
        self._pacer.release(quota.remaining, quota.reset_seconds, refused=quota.refused)


@dataclass(frozen=True, slots=True)
class _Connection:
    """A session, and what all of its requests have in common: preparing each from the start takes longer than sending.

    Args:
        session: The session.
        template: A request without a path below the organization.
        settings: Proxies and certificates, as the environment has them.
    """

    session: requests.Session
    template: requests.PreparedRequest
    settings: Mapping[str, Any]

    def request(
        self, method: str, path: str, query: Mapping[str, str | int] | None, content: bytes | None
    ) -> requests.PreparedRequest:
        """Return a request that is ready to be sent; the path is percent-encoded already."""
        request = self.template.copy()
        request.method = method
        request.url = f"{self.template.url}{path}?{urlencode(query)}" if query else f"{self.template.url}{path}"
        if content is not None:
            request.headers["Content-Type"] = "application/json"
        request.prepare_body(content, None)
        return request


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _path_part(part: str) -> str:
    """Percent-encode one part of a path.

    Raises:
        FatalApiError: For `.` and `..`, which no encoding keeps from meaning another path.
    """
    if part in {"", ".", ".."}:
        raise NotFoundError("no such name", call=f"path part {part!r}")
    return quote(part, safe="")


def _sent(content: bytes | None) -> list[Any]:
    """Return the values of a load's rows; other bodies hold names only."""
    return list(msgspec.json.decode(content)) if content is not None and content.startswith(b"[") else []


def _names(path: str, query: Mapping[str, str | int] | None) -> Iterator[str]:
    """Yield the names in a call that its answer may repeat."""
    yield from filter(_PLAIN.fullmatch, path.split("/"))
    for name, value in (query or {}).items():
        yield name
        yield from str(value).split(",")


def _loggable(part: str) -> str:
    """Return a part of a path as it may be logged: a Segment's name comes from a record and may be anything."""
    return part if _PLAIN.fullmatch(part) else "[...]"


def _log_retry(details: Details) -> None:
    logger.warning(
        "%s; trying again in %.1f s (try %d)", details.get("exception"), details.get("wait", 0), details["tries"] + 1
    )
