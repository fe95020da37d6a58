"""Loads the rows of a batch or of a Segment in as few calls as possible, and finds out which rows Selligent refuses.

If an answer leaves something open, smaller parts are sent, down to a single row. Sending rows again changes nothing:
loads are upserts by key, and the parts are sent in order. In `Stream` mode Selligent may answer before it writes the
rows; the same rows in the same order still have the same effect.

`outcomes.py` decides what an answer means. This module makes the calls.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from target_selligent.errors import (
    ApiTimeoutError,
    BadRequestError,
    ConnectionLostError,
    MissingIndexError,
    PayloadTooLargeError,
    RejectedRecord,
    RunStoppedError,
    UploadTooSlowError,
)
from target_selligent.loading.index_probe import IndexProbe
from target_selligent.loading.loads import ABSENT
from target_selligent.loading.outcomes import (
    VALIDATION_FAILED,
    AcceptedParameters,
    AfterLoss,
    Done,
    LostParts,
    Refusal,
    RowIndex,
    Split,
    Suspects,
    UnknownBase,
    outcome,
    outcome_with_base,
    row_at,
)
from target_selligent.loading.report import Counts, counts_of
from target_selligent.loading.sizes import Size
from target_selligent.records import NOT_IN_LIST

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence

    from target_selligent.api import LoadResult, RefusedRow, SelligentClient
    from target_selligent.batches import Body
    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.loads import Load
    from target_selligent.loading.sizes import SizeLimit

logger = logging.getLogger("target-selligent")


class PartLoader:
    """Loads rows into one List and its Segments. May be used from any thread.

    Args:
        client: Knows the speed of the line, and from which number the tenant counts rows.
        destination: The List.
        sizes: The largest body that Selligent accepts.
        calls: Acquired for each call. It allows as many calls at a time as the List does.
        stop_on_error: Whether Selligent stops a load at the first row that it refuses. Then the run ends, too.
    """

    def __init__(
        self,
        client: SelligentClient,
        destination: ListDestination,
        sizes: SizeLimit,
        calls: threading.Semaphore,
        *,
        stop_on_error: bool,
    ) -> None:
        self.client = client
        self.destination = destination
        self.sizes = sizes
        self.indexes = client.record_indexes
        self.calls = calls
        self.stop_on_error = stop_on_error
        self.accepted = AcceptedParameters()

    def load(self, rows: Body, load: Load) -> set[RowIndex]:
        """Load rows.

        Args:
            rows: The rows.
            load: Sends them, and receives the counts and the rejected rows.

        Returns:
            Indexes of the rows that Selligent refused. Each is rejected.

        Raises:
            TargetSelligentError: If the run cannot go on.
        """
        return _Loading(self, rows, load).run()


class _Loading:
    """One load: sends part after part, and keeps what is known about its rows."""

    def __init__(self, loader: PartLoader, rows: Body, load: Load) -> None:
        self._loader = loader
        self._rows = rows
        self._load = load
        self._shape = shape = load.shape
        self._refused: set[RowIndex] = set()
        self._lost_parts = LostParts()
        self._suspects = Suspects()
        if shape.is_proven:
            self._suspects.note_loaded()
        self._start = loader.accepted.start((shape.place, ",".join(shape.fields), ",".join(shape.key_fields)))

    def run(self) -> set[RowIndex]:
        """Send all parts, in order; return the rows that Selligent refused."""
        pending = [range(len(self._rows))] if len(self._rows) else []
        while pending:
            part = pending.pop()
            max_upload_bytes = self._loader.client.max_upload_bytes
            parts: Sequence[range] = self._loader.sizes.cut(self._rows, part, self._shape.max_rows, max_upload_bytes)
            if len(parts) == 1:
                parts = self._send_part(part)
            pending += reversed(parts)
        if self._suspects:
            if not self._loader.accepted.blames_rows(self._start):
                raise self._suspects.first_error
            self._reject_suspects(self._suspects.pop_all())
        return self._refused

    def _send_part(self, part: range) -> Sequence[range]:
        """Send a part in one call; return the parts that must be sent next in its place, if any."""
        try:
            result = self._call(part, splittable=self._lost_parts.splittable(part))
        except PayloadTooLargeError as error:
            if len(part) > 1:
                return self._halves(part, error)
            too_large = RejectedRecord("it alone is too large for Selligent", code="too_large")
            self._reject(RowIndex(part.start), Refusal(too_large, None))
            return ()
        except (ApiTimeoutError, ConnectionLostError) as error:
            return self._parts_after_loss(part, error)
        except MissingIndexError:
            raise
        except BadRequestError as error:
            if error.code != VALIDATION_FAILED or self._loader.stop_on_error:
                raise
            if len(part) > 1:
                return self._rows.halve(part)
            self._reject_suspects(self._suspects.add(RowIndex(part.start), error))
            return ()
        return self._parts_after_answer(part, result)

    def _parts_after_answer(self, part: range, result: LoadResult) -> Sequence[range]:
        """Count and reject what an answer says; return the parts that must be sent again."""
        self._loader.sizes.note_accepted(self._size(part))
        self._loader.accepted.note_loaded(self._start.parameters)
        self._reject_suspects(self._suspects.note_loaded())
        if self._shape.names_absent and result.not_found:
            return self._find_absent(part, result)
        stop_on_error = self._loader.stop_on_error
        decision = outcome(len(part), result, self._loader.indexes, stop_on_error=stop_on_error)
        if isinstance(decision, UnknownBase):
            base = self._find_base(part, decision.faults)
            decision = outcome_with_base(decision.faults, base, stop_on_error=stop_on_error)
        if isinstance(decision, Split):
            return self._rows.halve(part)
        self._finish_part(part, result, decision)
        return ()

    def _find_absent(self, part: range, result: LoadResult) -> Sequence[range]:
        """Reject a row that the List does not have; of several rows, return the halves, to find the one."""
        if len(part) > 1:
            return self._rows.halve(part)
        self._load.count(counts_of(result, rows=1, refused=0))
        self._reject(RowIndex(part.start), Refusal(RejectedRecord(ABSENT, code=NOT_IN_LIST), None))
        return ()

    def _finish_part(self, part: range, result: LoadResult, decision: Done) -> None:
        refused = decision.refused
        self._load.count(counts_of(result, rows=len(part), refused=len(refused)))
        for position, refusal in refused.items():
            self._reject(row_at(part, position), refusal)
        if (refused or result.refused or result.failed) and self._loader.stop_on_error:
            raise RunStoppedError(
                f"List {self._loader.destination.api_name} stopped loading at a refused record, because error_handling "
                "is StopOnError: correct the record, or set ContinueOnError to load the others"
            )

    def _find_base(self, part: range, faults: Mapping[int, RefusedRow]) -> int | None:
        probe = IndexProbe(
            self._rows,
            self._shape,
            self._loader.destination,
            self._loader.indexes,
            lambda rows: self._call(rows, splittable=False),
        )
        return probe.find_base(part, faults)

    def _parts_after_loss(self, part: range, error: ApiTimeoutError | ConnectionLostError) -> Sequence[range]:
        """Return the parts to send after a call without an answer."""
        step = self._lost_parts.next_step(
            part,
            timed_out=isinstance(error, ApiTimeoutError),
            size_was_accepted=self._loader.sizes.was_accepted(self._size(part)),
        )
        if step is AfterLoss.GIVE_UP:
            raise error
        if step is AfterLoss.SPLIT:
            return self._halves(part, error)
        if step is AfterLoss.SEND_AGAIN:
            logger.warning("%s; trying again", error)
        else:
            logger.warning("%s; trying again, the last row alone first", error)
            with suppress(PayloadTooLargeError, BadRequestError):
                self._call(part[-1:], splittable=False)
        return (part,)

    def _halves(self, part: range, error: Exception) -> Sequence[range]:
        """Halve a part that is too large. Remember its size, unless it was only too large for a slow line."""
        halves = self._rows.halve(part)
        sizes = self._loader.sizes
        if self._rows.size_bytes_of(part) <= self._loader.client.max_upload_bytes and sizes.note_too_large(
            self._size(part), max(map(self._size, halves))
        ):
            logger.warning(
                "%s; %s: loads are cut to %s bytes and %s rows from now on",
                error,
                self._shape.place,
                f"{sizes.max_bytes:,}",
                f"{min(sizes.max_rows, self._shape.max_rows, len(part)):,}",
            )
        return halves

    def _call(self, part: range, *, splittable: bool) -> LoadResult:
        body, client, size = self._rows.encode(part), self._loader.client, self._shape.batch_size
        with self._loader.calls:
            seconds, server_errors = client.response_seconds, client.server_errors
            try:
                result = self._loader.destination.retry_until_visible(
                    lambda: self._load.send(body, splittable=splittable)
                )
            except (ApiTimeoutError, UploadTooSlowError):
                if size is not None:
                    size.note_overload()
                raise
            except PayloadTooLargeError:
                if size is not None:
                    size.note_too_large(len(part))
                raise
        if size is not None and client.server_errors > server_errors:
            size.note_overload()
        elif size is not None:
            size.note_answer(len(part), client.response_seconds - seconds)
        return result

    def _size(self, part: range) -> Size:
        return Size(self._rows.size_bytes_of(part), len(part))

    def _reject_suspects(self, rows: Mapping[RowIndex, BadRequestError]) -> None:
        for row, error in rows.items():
            self._load.count(Counts(sent=1, refused=1))
            rejection = RejectedRecord("Selligent refused it", code=VALIDATION_FAILED)
            self._reject(row, Refusal(rejection, error.message))

    def _reject(self, row: RowIndex, refusal: Refusal) -> None:
        self._refused.add(row)
        self._load.reject(row, refusal)
