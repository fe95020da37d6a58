"""Which rows of a List may be merged, and what follows for the tickets of their batches. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_selligent.batches.batch import Batch, Route

Shape = TypeVar("Shape", bound=Hashable)


class Merging(Generic[Shape]):
    """How rows of different shapes are merged.

    Args:
        fields: Returns the fields of the rows of a shape, in row order.
        join: Returns the shape of a row that is merged from rows of two shapes; None if they may not be merged.
        hold: Called with two tickets, if a row moves from a batch to a later one. The first must stay open until the
            second is closed.
    """

    def __init__(
        self,
        fields: Callable[[Shape], tuple[str, ...]],
        join: Callable[[Shape, Shape], Shape | None],
        hold: Callable[[int, int], None],
    ) -> None:
        self.fields = fields
        self._join = join
        self._hold = hold
        self._joined: dict[tuple[Shape, Shape], Shape | None] = {}
        self._held: set[tuple[int, int]] = set()

    def join(self, one: Shape, other: Shape) -> Shape | None:
        """Return the shape of a row that is merged from rows of two shapes; None if they may not be merged."""
        both = one, other
        if both not in self._joined:
            self._joined[both] = self._join(one, other)
        return self._joined[both]

    def note_move(self, source: Batch, target: Batch) -> None:
        """Note that a row moves from one open batch to another: no STATE may cover it too early, or wait too long."""
        target.opened_at = min(target.opened_at, source.opened_at)
        tickets = source.ticket, target.ticket
        if source.ticket < target.ticket and tickets not in self._held:
            self._held.add(tickets)
            self._hold(*tickets)

    def forget(self, ticket: int) -> None:
        """Forget a batch that is submitted."""
        self._held = {tickets for tickets in self._held if ticket not in tickets}


def join_shapes(
    one: tuple[Route, tuple[str, ...]], other: tuple[Route, tuple[str, ...]]
) -> tuple[Route, tuple[str, ...]] | None:
    """Return route and fields of a row that is merged from two rows; None if they are of different streams.

    Args:
        one: Route and fields of a row.
        other: Those of a row with the same key.
    """
    (route, some), (other_route, others) = one, other
    names = {*some, *others}
    if route != other_route or not names.issubset(route.fields):
        return None
    return route, tuple(name for name in route.fields if name in names)
