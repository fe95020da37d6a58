"""One rejected record: what is wrong with it, its message, and what may be logged of both. Pure; no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from target_selligent.batches import normalize_key_for_order
from target_selligent.rejects.lines import encode_member_message

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from target_selligent.batches import Route
    from target_selligent.errors import RejectedRecord
    from target_selligent.records import Key, Origin, Row

_CODE = re.compile(r"\w{1,60}")


class RejectionKind(NamedTuple):
    """What rejections are counted by. It contains no values of records.

    Args:
        stream: The stream, as the tap names it.
        field: The column or field with the wrong value; None if it is not a single one.
        code: The code of the error.
    """

    stream: str
    field: str | None
    code: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that is not loaded, or that is loaded and does not become a member of a Segment.

    Use `from_line` or `from_member` to create one.

    Args:
        error: What is wrong, without values of the record. Its code may be a validation code of Selligent.
        record_number: The number of the record in its stream, from 1.
        line: The message for the rejects file.
        origin: Where the record comes from.
        list_api_name: The List that the record is for.
        key: The key, normalized by `same_key.normalize_key_for_order`. None if it is not known or the record is loaded.
        segment: The Segment that the record does not join; None if the rejection is not about a Segment.
        vendor_message: The message of Selligent. It may quote values.
        redact: Removes values from a text; needed if there is a vendor message.
    """

    error: RejectedRecord
    record_number: int
    line: bytes
    origin: Origin
    list_api_name: str
    key: Hashable = None
    segment: str | None = None
    vendor_message: str | None = None
    redact: Callable[[str], str] | None = None

    @classmethod
    def from_line(  # noqa: PLR0913 - what is known of it
        cls,
        error: RejectedRecord,
        route: Route,
        record_number: int,
        line: bytes,
        key: Key | None,
        *,
        segment: str | None = None,
        vendor_message: str | None = None,
        redact: Callable[[str], str] | None = None,
    ) -> Rejection:
        """Return the rejection of a record that is not loaded.

        Args:
            error: What is wrong, without values of the record.
            route: The route of the record.
            record_number: The number of the record in its stream, from 1.
            line: The message of the record, exactly as it came.
            key: The key of the record; None if it is not known.
            segment: The Segment that cannot be used, if this is the reason.
            vendor_message: The message of Selligent.
            redact: Removes values from a text; needed if there is a vendor message.
        """
        return cls(
            error,
            record_number,
            line,
            route.origin,
            route.list_api_name,
            key=normalize_key_for_order(route.key_types, key),
            segment=segment,
            vendor_message=vendor_message,
            redact=redact,
        )

    @classmethod
    def from_member(  # noqa: PLR0913 - what is known of it
        cls,
        error: RejectedRecord,
        route: Route,
        record_number: int,
        key_row: Row,
        segment: str,
        *,
        vendor_message: str | None = None,
        redact: Callable[[str], str] | None = None,
    ) -> Rejection:
        """Return the rejection of a record that is loaded into the List and does not join a Segment.

        Its line has the key only. So a replay adds the member and does not bring back old values of the other fields.

        Args:
            error: What is wrong, without values of the record.
            route: The route of the record.
            record_number: The number of the record in its stream, from 1.
            key_row: The values of the key fields, in key order.
            segment: The Segment.
            vendor_message: The message of Selligent.
            redact: Removes values from a text; needed if there is a vendor message.
        """
        return cls(
            error,
            record_number,
            encode_member_message(route, key_row, segment),
            route.origin,
            route.list_api_name,
            segment=segment,
            vendor_message=vendor_message,
            redact=redact,
        )

    def redacted_reason(self) -> str:
        """Return what is wrong, with the message of Selligent, without values of the record."""
        reason = self.error.reason
        return f"{reason}: {self.redact(self.vendor_message)}" if self.vendor_message and self.redact else reason

    @property
    def kind(self) -> RejectionKind:
        """What the rejection is counted by. Selligent may have named the field and the code, so both are checked."""
        field, code = self.error.field, self.error.code
        if field and self.vendor_message and self.redact:
            field = self.redact(field)
        return RejectionKind(self.origin.stream, field, code if _CODE.fullmatch(code) else "Unknown")

    def __str__(self) -> str:
        field = self.kind.field
        where = f", field {field}" if field else ""
        membership = ", as a Segment member" if self.segment else ""
        return (
            f"record {self.record_number} of stream {self.origin.stream}{where}{membership}: {self.redacted_reason()}"
        )
