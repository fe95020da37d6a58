"""What Selligent's answers mean: a value, or an error of the type that says what to do.

Status codes and result codes are those of the API description, the quota's headers those of the rate limitation page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.errors import (
    BadRequestError,
    ForbiddenError,
    ListBusyError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
    UnexpectedResponseError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

_ACCEPTED = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT})
_INVALID = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
_SUCCEEDED = frozenset({None, "Succeeded", "PartiallySucceeded"})
_CLEAN = frozenset({None, "Succeeded"})
_TRY_LATER = frozenset({"ServiceUnavailable", "InternalServerError"})
_MAX_MESSAGE = 300
_WINDOW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Quota:
    """What an answer says of the API key's quota, as far as it makes sense.

    Args:
        remaining: Calls that remain in the window; None if the answer does not say.
        reset_seconds: Seconds until the window ends, from 0 to a whole window; None if the answer does not say.
        refused: Whether the call was refused because the quota is used up.
    """

    remaining: float | None
    reset_seconds: float | None
    refused: bool


def read_quota(response: requests.Response) -> Quota:
    """Return what an answer's headers say of the quota; the only place that decides which 429 is the quota's.

    The header is seconds, of a window of a minute. Anything else in it (a moment, NaN, a day) counts as a whole window:
    a wait that is too short is followed by another one, a wait that is too long is lost.
    """
    remaining = _number(response.headers.get("X-RateLimit-Remaining"))
    text = response.headers.get("X-RateLimit-Reset")
    reset = _number(text)
    refused = response.status_code == HTTPStatus.TOO_MANY_REQUESTS and remaining is not None and remaining <= 0
    if reset is None or not 0 <= reset <= _WINDOW_SECONDS:
        reset = None if text is None and not refused else _WINDOW_SECONDS
    return Quota(remaining, reset, refused)


def read_retry_after(response: requests.Response) -> float:
    """Return the seconds that an answer asks to wait with `Retry-After`, as a number or a date; 0 if it does not.

    A date counts from the answer's own `Date` where there is one, so that a clock that is wrong here does not matter.
    """
    text = response.headers.get("Retry-After")
    if text is None:
        return 0.0
    seconds = _number(text)
    if seconds is None:
        moment = _moment(text)
        if moment is None:
            return 0.0
        seconds = (moment - (_moment(response.headers.get("Date")) or datetime.now(timezone.utc))).total_seconds()
    return max(0.0, seconds)


def parse(response: requests.Response, label: str, redact: Callable[[str], str]) -> dict[str, Any]:
    """Return the body of a good answer.

    Args:
        response: The answer.
        label: Name of the call, for messages.
        redact: Blots out of Selligent's words what they quote: values of records, key and secret.

    Returns:
        Its JSON object, empty if it has no body.

    Raises:
        ApiError: What a bad answer means.
    """
    body = _json_object(response)
    code = (body or {}).get("result_code")
    if body is not None and (response.status_code not in _ACCEPTED or code not in _CLEAN):
        body = _redacted(body, redact)
        code = body.get("result_code")
    if response.status_code in _INVALID and body is not None and _counts_refused_rows(body):
        return {**body, "result_code": "Failed"}
    if response.status_code not in _ACCEPTED:
        raise _refusal(response, body or {}, label)
    if body is None:
        if response.status_code != HTTPStatus.NO_CONTENT:
            raise ServerError("the answer is not a JSON object", call=label, status=response.status_code)
        return {}
    if code in _SUCCEEDED or (code not in _TRY_LATER and _counts_refused_rows(body)):
        return body
    message = vendor_message(body) or "no reason given"
    if code in _TRY_LATER:
        raise ServerError(
            f"Selligent answered {code}: {message}",
            call=label,
            status=response.status_code,
            code=code,
            retry_after=read_retry_after(response),
        )
    if code == "NotFound":
        raise NotFoundError(f"not found: {message}", call=label, status=response.status_code, code=code)
    raise BadRequestError(f"Selligent answered {code}: {message}", call=label, status=response.status_code, code=code)


def _refusal(  # noqa: PLR0911 - one return for each status that means something of its own
    response: requests.Response, body: Mapping[str, Any], label: str
) -> Exception:
    status = response.status_code
    code = body.get("result_code")
    said = vendor_message(body)
    detail = f": {said}" if said else ""
    if status == HTTPStatus.UNAUTHORIZED:
        return UnauthorizedError(
            "401: api_key and api_secret are wrong, or this service account was not granted this endpoint" + detail,
            call=label,
            status=status,
        )
    if status == HTTPStatus.FORBIDDEN:
        return ForbiddenError(
            "403: the service account may not use this organization, or not from this address: "
            "check organization, base_url and the account's IP filter" + detail,
            call=label,
            status=status,
        )
    if status == HTTPStatus.NOT_FOUND or code == "NotFound":
        return NotFoundError(f"not found{detail}", call=label, status=status, code=code)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return PayloadTooLargeError("413: the body is too large for Selligent", call=label, status=status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _too_many(response, label)
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError(
            f"{status} {_phrase(status)}".strip() + detail,
            call=label,
            status=status,
            code=code,
            retry_after=read_retry_after(response),
        )
    if status < HTTPStatus.BAD_REQUEST:
        return UnexpectedResponseError(
            f"{status}: a redirect is not followed: check base_url", call=label, status=status
        )
    return BadRequestError(f"{status} {_phrase(status)}".strip() + detail, call=label, status=status, code=code)


def _too_many(response: requests.Response, label: str) -> Exception:
    """Tell the two kinds of 429 apart."""
    quota, asked = read_quota(response), read_retry_after(response)
    if quota.refused:
        return RateLimitedError(
            "429: the quota of this API key is used up",
            call=label,
            reset_seconds=quota.reset_seconds or 0.0,
            retry_after=asked,
        )
    return ListBusyError(
        "429: another bulk operation is running on this List", call=label, status=429, retry_after=asked
    )


def _redacted(body: dict[str, Any], redact: Callable[[str], str]) -> dict[str, Any]:
    """Return a failing answer with Selligent's words about the call redacted; those about single rows stay."""
    errors = body.get("errors")
    words = [
        {name: redact(str(value)) for name, value in error.items() if value}
        if isinstance(error, dict)
        else redact(str(error))
        for error in (errors if isinstance(errors, list) else [])
    ]
    code = body.get("result_code")
    known = code if code is None or (isinstance(code, str) and code.isalpha()) else redact(str(code))
    message = body.get("message")
    return {**body, "message": redact(str(message)) if message else None, "errors": words, "result_code": known}


def _phrase(status: int) -> str:
    """Return what a status means; the server's own phrase may say anything."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _json_object(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return body if isinstance(body, dict) else None


def _counts_refused_rows(body: Mapping[str, Any]) -> bool:
    """Say whether an answer is that of a load that refused rows: not the call is at fault, whatever it calls itself."""
    failed = body.get("number_of_failed_records")
    return bool(body.get("invalid_records")) or (isinstance(failed, int) and failed > 0)


def vendor_message(body: Mapping[str, Any]) -> str:
    """Return Selligent's own words about a failure, cut to a line; empty if it said nothing."""
    parts = [body.get("message"), *(_error_text(error) for error in body.get("errors") or ())]
    text = "; ".join(" ".join(str(part).split()) for part in parts if part)
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"


def _error_text(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    return " ".join(str(error[key]) for key in ("error_code", "description") if error.get(key))


def _number(text: str | None) -> float | None:
    """Return the number in a header; None if there is none that can be counted with."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _moment(text: str | None) -> datetime | None:
    """Return the moment in a header, which is in UTC unless it says otherwise; None if there is none."""
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
