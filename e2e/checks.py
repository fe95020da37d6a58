"""What is checked, and the report of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.emulator import Emulator
    from e2e.postgres import Postgres

LIST = "master_contacts"
KEY = "CUSTOMER_IDENTIFIER"
CARDS = "loyalty_cards"
COUPONS = "coupons"
FIELDS = (KEY, "EMAIL", "FIRST_NAME", "LIFETIME_VALUE", "LAST_PURCHASE_AT", "UPDATED_AT")
_DATE_TIMES = frozenset({"LAST_PURCHASE_AT", "UPDATED_AT"})
SEGMENTS = ("vip_customers", "re_engagement", "standard_customers")
_SHOWN = 5


@dataclass(slots=True)
class Report:
    """What was checked so far.

    Attributes:
        passed: How many checks held.
        failed: How many did not.
    """

    passed: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)

    def say(self, line: str) -> None:
        """Print a line."""
        print(line, flush=True)

    def check(self, holds: bool, what: str, details: Sequence[str] = ()) -> None:  # noqa: FBT001
        """Print what was checked and whether it holds.

        Args:
            holds: Whether it does.
            what: What was checked.
            details: Lines that are shown if it does not.
        """
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        self.say(f"  {'ok  ' if holds else 'FAIL'} {what}")
        for line in () if holds else details:
            self.say(f"       {line}")


def check_contents(report: Report, postgres: Postgres, emulator: Emulator) -> None:
    """Compare every record of the List and every membership with what SQL says.

    Args:
        report: Where to report.
        postgres: Source; its schema `expected` holds what must be there.
        emulator: Destination.
    """
    columns = ", ".join(name.lower() for name in FIELDS)
    lines = postgres.rows(f"SELECT json_build_array({columns}) FROM expected.records")  # noqa: S608 - names from above
    expected = Counter(_comparable(json.loads(line, parse_float=Decimal)) for line in lines)
    actual = Counter(_comparable(record) for record in emulator.list_records(LIST, FIELDS))
    check_equal(
        report, expected, actual, f"List {LIST}: {expected.total():,} records, {len(FIELDS)} fields each, as in SQL"
    )
    for segment in SEGMENTS:
        query = f"SELECT to_json(customer_identifier) FROM expected.members WHERE segment = '{segment}'"  # noqa: S608
        members = Counter((json.loads(line),) for line in postgres.rows(query))
        found = Counter(tuple(member) for member in emulator.segment_members(LIST, segment, [KEY]))
        check_equal(report, members, found, f"Segment {segment}: {members.total():,} members, as in SQL")


def check_cards(report: Report, postgres: Postgres, emulator: Emulator) -> None:
    """Compare the loyalty cards in Selligent with those in SQL, digit by digit.

    Args:
        report: Where to report.
        postgres: Source.
        emulator: Destination.
    """
    lines = postgres.rows("SELECT json_build_array(card_number::text, holder) FROM loyalty_cards")
    expected = Counter(tuple(json.loads(line)) for line in lines)
    actual = Counter(
        (str(number), holder) for number, holder in emulator.list_records(CARDS, ["CARD_NUMBER", "HOLDER"])
    )
    check_equal(report, expected, actual, f"List {CARDS}: {expected.total():,} keys of 20 digits, as in SQL")


def check_equal(
    report: Report, expected: Counter[tuple[Any, ...]], actual: Counter[tuple[Any, ...]], what: str
) -> None:
    """Check that two collections of rows are equal, and are not empty.

    Args:
        report: Where to report.
        expected: What must be there.
        actual: What is there.
        what: What was checked.
    """
    missing, surplus = expected - actual, actual - expected
    details = [f"{actual.total():,} found, {missing.total():,} missing or different, {surplus.total():,} not expected"]
    details += [f"expected {row}" for row in sorted(missing, key=str)[:_SHOWN]]
    details += [f"found    {row}" for row in sorted(surplus, key=str)[:_SHOWN]]
    report.check(bool(expected) and expected == actual, what, details)


def _comparable(record: Sequence[Any]) -> tuple[Any, ...]:
    """Return a record in the one form in which both sides can be compared: numbers and moments by value."""
    return tuple(
        moment(value) if name in _DATE_TIMES and value is not None else value
        for name, value in zip(FIELDS, record, strict=True)
    )


def moment(text: str) -> datetime:
    """Return an ISO 8601 date-time with a zone, whatever number of digits its fraction has."""
    text = text.replace("Z", "+00:00")
    head, dot, rest = text.partition(".")
    if dot:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{head}.{rest[:digits]:0<6.6}{rest[digits:]}"
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return at
