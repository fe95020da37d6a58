"""The rows of a batch or of a Segment in as few calls as Selligent takes, and which of them it refused.

Calls with the same rows change nothing more: loads are upserts by key, and each of several parts is sent in order.
So whatever an answer leaves open is found out by sending fewer rows, down to one. In `Stream` mode Selligent may take
rows before it writes them; the same rows in the same order still end the same.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from target_selligent.errors import (
    ApiTimeoutError,
    BadRequestError,
    ConnectionLostError,
    MissingIndexError,
    PayloadTooLargeError,
    RejectedRecord,
    RunStoppedError,
)
from target_selligent.refusals import base_from_values, merge_by_index
from target_selligent.report import Counts, counts_of
from target_selligent.same_key import normalize_for_order
from target_selligent.sizes import Size

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Hashable, Mapping, Sequence

    from target_selligent.body import Body
    from target_selligent.client import LoadResult, SelligentClient
    from target_selligent.conversions import FieldType
    from target_selligent.destination import ListDestination
    from target_selligent.refusals import RefusedRow
    from target_selligent.sizes import SizeLimit

logger = logging.getLogger("target-selligent")

_MAX_SUSPECTS = 5
"""How many rows may fail alone before any other goes through: more than that are not at fault themselves."""
_LOSSES, _TIMEOUTS = 3, 2
"""How often a part is lost before its size counts as the reason; two connections break in a row by chance, too."""
_VALIDATION_FAILED = "ValidationFailed"


class Load(Protocol):
    """Where the rows of one load go, and who learns what became of them."""

    @property
    def place(self) -> str:
        """What is loaded, for messages: the List or Segment."""

    @property
    def fields(self) -> Sequence[str]:
        """Field names, in row order."""

    @property
    def key_fields(self) -> Sequence[str]:
        """Those of them that identify a record."""

    @property
    def key_types(self) -> Sequence[FieldType]:
        """Types of the key fields, in their order."""

    @property
    def max_rows(self) -> int:
        """Most rows in one call, by the settings."""

    def send(self, body: bytes, *, splittable: bool) -> LoadResult:
        """Load rows in one call.

        Args:
            body: JSON array of rows.
            splittable: Whether the body has more than one row, so that less could be sent at once.

        Returns:
            What became of the rows.

        Raises:
            ApiError: If Selligent refuses the call, or no answer comes.
        """

    def reject(self, row: int, rejection: RejectedRecord, vendor_message: str | None) -> None:
        """Put a row that is not loaded on the record.

        Args:
            row: Its index.
            rejection: Why.
            vendor_message: What Selligent said.
        """

    def count(self, counts: Counts) -> None:
        """Add to the counts of the List or Segment."""


class PartLoader:
    """Loads rows into one List and its Segments; from any thread.

    Args:
        client: Knows how much the line takes in time, and what `record_index` means.
        destination: The List.
        sizes: How much Selligent takes at once.
        calls: Taken for each call: as many may go on at a time as the List allows.
        stop_on_error: Whether Selligent stops a load at the first row it refuses, and the run ends then.
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
        self.worked: set[tuple[str, ...]] = set()

    def load(self, rows: Body, load: Load) -> set[int]:
        """Load rows.

        Args:
            rows: The rows.
            load: Where they go.

        Returns:
            Indexes of the rows that Selligent refused; each is rejected.

        Raises:
            TargetSelligentError: If the run cannot go on.
        """
        return _Loading(self, rows, load).run()


class _Loading:
    """One load on its way: the parts that are still to be sent, and what is known of the rows."""

    def __init__(self, loader: PartLoader, rows: Body, load: Load) -> None:
        self._loader = loader
        self._rows = rows
        self._load = load
        self._refused: set[int] = set()
        self._lost: range | None = None
        self._losses = 0
        self._insist: range | None = None
        self._suspects: list[tuple[int, BadRequestError]] = []
        self._proven = False
        self._parameters = (load.place, ",".join(load.fields), ",".join(load.key_fields))

    def run(self) -> set[int]:
        """Send part after part, in order."""
        pending = [range(len(self._rows))] if len(self._rows) else []
        while pending:
            part = pending.pop()
            uplink = self._loader.client.max_upload_bytes
            parts: Sequence[range] = self._loader.sizes.cut(self._rows, part, self._load.max_rows, uplink)
            if len(parts) == 1:
                parts = self._attempt(part)
            pending += reversed(parts)
        if self._suspects:
            self._judge_suspects()
        return self._refused

    def _attempt(self, part: range) -> Sequence[range]:
        """Send a part; return the smaller parts that must be sent for it instead, if any."""
        try:
            result = self._send(part, splittable=len(part) > 1 and part != self._insist)
        except PayloadTooLargeError as error:
            if len(part) > 1:
                return self._smaller(part, error)
            self._reject(part.start, RejectedRecord("it alone is too large for Selligent", code="too_large"))
            return ()
        except (ApiTimeoutError, ConnectionLostError) as error:
            return self._after_loss(part, error)
        except MissingIndexError:
            raise
        except BadRequestError as error:
            if error.code != _VALIDATION_FAILED or self._loader.stop_on_error:
                raise
            return self._after_validation_failed(part, error)
        self._loader.sizes.note_taken(self._size(part))
        self._note_success()
        named = self._named(part, result)
        if named is None and not self._loader.stop_on_error:
            return self._rows.halve(part)
        self._take_in(part, result, named or {})
        return ()

    def _send(self, part: range, *, splittable: bool) -> LoadResult:
        body = self._rows.encode(part)
        with self._loader.calls:
            return self._loader.destination.when_visible(lambda: self._load.send(body, splittable=splittable))

    def _size(self, part: range) -> Size:
        return Size(self._rows.size_bytes_of(part), len(part))

    def _smaller(self, part: range, error: Exception) -> Sequence[range]:
        """Halve a part that is too large, and remember its size, unless the line alone has become too slow for it."""
        halves = self._rows.halve(part)
        sizes = self._loader.sizes
        if self._rows.size_bytes_of(part) <= self._loader.client.max_upload_bytes and sizes.note_too_large(
            self._size(part), max(map(self._size, halves))
        ):
            logger.warning(
                "%s; %s: loads are cut to %s bytes and %s rows from now on",
                error,
                self._load.place,
                f"{sizes.max_bytes:,}",
                f"{min(sizes.max_rows, self._load.max_rows, len(part)):,}",
            )
        return halves

    def _after_loss(self, part: range, error: Exception) -> Sequence[range]:
        """Find out whether a part was lost for its size, or because nothing gets through.

        If so large a part was taken before, a connection that is lost says nothing about the size. Else the last row is
        sent alone, with all the tries of any call; only if the part is lost again and again after that, it is too
        large. The last row, since what was lost may be in the List already: an older row would bring an old value back.
        """
        if len(part) == 1 or self._insist == part:
            raise error
        if isinstance(error, ConnectionLostError) and self._loader.sizes.takes(self._size(part)):
            self._insist = part
            logger.warning("%s; trying again", error)
            return (part,)
        self._losses = self._losses + 1 if part == self._lost else 1
        self._lost = part
        if self._losses >= (_TIMEOUTS if isinstance(error, ApiTimeoutError) else _LOSSES):
            return self._smaller(part, error)
        logger.warning("%s; trying again, once the last row has gone through alone", error)
        with suppress(PayloadTooLargeError, BadRequestError):
            self._send(part[-1:], splittable=False)
        return (part,)

    def _after_validation_failed(self, part: range, error: BadRequestError) -> Sequence[range]:
        """Find out whether a part was refused for its rows, or every part would be.

        A row that fails alone is under suspicion until another part of the load goes through; if none does, it is not
        the rows that are at fault.
        """
        if len(part) > 1:
            return self._rows.halve(part)
        self._suspects.append((part.start, error))
        if self._proven:
            self._reject_suspects()
        elif len(self._suspects) > _MAX_SUSPECTS:
            raise error
        return ()

    def _note_success(self) -> None:
        self._proven = True
        self._loader.worked.add(self._parameters)
        self._reject_suspects()

    def _judge_suspects(self) -> None:
        """Decide about rows that all failed: they are at fault if the load before, with the same parameters, worked."""
        if self._parameters not in self._loader.worked:
            raise self._suspects[0][1]
        self._loader.worked.discard(self._parameters)
        self._reject_suspects()

    def _reject_suspects(self) -> None:
        for row, error in self._suspects:
            self._load.count(Counts(sent=1, refused=1))
            self._reject(row, RejectedRecord("Selligent refused it", code=_VALIDATION_FAILED), error.message)
        self._suspects.clear()

    def _named(self, part: range, result: LoadResult) -> Mapping[int, RefusedRow] | None:
        """Return the rows that an answer says were refused, and why; None if it does not say which."""
        faults = merge_by_index(result.refused)
        if len(part) == 1:
            # Whatever index it is given, the row is known.
            self._loader.indexes.possible_bases(faults, 1)
            return dict.fromkeys(part, next(iter(faults.values()))) if faults else {}
        if not self._loader.stop_on_error and (
            len(faults) < result.failed or (result.load_failed and len(faults) < len(part))
        ):
            return None
        bases: Collection[int] = self._loader.indexes.possible_bases(faults, len(part))
        if faults and len(bases) > 1:
            bases = self._bases_by_values(part, faults) or self._bases_by_single_rows(part, min(faults))
        if not bases:
            return None
        base = next(iter(bases))
        return {part[index - base]: fault for index, fault in faults.items()}

    def _bases_by_values(self, part: range, faults: Mapping[int, RefusedRow]) -> Collection[int]:
        """Find out from which number rows are counted by looking at the values that are refused."""
        names = [name.casefold() for name in self._load.fields]
        for index, fault in faults.items():
            field = self._loader.destination.field(fault.field or "")
            if field is None or field.name.casefold() not in names:
                continue
            column = names.index(field.name.casefold())
            values = [self._rows.row(part[index - base])[column] for base in (0, 1)]
            base = base_from_values(fault, field, values)
            if base is not None:
                self._loader.indexes.remember_base(base)
                return {base}
        return ()

    def _bases_by_single_rows(self, part: range, index: int) -> Collection[int]:
        """Find out from which number rows are counted by sending the two rows alone that an index may mean.

        The answer to a load of one row says it. If that is no refusal, the row was not meant.

        Args:
            part: The rows that were sent.
            index: The smallest `record_index` of the answer: the row before was refused only if it is meant.
        """
        taken: list[int] = []
        for base in (1, 0):
            row = part[index - base]
            result = self._send(range(row, row + 1), splittable=False)
            if result.refused or result.failed:
                found = [fault.index for fault in result.refused if fault.index in {0, 1}] or [base]
                self._loader.indexes.remember_base(found[0])
                self._send_again_after(taken, part, index)
                return found[:1]
            taken.append(row)
        return ()

    def _send_again_after(self, taken: Sequence[int], part: range, index: int) -> None:
        """Send the rows after some that were sent once more, if they may have the same keys: the last one counts."""
        later = part[index + 1 :]
        if not set(self._keys(taken)).isdisjoint(self._keys(later)):
            # Nobody would split it here, and its size went through a moment ago: it has all its tries.
            self._send(later, splittable=False)

    def _keys(self, rows: Sequence[int]) -> Sequence[Hashable]:
        """Return the keys of rows in a form in which those are alike that Selligent could take for one."""
        columns = [self._load.fields.index(name) for name in self._load.key_fields]
        keys = [tuple(values[column] for column in columns) for values in map(self._rows.row, rows)]
        return normalize_for_order(self._load.key_types, keys if len(columns) > 1 else [key for (key,) in keys])

    def _take_in(self, part: range, result: LoadResult, named: Mapping[int, RefusedRow]) -> None:
        refused = len(named)
        if len(part) == 1 and result.failed and not named:
            refused = 1
            reason = "Selligent refused it" if result.message else "Selligent refused it and gave no reason"
            self._reject(part.start, RejectedRecord(reason, code="Unknown"), result.message)
        self._load.count(counts_of(result, rows=len(part), refused=refused))
        for row, fault in named.items():
            rejection = RejectedRecord("Selligent refused it", field=fault.field, code=fault.code)
            self._reject(row, rejection, fault.message)
        if (refused or result.refused or result.failed) and self._loader.stop_on_error:
            raise RunStoppedError(
                f"List {self._loader.destination.api_name} stopped loading at a refused record, because error_handling "
                "is StopOnError: correct the record, or set ContinueOnError to load the others"
            )

    def _reject(self, row: int, rejection: RejectedRecord, vendor_message: str | None = None) -> None:
        self._refused.add(row)
        self._load.reject(row, rejection, vendor_message)
