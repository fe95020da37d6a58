"""Dates and date-times as text: checked, and written in UTC. Pure; no I/O."""

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
_MINUTES = 60
_DAY = (
    r"(?:(?!0000)[0-9]{4}-"
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"|(?:[0-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)"
)
_MOMENT = rf"{_DAY}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,{_FRACTION_DIGITS}}})?"
_UTC_ZONES = frozenset({None, "Z", "z", "+00:00", "-00:00", "+0000", "-0000", "+00", "-00"})
DATE_PATTERNS = {"": re.compile(rf"(?:\n|{_DAY}\n)*")}
DATE_TIME_PATTERNS = {
    ending: re.compile(rf"(?:\n|{_MOMENT}{re.escape(ending)}\n)*") for ending in ("Z", "+00:00", "+00", "")
}
"""What nearly all dates look like, a line each, blank for null: valid by their form alone. By how they end."""


def to_utc_date_time(text: str) -> str:
    """Return an ISO 8601 date-time in UTC, its instant unchanged.

    Args:
        text: Date, or date and time with or without seconds, fraction and zone; without a zone it is UTC.

    Returns:
        The same instant as `YYYY-MM-DDTHH:MM:SS[.fraction]Z`. Of the fraction, 7 digits are kept: Selligent's
        own precision.

    Raises:
        ValueError: If the text is no date-time or no such moment exists.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 date-time")
    date, time, fraction, zone = match.group("date", "time", "fraction", "zone")
    time = (time or "00:00:00") if time is None or len(time) > len("00:00") else f"{time}:00"
    local = _moment(f"{date}T{time}")
    if zone not in _UTC_ZONES:
        sign = -1 if zone[0] == "-" else 1
        hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
        if minutes >= _MINUTES:
            raise ValueError("no such offset from UTC")
        try:
            local = local.replace(tzinfo=timezone(sign * timedelta(hours=hours, minutes=minutes))).astimezone(
                timezone.utc
            )
        except (OverflowError, ValueError):
            raise ValueError("date-time is out of range") from None
    seconds = local.replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{seconds}.{fraction[:_FRACTION_DIGITS]}Z" if fraction else f"{seconds}Z"


def to_iso_date(text: str) -> str:
    """Return an ISO 8601 date.

    Args:
        text: A date, or a date-time at midnight.

    Returns:
        The date as `YYYY-MM-DD`.

    Raises:
        ValueError: If the text is no date, no such day exists, or a time of day would be lost.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 date")
    date, time, fraction = match.group("date", "time", "fraction")
    _moment(f"{date}T00:00:00")
    if (time or "").strip("0:") or (fraction or "").strip("0"):
        raise ValueError("a date with a time of day: its schema must say format date-time")
    return date


def _moment(text: str) -> datetime:
    if text[11:13] == "24":
        # Newer Pythons take it for the next day's midnight.
        raise ValueError("no such date or time")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("no such date or time") from None
