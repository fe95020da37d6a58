"""One file of records. What keeps it from being read is one error that names it."""

from __future__ import annotations

import zlib
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from target_selligent.errors import InputError
from target_selligent.files import delimited, json_lines, parquet
from target_selligent.files.opening import name_file, open_file, unzip

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from typing import TypeAlias

    import pyarrow as pa

    from target_selligent.records import RecordLineWriter, UnwritableRecord

    Chunk: TypeAlias = list[bytes] | UnwritableRecord | pa.RecordBatch

_FORMATS = {".parquet": "parquet", ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_ZIPPED = ".gz"


def find_format(address: str) -> str | None:
    """Return the format of a file by the end of its name; None if it is not one of those that can be read.

    Args:
        address: The path or URL of the file.
    """
    name = name_file(address).lower()
    zipped = name.endswith(_ZIPPED)
    ending = next((ending for ending in _FORMATS if name.removesuffix(_ZIPPED).endswith(ending)), None)
    return None if ending is None or (zipped and _FORMATS[ending] == "parquet") else _FORMATS[ending]


class DataFile:
    """A file of records.

    Args:
        address: Its path or URL.
        format_name: `parquet`, `csv` or `jsonl`. The last two may be compressed with gzip.
        options: What fsspec needs to open it.

    Attributes:
        name: Its path or URL for messages, without secrets.
        has_columns: Whether its records are read as columns.
    """

    def __init__(self, address: str, format_name: str, options: Mapping[str, Any] | None = None) -> None:
        self._address, self._format, self._options = address, format_name, options or {}
        self.name = name_file(address)
        self.has_columns = format_name == "parquet"

    def read_schema(self, stream: str) -> Mapping[str, Any]:
        """Return the JSON Schema of the columns that the head of the file describes: Parquet or CSV.

        Args:
            stream: The name of the stream, for messages.

        Raises:
            InputError: If the file cannot be read, or if a column has a type that no field can hold.
        """
        with self._opened() as file:
            if self._format == "parquet":
                return parquet.read_schema(file, stream)
            return delimited.read_schema(unzip(file), self.name)

    def find_types(self, types: dict[str, set[str]]) -> None:
        """Add the types that columns have in a file with lines of JSON, which is read as a whole.

        Args:
            types: Column to the names of its types in JSON Schema. It is changed.

        Raises:
            InputError: If the file cannot be read, or if a line is not a JSON object.
        """
        with self._opened() as file:
            json_lines.find_types(unzip(file), self.name, types)

    @contextmanager
    def reading(self, writer: RecordLineWriter) -> Iterator[Iterator[Chunk]]:
        """Open the file, and close it after the block.

        Args:
            writer: Writes RECORD messages of the stream.

        Yields:
            Its records in order: as RECORD messages, or as columns. If the file cannot be read, the iterator raises an
            InputError after the records before.
        """
        chunks = self._read_chunks(writer)
        try:
            yield chunks
        finally:
            # It cannot be closed as long as a thread waits in it for its storage.
            with suppress(ValueError):
                chunks.close()

    def _read_chunks(self, writer: RecordLineWriter) -> Generator[Chunk, None, None]:
        with self._opened() as file:
            if self._format == "parquet":
                yield from parquet.read_batches(file)
            elif self._format == "csv":
                yield from delimited.read_messages(unzip(file), self.name, writer)
            else:
                yield from json_lines.read_messages(unzip(file), self.name, writer)

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        """Open the file. Every exception of the block becomes an InputError."""
        try:
            with open_file(self._address, self._options) as file:
                yield file
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - each storage has its own
            raise InputError(f"file {self.name} cannot be read: {self._describe(error)}") from None

    def _describe(self, error: Exception) -> str:
        """Return why the file cannot be read."""
        if isinstance(error, FileNotFoundError):
            return "it does not exist"
        if isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("pyarrow"):
            return "Parquet needs the extra arrow: pip install 'target-selligent[arrow]'"
        if isinstance(error, ImportError):
            return f"the package for its storage is missing: {error}"
        if isinstance(error, (EOFError, zlib.error)):
            return "it is not a complete gzip file"
        if isinstance(error, OSError):
            return error.strerror or str(error)
        return str(error) if isinstance(error, ValueError) else type(error).__name__
