"""Items that another thread reads ahead."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from target_selligent.records.read_ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60


def test_items_come_in_order() -> None:
    """All of them, also None; none if there are none."""
    assert list(read_ahead(iter([1, None, 2]))) == [1, None, 2]
    assert list(read_ahead(iter([]))) == []


def test_the_next_item_is_read_while_the_caller_works() -> None:
    """One, and not more: what is read needs memory."""
    read: list[int] = []
    second, third = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        for number, event in ((1, None), (2, second), (3, third)):
            read.append(number)
            if event is not None:
                event.set()
            yield number

    ahead = read_ahead(items())
    assert next(ahead) == 1
    assert second.wait(SECONDS)
    assert read == [1, 2]
    assert next(ahead) == 2
    assert third.wait(SECONDS)
    assert list(ahead) == [3]


def test_an_error_comes_after_the_items_before() -> None:
    """It is the error of the iterator itself."""

    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    ahead = read_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="broken"):
        next(ahead)


def test_the_caller_is_asked_while_it_waits() -> None:
    """So what must happen on time happens, however slow the iterator is."""
    asked = threading.Event()

    def items() -> Iterator[bool]:
        yield asked.wait(SECONDS)

    assert list(read_ahead(items(), asked.set)) == [True]


def test_after_close_nothing_is_read() -> None:
    """`close` waits for the item that is being read, so that a file can be closed next."""
    reading, may_go_on, read = threading.Event(), threading.Event(), list[int]()

    def items() -> Iterator[int]:
        yield 0
        reading.set()
        assert may_go_on.wait(SECONDS)
        read.append(1)
        yield 1
        read.append(2)

    ahead = read_ahead(items())
    assert next(ahead) == 0
    assert reading.wait(SECONDS)
    may_go_on.set()
    ahead.close()
    assert read == [1]
