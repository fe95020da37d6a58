"""Records that did not make it: counted, reported in the log without their values."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_selligent.errors import RunStoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("target-selligent")

_SHOWN_OF_A_KIND = 10


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record that could not be loaded, or could not become member of one Segment.

    Args:
        stream: Its stream.
        number: Its number in the stream, from 1.
        record: The record as it came.
        list_api_name: List it was meant for.
        reason: Why, without values.
        code: Kind of fault, or Selligent's validation code.
        field: Column or field at fault, if known.
        segment: Segment it could not join, if the List took it.
    """

    stream: str
    number: int
    record: dict[str, Any]
    list_api_name: str
    reason: str
    code: str
    field: str | None = None
    segment: str | None = None

    def __str__(self) -> str:
        where = f", field {self.field}" if self.field else ""
        what = f" for Segment {self.segment}" if self.segment else ""
        return f"record {self.number} of stream {self.stream}{where}{what}: {self.reason}"


class Rejects:
    """Takes rejected records, from any thread.

    Args:
        strict: Whether the first one ends the run (`skip_invalid_records: false`).
    """

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._lock = threading.Lock()
        self._kinds: Counter[tuple[str, str | None, str]] = Counter()

    def add(self, rejection: Rejection) -> None:
        """Put a rejection on the record.

        Raises:
            RunStoppedError: If the run may not go on past it.
        """
        if self._strict:
            raise RunStoppedError(
                f"{rejection}; the run ends here because skip_invalid_records is false: "
                "correct the record, or set it to true to skip and count such records"
            )
        kind = (rejection.stream, rejection.field, rejection.code)
        with self._lock:
            self._kinds[kind] += 1
            shown = self._kinds[kind]
        if shown <= _SHOWN_OF_A_KIND:
            logger.warning("Skipped %s", rejection)
        if shown == _SHOWN_OF_A_KIND:
            logger.warning("More records like this are only counted (stream %s, %s)", rejection.stream, rejection.code)

    def lines(self) -> Iterator[str]:
        """Yield the counts, a line for each stream, field and kind of fault."""
        with self._lock:
            for (stream, field, code), count in sorted(self._kinds.items(), key=str):
                where = f", field {field}" if field else ""
                yield f"skipped {count:,} records of stream {stream}{where}: {code}"
