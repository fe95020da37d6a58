"""Batches that wait for the rows of other Lists. They are kept in a temporary file, so that they need little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from target_selligent.batches.batch import Batch, Members, MergedRecords, RecordRow
from target_selligent.batches.lines import Lines
from target_selligent.batches.run_store import create_temporary_database, disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_selligent.batches.batch import Route

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class WaitingBatches:
    """The batches of Lists that wait. Only one thread at a time may use it."""

    def __init__(self) -> None:
        self._database = create_temporary_database(
            self,
            "CREATE TABLE batch (position INTEGER PRIMARY KEY, list TEXT, route INTEGER, ticket INTEGER, data BLOB)",
        )
        # By identity: equal routes may have different SCHEMA messages.
        self._routes: list[Route] = []

    def put(self, list_api_name: str, batch: Batch) -> None:
        """Store a batch behind the others of its List.

        Args:
            list_api_name: The List.
            batch: The batch. Its ticket stays open.
        """
        known = next((index for index, route in enumerate(self._routes) if route is batch.route), None)
        if known is None:
            known = len(self._routes)
            self._routes.append(batch.route)
        data = _encode(
            (
                batch.fields,
                batch.opened_at,
                batch.body.encode_all()[1:-1],
                len(batch.body),
                batch.keys,
                batch.members.segments,
                [list(numbers) for numbers in batch.members.numbers],
                list(batch.lines),
                [row.parts for row in batch.merged],
            )
        )
        with disk_errors():
            self._database.execute(
                "INSERT INTO batch (list, route, ticket, data) VALUES (?, ?, ?, ?)",
                (list_api_name, known, batch.ticket, data),
            )

    def pop_all(self, list_api_name: str) -> Iterator[Batch]:
        """Yield the batches of a List in their order. Each is removed from the file first.

        Args:
            list_api_name: The List.
        """
        while True:
            with disk_errors():
                found = self._database.execute(
                    "SELECT position, route, ticket, data FROM batch WHERE list = ? ORDER BY position LIMIT 1",
                    (list_api_name,),
                ).fetchone()
                if found is None:
                    return
                position, route, ticket, data = found
                self._database.execute("DELETE FROM batch WHERE position = ?", (position,))
            yield _restore(ticket, self._routes[route], _decode(data))


def _restore(ticket: int, route: Route, stored: list[Any]) -> Batch:
    fields, opened_at, rows_json, rows, keys, segments, numbers, lines, merged = stored
    batch = Batch(ticket, route, tuple(fields), opened_at)
    if rows:
        batch.body.append(rows_json, rows)
    batch.keys = [tuple(key) if isinstance(key, list) else key for key in keys]
    batch.members = Members([tuple(one) if isinstance(one, list) else one for one in segments], numbers)
    batch.lines = Lines([lines])
    start = len(keys) - sum(map(len, merged))
    for parts in merged:
        indexes = range(start, start + len(parts))
        batch.merged.append(MergedRecords(indexes, [RecordRow(tuple(names), row) for names, row in parts]))
        start = indexes.stop
    batch.group_keys_by_segment()
    return batch
