"""Checks dates and date-times as text, and converts date-times to UTC. Pure; no I/O.

The form that Selligent expects is in docs/selligent-api.md.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<time>\d\d:\d\d(?::\d\d)?)(?:(?<=:\d\d:\d\d)[.,](?P<fraction>\d+))?"
    r" ?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_FRACTION_DIGITS = 7
_MINUTES_PER_HOUR = 60
_DAY = (
    r"(?:(?!0000)[0-9]{4}-"
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"|(?:[0-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)"
)
_DAY_AND_TIME = rf"{_DAY}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,{_FRACTION_DIGITS}}})?"
_UTC_ZONES = frozenset({None, "Z", "z", "+00:00", "-00:00", "+0000", "-0000", "+00", "-00"})

DATE_PATTERNS = {"": re.compile(rf"(?:\n|{_DAY}\n)*")}
"""Like `DATE_TIME_PATTERNS`, for dates, which have no zone."""

DATE_TIME_PATTERNS = {
    zone: re.compile(rf"(?:\n|{_DAY_AND_TIME}{re.escape(zone)}\n)*") for zone in ("Z", "+00:00", "+00", "")
}
"""Zone to a pattern for whole columns: one date-time in each line, a blank line for null.

A text that matches is valid and in UTC. Nearly all date-times match; the others are converted one by one.
"""


def to_utc_date_time(text: str) -> str:
    """Return an ISO 8601 date-time in UTC. The instant stays the same.

    Args:
        text: A date, or a date and time with or without seconds, fraction and zone. Without a zone it is UTC.

    Returns:
        The instant as `YYYY-MM-DDTHH:MM:SS[.fraction]Z`. The fraction keeps 7 digits, which is Selligent's precision.

    Raises:
        ValueError: If the text is not a date-time, or if that date or time does not exist.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 date-time")
    date, time, fraction, zone = match.group("date", "time", "fraction", "zone")
    time = (time or "00:00:00") if time is None or len(time) > len("00:00") else f"{time}:00"
    local = _parse_date_time(f"{date}T{time}")
    if zone not in _UTC_ZONES:
        sign = -1 if zone[0] == "-" else 1
        hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        if minutes >= _MINUTES_PER_HOUR:
            raise ValueError("the offset from UTC does not exist")
        try:
            local = local.replace(tzinfo=timezone(sign * timedelta(hours=hours, minutes=minutes))).astimezone(
                timezone.utc
            )
        except (OverflowError, ValueError):
            raise ValueError("the date-time is out of range") from None
    seconds = local.replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{seconds}.{fraction[:_FRACTION_DIGITS]}Z" if fraction else f"{seconds}Z"


def to_iso_date(text: str) -> str:
    """Return an ISO 8601 date.

    Args:
        text: A date, or a date-time at midnight.

    Returns:
        The date as `YYYY-MM-DD`.

    Raises:
        ValueError: If the text is not a date, if the day does not exist, or if it has a time of day.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 date")
    date, time, fraction = match.group("date", "time", "fraction")
    _parse_date_time(f"{date}T00:00:00")
    if (time or "").strip("0:") or (fraction or "").strip("0"):
        raise ValueError("the date has a time of day: its schema must declare format date-time")
    return date


def _parse_date_time(text: str) -> datetime:
    if text[11:13] == "24":
        # Python 3.13 and later accept hour 24 as midnight of the next day.
        raise ValueError("the date or time does not exist")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("the date or time does not exist") from None
