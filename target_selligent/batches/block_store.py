"""Blocks of bytes that are kept in a temporary file, each behind the others of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_selligent.batches.run_store import create_temporary_database, disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator


class BlockStore:
    """Blocks by name, in the order in which they came. Only one thread at a time may use it."""

    def __init__(self) -> None:
        self._database = create_temporary_database(
            self,
            "CREATE TABLE block (position INTEGER PRIMARY KEY, name TEXT, data BLOB)",
            "CREATE INDEX by_name ON block (name)",
        )

    def put(self, name: str, data: bytes) -> None:
        """Store a block behind the others of its name.

        Args:
            name: The name.
            data: The block.

        Raises:
            RunStoppedError: If the temporary file cannot be used.
        """
        with disk_errors():
            self._database.execute("INSERT INTO block (name, data) VALUES (?, ?)", (name, data))

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the blocks of a name in their order.

        Args:
            name: The name.

        Raises:
            RunStoppedError: If the temporary file cannot be used.
        """
        last = 0
        while True:
            with disk_errors():
                found = self._database.execute(
                    "SELECT position, data FROM block WHERE name = ? AND position > ? ORDER BY position LIMIT 1",
                    (name, last),
                ).fetchone()
            if found is None:
                return
            last, data = found
            yield data
