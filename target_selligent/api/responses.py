"""What responses mean: a JSON object, or an error whose type says how to handle it.

Status codes, result codes and quota headers are vendor facts: see docs/selligent-api.md.
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
_COMPLETE = frozenset({None, "Succeeded"})
SUCCESS_CODES = _COMPLETE | {"PartiallySucceeded"}
"""Values of `result_code` that mean success. A response without `result_code` is successful, too."""
_TRY_LATER = frozenset({"ServiceUnavailable", "InternalServerError"})
_MAX_MESSAGE = 300
_WINDOW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Quota:
    """The quota of the API key, as the headers of a response describe it.

    Args:
        remaining: Calls that remain in the window; None if the response gives no usable number.
        reset_seconds: Seconds until the window ends, from 0 to 60; None if the response has no such header.
        refused: Whether Selligent refused the call because the quota is used up.
    """

    remaining: float | None
    reset_seconds: float | None
    refused: bool


def read_quota(response: requests.Response) -> Quota:
    """Read the quota headers of a response.

    No other code decides whether a 429 is about the quota or about a busy List. The rule is: it is about the quota
    if `X-RateLimit-Remaining` is 0 or less. See "Reaching the API" in docs/selligent-api.md.

    `X-RateLimit-Reset` should be a number of seconds up to 60. Any other value (a time stamp, NaN, a day) counts as 60:
    after a wait that is too short, the caller waits again; a wait that is too long only costs time.
    """
    remaining = _parse_float(response.headers.get("X-RateLimit-Remaining"))
    reset_header = response.headers.get("X-RateLimit-Reset")
    reset_seconds = _parse_float(reset_header)
    refused = response.status_code == HTTPStatus.TOO_MANY_REQUESTS and remaining is not None and remaining <= 0
    if reset_seconds is None or not 0 <= reset_seconds <= _WINDOW_SECONDS:
        reset_seconds = None if reset_header is None and not refused else _WINDOW_SECONDS
    return Quota(remaining, reset_seconds, refused)


def read_retry_after(response: requests.Response) -> float:
    """Read the header `Retry-After`, which holds seconds or a date.

    A date is compared with the header `Date` of the same response, if it has one. So a wrong local clock does no harm.

    Returns:
        Seconds to wait; 0 if the header is absent or unusable.
    """
    text = response.headers.get("Retry-After")
    if text is None:
        return 0.0
    seconds = _parse_float(text)
    if seconds is None:
        retry_at = _parse_date(text)
        if retry_at is None:
            return 0.0
        sent_at = _parse_date(response.headers.get("Date")) or datetime.now(timezone.utc)
        seconds = (retry_at - sent_at).total_seconds()
    return max(0.0, seconds)


def read_clock_difference(response: requests.Response) -> float | None:
    """Return how many seconds Selligent's clock is ahead of that of this machine; None if the response has no date."""
    sent_at = _parse_date(response.headers.get("Date"))
    return None if sent_at is None else (sent_at - datetime.now(timezone.utc)).total_seconds()


def parse(response: requests.Response, label: str, redact: Callable[[str], str]) -> dict[str, Any]:
    """Return the body of a successful response.

    A response that only refuses single rows of a load is also returned, whatever its status or `result_code`.

    Args:
        response: The response.
        label: Name of the call, for error messages.
        redact: Replaces values of records, key and secret in a message of Selligent.

    Returns:
        The JSON object of the response; empty if the response has no body.

    Raises:
        ApiError: For a response that reports a failure. The type says how to handle it.
    """
    body = _decode_json_object(response)
    code = _get_result_code(body or {})
    if body is not None and (response.status_code not in _ACCEPTED or code not in _COMPLETE):
        body = _redact_body(body, redact)
        code = _get_result_code(body)
    if response.status_code in _INVALID and body is not None and _has_refused_rows(body):
        return {**body, "result_code": "Failed"}
    if response.status_code not in _ACCEPTED:
        raise _error_from_status(response, body or {}, label)
    if body is None:
        if response.status_code != HTTPStatus.NO_CONTENT:
            raise ServerError("the response is not a JSON object", call=label, status=response.status_code)
        return {}
    if code in SUCCESS_CODES or (code not in _TRY_LATER and _has_refused_rows(body)):
        return body
    raise _error_from_result_code(response, body, label)


def vendor_message(body: Mapping[str, Any]) -> str:
    """Return what a response says about a failure, on one line of limited length; empty if it says nothing."""
    parts = [body.get("message"), *(_format_error(error) for error in _get_list(body, "errors"))]
    text = "; ".join(" ".join(str(part).split()) for part in parts if part)
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + "…"


def _error_from_result_code(response: requests.Response, body: Mapping[str, Any], label: str) -> Exception:
    """Return the error for a failing `result_code` in a response whose status means success."""
    status, code = response.status_code, _get_result_code(body)
    message = vendor_message(body) or "no reason given"
    if code in _TRY_LATER:
        return ServerError(
            f"Selligent answered {code}: {message}",
            call=label,
            status=status,
            code=code,
            retry_after=read_retry_after(response),
        )
    if code == "NotFound":
        return NotFoundError(f"not found: {message}", call=label, status=status, code=code)
    return BadRequestError(f"Selligent answered {code}: {message}", call=label, status=status, code=code)


def _error_from_status(  # noqa: PLR0911 - one return for each status with its own meaning
    response: requests.Response, body: Mapping[str, Any], label: str
) -> Exception:
    status = response.status_code
    code = _get_result_code(body)
    message = vendor_message(body)
    suffix = f": {message}" if message else ""
    if status == HTTPStatus.UNAUTHORIZED:
        return UnauthorizedError(
            "401: api_key and api_secret are wrong, or this service account was not granted this endpoint" + suffix,
            call=label,
            status=status,
        )
    if status == HTTPStatus.FORBIDDEN:
        return ForbiddenError(
            "403: the service account may not use this organization, or not from this address: "
            "check organization, base_url and the account's IP filter" + suffix,
            call=label,
            status=status,
        )
    if status == HTTPStatus.NOT_FOUND or code == "NotFound":
        return NotFoundError(f"not found{suffix}", call=label, status=status, code=code)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return PayloadTooLargeError("413: the body is too large for Selligent", call=label, status=status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _error_from_429(response, label)
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError(
            f"{status} {_reason_phrase(status)}".strip() + suffix,
            call=label,
            status=status,
            code=code,
            retry_after=read_retry_after(response),
        )
    if status < HTTPStatus.BAD_REQUEST:
        return UnexpectedResponseError(
            f"{status}: redirects are not followed: check base_url", call=label, status=status
        )
    return BadRequestError(f"{status} {_reason_phrase(status)}".strip() + suffix, call=label, status=status, code=code)


def _error_from_429(response: requests.Response, label: str) -> Exception:
    quota, retry_after = read_quota(response), read_retry_after(response)
    if quota.refused:
        return RateLimitedError(
            "429: the quota of this API key is used up",
            call=label,
            reset_seconds=quota.reset_seconds or 0.0,
            retry_after=retry_after,
        )
    return ListBusyError(
        "429: another bulk operation is running on this List", call=label, status=429, retry_after=retry_after
    )


def _redact_body(body: dict[str, Any], redact: Callable[[str], str]) -> dict[str, Any]:
    """Redact what a failed response says about the call. Messages about single rows are not changed."""
    redacted_errors = [
        {name: redact(str(value)) for name, value in error.items() if value}
        if isinstance(error, dict)
        else redact(str(error))
        for error in _get_list(body, "errors")
    ]
    code = _get_result_code(body)
    if code is not None and not code.isalpha():
        code = redact(code)
    message = body.get("message")
    return {
        **body,
        "message": redact(str(message)) if message else None,
        "errors": redacted_errors,
        "result_code": code,
    }


def _reason_phrase(status: int) -> str:
    """Return the standard phrase of a status. The phrase that the server sends can hold anything, so it is not used."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _decode_json_object(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return body if isinstance(body, dict) else None


def _has_refused_rows(body: Mapping[str, Any]) -> bool:
    """Return whether a response is about a load with refused rows. Then the call itself is not at fault."""
    failed = body.get("number_of_failed_records")
    return bool(_get_list(body, "invalid_records")) or (isinstance(failed, int) and failed > 0)


def _get_result_code(body: Mapping[str, Any]) -> str | None:
    code = body.get("result_code")
    return None if code is None else str(code)


def _get_list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    return value if isinstance(value, list) else []


def _format_error(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    return " ".join(str(error[key]) for key in ("error_code", "description") if error.get(key))


def _parse_float(text: str | None) -> float | None:
    """Return the number in a header; None if it is absent, not a number, or not finite."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _parse_date(text: str | None) -> datetime | None:
    """Return the date in a header; None if it is absent or not a date. Without a time zone it is taken as UTC."""
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
