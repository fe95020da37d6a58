"""BATCH messages: the records of a stream in files. The files belong to the tap, and stay as they are."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from target_selligent.errors import InputError, RejectedRecord
from target_selligent.files import DataFile
from target_selligent.records import RecordLineWriter, UnwritableRecord, read_ahead, read_records, split_batches
from target_selligent.sink import SelligentSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pyarrow as pa

    from target_selligent.reader import MessageReader

_COMPRESSIONS = {
    "jsonl": {None, "none", "gzip"},
    "csv": {None, "none", "gzip"},
    # The columns of a Parquet file are compressed within it, and the file says how.
    "parquet": {None, "none", "gzip"},
}


class BatchMessages:
    """Loads the records of BATCH messages as those of RECORD messages.

    Rows of Parquet are loaded as columns if the SDK does not change the records of their stream, and else as records.

    Args:
        reader: Reads the input. It processes the records of the files, too.
        storage: The setting `batch_config.storage`, or an empty mapping.
        sinks_of: Returns the sinks of a stream of the tap.

    Attributes:
        allow: Called with a number of records that could be processed next; returns how many of them may be.
    """

    def __init__(
        self,
        reader: MessageReader,
        storage: Mapping[str, Any],
        sinks_of: Callable[[str], Iterable[SelligentSink]],
    ) -> None:
        self._reader, self._storage, self._sinks_of = reader, storage, sinks_of
        self.allow: Callable[[int], int] = int

    def process(self, message: Mapping[str, Any]) -> None:
        """Process a BATCH message, file by file.

        Args:
            message: The message. Its stream is known.

        Raises:
            InputError: If the message has another form, or if a file cannot be read. What comes before in the file is
                processed.
        """
        files = self._find_files(message)
        version = message.get("version")
        writer = RecordLineWriter(message["stream"], version=version)
        for file in files:
            if not self._process_file(file, message["stream"], writer, as_columns=version is None):
                return

    def _find_files(self, message: Mapping[str, Any]) -> list[DataFile]:
        encoding, manifest = message["encoding"], message["manifest"]
        place = self._reader.place
        if not isinstance(manifest, list) or not all(isinstance(one, str) for one in manifest):
            raise InputError(f"{place} is a BATCH message without a list of files: check what the tap prints")
        name = encoding.get("format") if isinstance(encoding, dict) else None
        if name not in _COMPRESSIONS or encoding.get("compression") not in _COMPRESSIONS[name]:
            raise InputError(
                f"{place} is a BATCH message with an encoding that this target cannot read: in the tap's batch_config, "
                "use the format jsonl or parquet, and the compression gzip or none"
            )
        return [DataFile(self._find_address(url), name, self._storage.get("params")) for url in manifest]

    def _find_address(self, url: str) -> str:
        """Return where a file is: in the folder that `batch_config` names for this target, if it names one.

        So a folder may have another path where the target runs than where the tap runs.
        """
        root = self._storage.get("root")
        if not root or url.startswith(root):
            return url
        return f"{root.rstrip('/')}/{url.rpartition('/')[2]}"

    def _process_file(self, file: DataFile, stream: str, writer: RecordLineWriter, *, as_columns: bool) -> bool:
        """Process the records of a file; return whether the records after them may be processed, too."""
        line_number = 1
        with file.reading(writer) as chunks, closing(read_ahead(chunks, self._reader.before_read)) as ahead:
            for chunk in ahead:
                if self._reader.stop_signal is not None:
                    return False
                self._reader.before_read()
                size = 1 if isinstance(chunk, UnwritableRecord) else len(chunk)
                allowed = self.allow(size)
                if isinstance(chunk, UnwritableRecord):
                    if allowed:
                        self._reject(stream, chunk)
                elif isinstance(chunk, list):
                    self._reader.process_record_lines(chunk[:allowed], file.name, line_number)
                    line_number += size
                else:
                    self._process_columns(stream, chunk[:allowed], writer, file, as_columns=as_columns)
                if allowed < size:
                    return False
        return True

    def _process_columns(
        self, stream: str, batch: pa.RecordBatch, writer: RecordLineWriter, file: DataFile, *, as_columns: bool
    ) -> None:
        """Process rows: as columns if their sink takes them, and else as RECORD messages."""
        sink = self._reader.record_receivers.get(stream)
        if as_columns and isinstance(sink, SelligentSink):
            sink.process_columns(batch)
            return
        for part in split_batches(batch):
            for lines in writer.write_chunks(read_records(part)):
                if isinstance(lines, UnwritableRecord):
                    self._reject(stream, lines)
                else:
                    self._reader.process_record_lines(lines, file.name)

    def _reject(self, stream: str, record: UnwritableRecord) -> None:
        for sink in self._sinks_of(stream):
            sink.reject(RejectedRecord(record.reason, code=record.code), record.line)
