"""What responses mean: statuses, result codes, messages, the quota headers, and `Retry-After`."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.api.responses import Quota, parse, read_quota, read_retry_after, vendor_message
from target_selligent.errors import (
    ApiError,
    BadRequestError,
    ForbiddenError,
    ListBusyError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitedError,
    ServerError,
    TransientApiError,
    UnauthorizedError,
    UnexpectedResponseError,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
TEXT = st.text(st.characters(max_codepoint=255))


def response(status: int = 429, **headers: str) -> requests.Response:
    """Return a response with headers. In their names, `_` stands for `-`."""
    found = requests.Response()
    found.status_code = status
    found._content = b"later"  # noqa: SLF001 - the only way to a response without a server
    found.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return found


@pytest.mark.parametrize(
    ("remaining", "reset", "wanted"),
    [
        ("0", "30", Quota(0, 30, refused=True)),
        ("-1", "0", Quota(-1, 0, refused=True)),
        ("0.0", "59.5", Quota(0, 59.5, refused=True)),
        ("12", "30", Quota(12, 30, refused=False)),
        (None, "30", Quota(None, 30, refused=False)),
        ("many", "30", Quota(None, 30, refused=False)),
        ("nan", None, Quota(None, None, refused=False)),
        ("12", None, Quota(12, None, refused=False)),
        ("0", None, Quota(0, 60, refused=True)),
        ("0", "61", Quota(0, 60, refused=True)),
        ("0", "1e300", Quota(0, 60, refused=True)),
        ("0", "nan", Quota(0, 60, refused=True)),
        ("0", "inf", Quota(0, 60, refused=True)),
        ("0", "-inf", Quota(0, 60, refused=True)),
        ("0", "-3", Quota(0, 60, refused=True)),
        ("0", "1772366400", Quota(0, 60, refused=True)),
        ("0", "Sun, 01 Mar 2026 12:00:30 GMT", Quota(0, 60, refused=True)),
        ("12", "1772366400", Quota(12, 60, refused=False)),
    ],
    ids=str,
)
def test_the_quota_of_a_429(remaining: str | None, reset: str | None, wanted: Quota) -> None:
    """A 429 is about the quota if no call remains. A Reset outside of 0 to 60 seconds counts as 60."""
    found = response()
    headers = {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset}
    found.headers.update({name: value for name, value in headers.items() if value is not None})
    assert read_quota(found) == wanted
    with pytest.raises(RateLimitedError if wanted.refused else ListBusyError) as caught:
        parse(found, "POST lists/contacts/data/load", str)
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.reset_seconds == wanted.reset_seconds


def test_only_a_429_is_a_refusal() -> None:
    """A successful response is not about a used-up quota, even if no call remains."""
    assert read_quota(response(200, X_RateLimit_Remaining="0", X_RateLimit_Reset="5")) == Quota(0, 5, refused=False)


@given(remaining=TEXT, reset=TEXT | st.floats().map(str) | st.integers().map(str), status=st.sampled_from([200, 429]))
def test_no_header_leads_to_an_endless_wait(remaining: str, reset: str, status: int) -> None:
    """Whatever the headers hold, the numbers are finite and the window ends within a minute."""
    quota = read_quota(response(status, X_RateLimit_Remaining=remaining, X_RateLimit_Reset=reset))
    assert quota.remaining is None or abs(quota.remaining) < float("inf")
    assert quota.reset_seconds is None or 0 <= quota.reset_seconds <= 60


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("0", 0),
        ("1.5", 1.5),
        ("-5", 0),
        ("soon", 0),
        ("", 0),
        ("nan", 0),
        ("inf", 0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ("Sunday, 01-Mar-26 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 12:00:30", 30),
        ("Sun, 01 Mar 99999 12:00:30 GMT", 0),
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [429, 503], ids=str)
def test_retry_after(text: str, seconds: float, status: int) -> None:
    """`Retry-After` holds seconds, or a date that is compared with `Date`. Any other text counts as 0."""
    found = response(status, Retry_After=text, Date=format_datetime(NOW, usegmt=True))
    assert read_retry_after(found) == seconds
    with pytest.raises(TransientApiError) as caught:
        parse(found, "GET the organization", str)
    assert caught.value.retry_after == seconds


def test_without_date_header_the_local_clock_counts() -> None:
    """Without the header `Date`, a date in `Retry-After` is compared with the local clock."""
    text = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=100), usegmt=True)
    assert 0 < read_retry_after(response(Retry_After=text)) <= 100


@given(TEXT)
def test_no_retry_after_is_negative(text: str) -> None:
    """Whatever the header holds, the result is 0 or more."""
    assert read_retry_after(response(Retry_After=text)) >= 0


def test_a_failing_result_code_can_ask_for_a_wait() -> None:
    """A 200 with `ServiceUnavailable` is treated like a 503."""
    found = response(200, Retry_After="7")
    found._content = b'{"result_code": "ServiceUnavailable"}'  # noqa: SLF001 - see above
    with pytest.raises(ServerError) as caught:
        parse(found, "GET the organization", str)
    assert caught.value.retry_after == 7


def respond(status: int, body: object, **headers: str) -> requests.Response:
    """Return a response with a JSON body."""
    found = response(status, **headers)
    found._content = json.dumps(body).encode()  # noqa: SLF001 - see above
    return found


def keep(text: str) -> str:
    """Redact nothing."""
    return text


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (401, {}, UnauthorizedError, "401: api_key and api_secret are wrong, or this service account was not granted"),
        (403, {}, ForbiddenError, "403: the service account may not use this organization"),
        (404, {}, NotFoundError, "GET x: not found"),
        (404, {"message": "no such list"}, NotFoundError, "not found: no such list"),
        (400, {"result_code": "NotFound"}, NotFoundError, "not found"),
        (422, {"result_code": "NotFound"}, NotFoundError, "not found"),
        (413, {}, PayloadTooLargeError, "413: the body is too large"),
        (408, {}, ServerError, "408 Request Timeout"),
        (500, {"message": "oh"}, ServerError, "500 Internal Server Error: oh"),
        (503, {}, ServerError, "503 Service Unavailable"),
        (599, {}, ServerError, "GET x: 599"),
        (301, {}, UnexpectedResponseError, "301: redirects are not followed: check base_url"),
        (304, {}, UnexpectedResponseError, "304: redirects are not followed"),
        (400, {"message": "bad"}, BadRequestError, "400 Bad Request: bad"),
        (405, {}, BadRequestError, "405 Method Not Allowed"),
        (422, {}, BadRequestError, "422 Unprocessable"),
        (499, {}, BadRequestError, "GET x: 499"),
        (200, {"result_code": "Failed"}, BadRequestError, "Selligent answered Failed: no reason given"),
        (200, {"result_code": "ValidationFailed", "message": "bad"}, BadRequestError, "answered ValidationFailed: bad"),
        (201, {"result_code": "SomethingNew"}, BadRequestError, "answered SomethingNew"),
        (200, {"result_code": "NotFound"}, NotFoundError, "not found: no reason given"),
        (200, {"result_code": "ServiceUnavailable"}, ServerError, "answered ServiceUnavailable"),
        (200, {"result_code": "InternalServerError"}, ServerError, "answered InternalServerError"),
        (
            200,
            {"result_code": "InternalServerError", "number_of_failed_records": 1},
            ServerError,
            "InternalServerError",
        ),
        (200, {"result_code": ["Failed"]}, BadRequestError, "Failed"),
        (200, {"result_code": {"a": 1}}, BadRequestError, "Selligent answered"),
        (200, ["Succeeded"], ServerError, "the response is not a JSON object"),
        (201, "Succeeded", ServerError, "the response is not a JSON object"),
        (202, {}, UnexpectedResponseError, "202"),
    ],
    ids=str,
)
def test_a_failure_has_the_type_that_says_how_to_handle_it(
    status: int, body: object, error: type[ApiError], message: str
) -> None:
    """Status and `result_code` decide the type of the error. Its message names the call and what to check."""
    with pytest.raises(ApiError, match=r"^GET x: ") as caught:
        parse(respond(status, body), "GET x", keep)
    assert type(caught.value) is error
    assert message in str(caught.value)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {}),
        (200, {"api_name": "contacts"}),
        (201, {"result_code": "Succeeded"}),
        (200, {"result_code": "PartiallySucceeded", "message": "x", "errors": []}),
        (204, {}),
    ],
    ids=str,
)
def test_a_success_is_returned_as_it_is(status: int, body: dict[str, object]) -> None:
    """A successful response is its own JSON object."""
    assert parse(respond(status, body), "GET x", keep) == body | (
        {"message": "x", "errors": []} if "errors" in body else {}
    )


def test_a_204_needs_no_body() -> None:
    """204 means success without a body."""
    found = response(204)
    found._content = b""  # noqa: SLF001 - see above
    assert parse(found, "GET x", keep) == {}


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (200, "Failed", "Failed"),
        (200, "ValidationFailed", "ValidationFailed"),
        (400, "ValidationFailed", "Failed"),
        (400, None, "Failed"),
        (422, "Succeeded", "Failed"),
    ],
    ids=str,
)
@pytest.mark.parametrize("rows", [{"number_of_failed_records": 2}, {"invalid_records": [{"record_index": 0}]}], ids=str)
def test_refused_rows_are_a_result(status: int, code: str | None, result: str, rows: dict[str, object]) -> None:
    """A response about refused rows is not an error of the call. A failing status counts as `Failed`."""
    body = parse(respond(status, {"result_code": code} | rows), "POST x", keep)
    assert body["result_code"] == result
    assert body | rows == body


@pytest.mark.parametrize("rows", [{"number_of_failed_records": 0}, {"invalid_records": []}, {"invalid_records": 3}])
def test_a_failure_without_refused_rows_is_an_error(rows: dict[str, object]) -> None:
    """Without a refused row, a failing load is a refused call."""
    with pytest.raises(BadRequestError):
        parse(respond(400, rows), "POST x", keep)


def test_only_messages_about_the_call_are_redacted() -> None:
    """A failing response is redacted in message, errors and unknown codes. Messages about single rows stay."""
    body = {
        "result_code": "Bad 1",
        "message": "about secret",
        "errors": [{"error_code": "E", "description": "secret"}, "secret"],
        "invalid_records": [{"record_index": 0, "message": "secret"}],
    }
    found = parse(respond(400, body), "POST x", lambda text: text.replace("secret", "[value]"))
    assert found["message"] == "about [value]"
    assert found["errors"] == [{"error_code": "E", "description": "[value]"}, "[value]"]
    assert found["invalid_records"] == [{"record_index": 0, "message": "secret"}]
    with pytest.raises(BadRequestError, match=r"Selligent answered \[value\] 1: no reason given") as caught:
        parse(respond(200, {"result_code": "Bad 1"}), "POST x", lambda text: text.replace("Bad", "[value]"))
    assert caught.value.code == "[value] 1"


def test_a_success_is_not_redacted() -> None:
    """A successful response can hold names like those of fields, so it is not changed."""
    body = {"result_code": "Succeeded", "message": "fine"}
    assert parse(respond(200, body), "GET x", lambda _: "[value]") == body


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, ""),
        ({"message": None, "errors": None}, ""),
        ({"message": " two\n lines "}, "two lines"),
        ({"message": "a", "errors": ["b", {"error_code": "E1", "description": "c"}]}, "a; b; E1 c"),
        ({"errors": [{"error_code": "E1"}, {"description": "c"}, {}]}, "E1; c"),
        ({"errors": "b"}, ""),
        ({"errors": 7, "message": "a"}, "a"),
        ({"message": "x" * 300}, "x" * 300),
        ({"message": "x" * 301}, "x" * 300 + "…"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_a_response_says_is_one_short_line(body: dict[str, object], text: str) -> None:
    """Message and errors become one line of at most 300 characters."""
    assert vendor_message(body) == text


@given(
    st.dictionaries(
        st.sampled_from(["result_code", "message", "errors", "invalid_records", "number_of_failed_records"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["Succeeded", "NotFound", "x"]),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            max_leaves=4,
        ),
    ),
    st.sampled_from([200, 201, 204, 302, 400, 404, 422, 429, 503]),
)
def test_no_response_ends_in_another_error(body: dict[str, object], status: int) -> None:
    """Whatever types the response holds, the result is an object or one of the API errors."""
    with contextlib.suppress(ApiError):
        vendor_message(parse(respond(status, body), "GET x", keep))
