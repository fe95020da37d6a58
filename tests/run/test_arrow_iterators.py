"""`take_arrow` with an iterator: rows are read ahead, and end as those of a table do."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from target_selligent import LoadRun, Settings
from target_selligent.errors import RunStoppedError
from tests.support import STATE_SOON

from .arrow_table import CONFIG, ROWS, SCHEMA, TABLE, rejected

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from tests.support import Tenant


def test_an_iterator_ends_as_a_table_does(tenant: Tenant, tmp_path: Path) -> None:
    """Whatever its pieces: batches, tables, or a reader of many; also none."""
    config = tenant.config(**CONFIG, rejects_path=str(tmp_path / "rejects.jsonl"))
    ended = []
    for data in (
        TABLE,
        pa.RecordBatchReader.from_batches(SCHEMA, TABLE.to_batches(max_chunksize=70)),
        (TABLE.slice(start, 1000) for start in range(0, ROWS, 1000)),
        [*TABLE.to_batches(max_chunksize=1300), TABLE.slice(0, 0)],
    ):
        tenant.reset()
        with LoadRun(Settings.from_config(config)) as run:
            stream = run.open_stream("people", SCHEMA, ["key"])
            stream.take_arrow(iter([]))
            stream.take_arrow(data)
        assert stream.records_read == ROWS
        ended.append((tenant.rows("KEY", "NAME", "VALUE"), rejected(tmp_path / "rejects.jsonl")))
        (tmp_path / "rejects.jsonl").unlink()
    assert all(one == ended[0] for one in ended)
    assert len(ended[0][0]) > 2800


def test_what_an_iterator_raises_comes_after_the_rows_before(tenant: Tenant) -> None:
    """The rows before are loaded; so they are if it gives something else than rows."""

    def broken() -> Iterator[pa.Table]:
        yield TABLE.slice(10, 3)
        raise OSError("the file has gone")

    for data, error in ((broken(), OSError), ([TABLE.slice(10, 3), {"key": "a"}], TypeError)):
        tenant.reset()
        with pytest.raises(error), LoadRun(Settings.from_config(tenant.config(**CONFIG))) as run:
            run.open_stream("people", SCHEMA, ["key"]).take_arrow(data)
        assert len(tenant.rows("KEY")) == 3


def test_rows_are_loaded_while_an_iterator_waits(tenant: Tenant) -> None:
    """A batch that is old enough is loaded, though the next rows have not come."""

    def slow() -> Iterator[pa.Table]:
        yield TABLE.slice(10, 3)
        ends = time.monotonic() + 60
        while not (tenant.lists() and tenant.rows("KEY")):
            assert time.monotonic() < ends, "nothing was loaded"
            threading.Event().wait(0.05)
        yield TABLE.slice(20, 3)

    settings = Settings.from_config(tenant.config(**CONFIG, **STATE_SOON))
    with LoadRun(settings) as run:
        run.open_stream("people", SCHEMA, ["key"]).take_arrow(slow())
    assert len(tenant.rows("KEY")) == 6


def test_an_iterator_is_not_in_use_after_an_error(tenant: Tenant) -> None:
    """So its file can be closed. At most one more item was read."""
    read: list[int] = []

    def items() -> Generator[Any, None, None]:
        for number, item in enumerate([TABLE.slice(10, 3), {"key": "a"}, TABLE.slice(20, 3), TABLE.slice(30, 3)]):
            read.append(number)
            yield item

    given = items()
    with LoadRun(Settings.from_config(tenant.config(**CONFIG))) as run:
        stream = run.open_stream("people", SCHEMA, ["key"])
        with pytest.raises(TypeError, match="not dict"):
            stream.take_arrow(given)
        given.close()
        assert max(read) <= 2
        stream.take_arrow(TABLE.slice(40, 3))
    assert len(tenant.rows("KEY")) == 6


def test_a_stop_does_not_wait_for_an_iterator(tenant: Tenant) -> None:
    """`take_arrow` raises while the iterator waits, and what was taken before is loaded."""
    ended = threading.Event()

    def stuck() -> Iterator[pa.Table]:
        yield TABLE.slice(10, 3)
        while not run.look().read:
            threading.Event().wait(0.01)
        run.stop()
        ended.wait(60)

    with LoadRun(Settings.from_config(tenant.config(**CONFIG))) as run:
        stream = run.open_stream("people", SCHEMA, ["key"])
        with pytest.raises(RunStoppedError, match="stopped"):
            stream.take_arrow(stuck())
        assert not ended.is_set()
        ended.set()
    assert len(tenant.rows("KEY")) == 3


def test_a_stop_is_noticed_between_the_rows_of_an_iterator(tenant: Tenant) -> None:
    """What comes after it is not taken."""

    def stopping() -> Iterator[pa.Table]:
        yield TABLE.slice(10, 3)
        run.stop()
        yield TABLE.slice(20, 3)

    with LoadRun(Settings.from_config(tenant.config(**CONFIG))) as run:
        stream = run.open_stream("people", SCHEMA, ["key"])
        with pytest.raises(RunStoppedError, match="stopped"):
            stream.take_arrow(stopping())
        assert stream.records_read <= 3
