"""Reads an iterator in another thread, while the caller works with the item before. No I/O of its own."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

_T = TypeVar("_T")
_WAIT_SECONDS = 1
_END: Final = object()


def read_ahead(items: Iterator[_T], while_waiting: Callable[[], object] | None = None) -> Generator[_T, None, None]:
    """Yield the items of an iterator, in order. While the caller works with one, another thread reads the next.

    `close` waits for the item that is being read.

    Args:
        items: The iterator. Only one thread at a time uses it. What it raises is raised here, after the items before.
        while_waiting: Called about once a second while the next item is not there. What it raises is raised at once:
            the iterator may still be in use then, but the process can end.
    """
    wanted: SimpleQueue[Future[object] | None] = SimpleQueue()
    # A daemon, so that an iterator that waits for ever does not keep the process from ending.
    threading.Thread(target=_read, args=(items, wanted), name="read ahead", daemon=True).start()
    try:
        following = _ask(wanted)
        while True:
            while not wait([following], _WAIT_SECONDS).done:
                if while_waiting is not None:
                    while_waiting()
            item = following.result()
            if item is _END:
                return
            following = _ask(wanted)
            try:
                yield cast("_T", item)
            except GeneratorExit:
                wait([following])
                raise
    finally:
        wanted.put(None)


def _ask(wanted: SimpleQueue[Future[object] | None]) -> Future[object]:
    item: Future[object] = Future()
    wanted.put(item)
    return item


def _read(items: Iterator[object], wanted: SimpleQueue[Future[object] | None]) -> None:
    """Read an item each time one is wanted, until None is. After the last one comes `_END`."""
    while (item := wanted.get()) is not None:
        try:
            item.set_result(next(items, _END))
        except BaseException as error:  # noqa: BLE001 - raised where the item is used
            item.set_exception(error)
