"""Reads an iterator in another thread, while the caller works with the item before. Pure; no I/O of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

_T = TypeVar("_T")
_WAIT_SECONDS = 1
_END: Final = object()


def read_ahead(items: Iterator[_T], while_waiting: Callable[[], object] | None = None) -> Generator[_T, None, None]:
    """Yield the items of an iterator, in order. While the caller works with one, another thread reads the next.

    Args:
        items: The iterator. Only one thread at a time uses it. What it raises is raised here, after the items before.
        while_waiting: Called about once a second while the next item is not there.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read ahead") as thread:
        following = thread.submit(next, items, _END)
        while True:
            while not wait([following], _WAIT_SECONDS).done:
                if while_waiting is not None:
                    while_waiting()
            item = following.result()
            if item is _END:
                return
            following = thread.submit(next, items, _END)
            yield cast("_T", item)
