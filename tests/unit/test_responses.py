"""What headers of answers mean: the quota, which of two 429 it is, and when to come again."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.errors import ListBusyError, RateLimitedError, ServerError, TransientApiError
from target_selligent.responses import Quota, parse, read_quota, read_retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
TEXT = st.text(st.characters(max_codepoint=255))


def response(status: int = 429, **headers: str) -> requests.Response:
    """Return an answer with headers, in whose names `_` stands for `-`."""
    found = requests.Response()
    found.status_code = status
    found._content = b"later"  # noqa: SLF001 - the only way to an answer without a server
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
    """A 429 with nothing remaining is the quota's; a Reset that is no second of a window counts as a whole window."""
    found = response()
    said = {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset}
    found.headers.update({name: value for name, value in said.items() if value is not None})
    assert read_quota(found) == wanted
    with pytest.raises(RateLimitedError if wanted.refused else ListBusyError) as caught:
        parse(found, "POST lists/contacts/data/load", str)
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.reset_seconds == wanted.reset_seconds


def test_only_a_429_is_refused_for_the_quota() -> None:
    """The last call of a window is answered, with nothing remaining."""
    assert read_quota(response(200, X_RateLimit_Remaining="0", X_RateLimit_Reset="5")) == Quota(0, 5, refused=False)


@given(remaining=TEXT, reset=TEXT | st.floats().map(str) | st.integers().map(str), status=st.sampled_from([200, 429]))
def test_no_header_makes_a_quota_that_cannot_be_waited_for(remaining: str, reset: str, status: int) -> None:
    """Whatever headers hold, the quota's numbers are finite and the window ends within a minute."""
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
    """Seconds and dates are read; a date counts from the answer's own Date; anything else asks for nothing."""
    found = response(status, Retry_After=text, Date=format_datetime(NOW, usegmt=True))
    assert read_retry_after(found) == seconds
    with pytest.raises(TransientApiError) as caught:
        parse(found, "GET the organization", str)
    assert caught.value.retry_after == seconds


def test_a_date_without_the_answer_s_own_counts_from_now() -> None:
    """Where the answer has no Date, ours is used."""
    text = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=100), usegmt=True)
    assert 0 < read_retry_after(response(Retry_After=text)) <= 100


@given(TEXT)
def test_no_retry_after_is_a_failure(text: str) -> None:
    """Whatever the header holds, it is seconds from 0 on."""
    assert read_retry_after(response(Retry_After=text)) >= 0


def test_a_failing_result_code_can_ask_for_a_wait() -> None:
    """A 200 that says ServiceUnavailable is as good as a 503."""
    found = response(200, Retry_After="7")
    found._content = b'{"result_code": "ServiceUnavailable"}'  # noqa: SLF001 - see above
    with pytest.raises(ServerError) as caught:
        parse(found, "GET the organization", str)
    assert caught.value.retry_after == 7
