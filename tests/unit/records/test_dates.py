"""Dates and date-times are checked as text and converted to UTC."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.records.dates import DATE_PATTERNS, DATE_TIME_PATTERNS, to_iso_date, to_utc_date_time

DATE_TIMES = {
    "2026-05-01 10:15:00": "2026-05-01T10:15:00Z",
    "2026-05-01t10:15:00z": "2026-05-01T10:15:00Z",
    "2026-05-01T10:15": "2026-05-01T10:15:00Z",
    "2026-05-01T10:15+02": "2026-05-01T08:15:00Z",
    "2026-05-01T10:15:00 +0230": "2026-05-01T07:45:00Z",
    "2026-05-01T10:15:00-00:00": "2026-05-01T10:15:00Z",
    "2026-05-01T00:15:00+02:00": "2026-04-30T22:15:00Z",
    "2024-02-29T23:59:59.9Z": "2024-02-29T23:59:59.9Z",
    "2024-02-29T23:59:59.123456789Z": "2024-02-29T23:59:59.1234567Z",
    "2024-02-29T23:59:59,5+01:00": "2024-02-29T22:59:59.5Z",
    "2018-03-27T11:57:20.1179032Z": "2018-03-27T11:57:20.1179032Z",
    "2026-05-01": "2026-05-01T00:00:00Z",
}


@pytest.mark.parametrize(("text", "expected"), DATE_TIMES.items(), ids=DATE_TIMES)
def test_date_times(text: str, expected: str) -> None:
    """A date-time is sent in UTC. The instant and up to seven digits of the fraction stay unchanged."""
    assert to_utc_date_time(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-02-29T00:00:00Z",
        "2026-04-31 00:00:00",
        "2100-02-29T00:00:00Z",
        "2026-05-01T25:00:00Z",
        "2026-05-01T24:00:00Z",
        "2026-05-01T10:60:00Z",
        "2026-05-01T10:15:60Z",
        "2026-05-01T10:15:00+25:00",
        "2026-05-01T10:15:00+05:99",
        "2024-01-01T10:15.5Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:00:00-02:00",
        "2026-05-01T10:15:00Z\n",
        "\uff12026-05-01T10:15:00Z",
        "20260501T101500Z",
        "1777630500",
    ],
    ids=repr,
)
def test_invalid_date_times(text: str) -> None:
    """Text that is not a date-time, or a date-time that does not exist, raises an error."""
    with pytest.raises(ValueError, match=r"."):
        to_utc_date_time(text)


_ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 30), timezones=st.one_of(st.just(timezone.utc), _ZONES)))  # noqa: DTZ001 - hypothesis wants bounds without zone
def test_the_instant_stays(moment: datetime) -> None:
    """The text that is sent has the same instant in UTC, whatever the zone was."""
    text = to_utc_date_time(moment.isoformat())
    assert text.endswith("Z")
    assert datetime.fromisoformat(text[:-1] + "+00:00") == moment


@given(st.dates())
def test_dates_stay(day: date) -> None:
    """Every date is sent unchanged to a Date field, and as midnight to a DateTime field."""
    text = day.isoformat()
    assert to_iso_date(text) == text
    assert to_iso_date(f"{text}T00:00:00+05:00") == text
    assert to_utc_date_time(text) == f"{text}T00:00:00Z"


@pytest.mark.parametrize(
    "text", ["", "2026-02-30", "0000-01-01", "2026-5-1", "2026-05-01T00:00:00.001Z", "01/05/2026"], ids=repr
)
def test_invalid_dates(text: str) -> None:
    """Text that is not a date raises an error. So does a time of day, because it would be lost."""
    with pytest.raises(ValueError, match=r"."):
        to_iso_date(text)


@given(st.datetimes(), st.sampled_from(sorted(DATE_TIME_PATTERNS)))
def test_patterns_match_valid_columns(moment: datetime, zone: str) -> None:
    """The patterns for whole columns match every date and date-time that Python writes, and blank lines for null."""
    assert DATE_TIME_PATTERNS[zone].fullmatch(
        f"{moment.isoformat()}{zone}\n\n{moment.isoformat(' ', 'seconds')}{zone}\n"
    )
    assert DATE_PATTERNS[""].fullmatch(f"{moment.date().isoformat()}\n\n")


@pytest.mark.parametrize("day", ["2023-02-29", "2100-02-29", "0000-01-01", "2026-04-31", "2026-13-01", "2026-00-10"])
def test_patterns_match_no_day_that_does_not_exist(day: str) -> None:
    """The patterns know the days of the months and the leap years."""
    assert not DATE_PATTERNS[""].fullmatch(f"{day}\n")
    assert not DATE_TIME_PATTERNS["Z"].fullmatch(f"{day}T10:15:00Z\n")
