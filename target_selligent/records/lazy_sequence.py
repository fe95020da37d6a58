"""Sequences whose items are made only where single items are needed. Pure; no I/O."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class LazySequence(Sequence[Item]):
    """A sequence whose items are made when they are read, and not kept."""

    @property
    @abstractmethod
    def size_bytes(self) -> int:
        """The approximate memory of what the items are made from."""

    @abstractmethod
    def select(self, indexes: Sequence[int]) -> LazySequence[Item]:
        """Return only some of the items, without making them."""


def select_items(items: Sequence[Item], indexes: Sequence[int]) -> Sequence[Item]:
    """Return only some of the items of a sequence.

    Args:
        items: The items.
        indexes: The indexes of those that are returned.
    """
    if isinstance(items, LazySequence):
        return items.select(indexes)
    return [items[index] for index in indexes]
