"""BATCH messages: the records of a stream in files. The files belong to the tap, and stay as they are."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from target_selligent.errors import InputError, RejectedRecord
from target_selligent.files import DataFile
from target_selligent.records import RecordLineWriter, UnwritableRecord, read_ahead, read_records, split_batches
from target_selligent.sink import SelligentSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import pyarrow as pa

    from target_selligent.reader import MessageReader

_FORMATS = {"jsonl", "csv", "parquet"}
_COMPRESSIONS = {None, "none", "gzip"}
"""What a message may say. Files are read by what is in them: the columns of Parquet are compressed within the file."""


class BatchMessages:
    """Loads the records of BATCH messages as those of RECORD messages.

    Rows of Parquet are loaded as columns if the SDK does not change the records of their stream, and else as records.

    Args:
        reader: Reads the input. It processes the records of the files, too.
        storage: The setting `batch_config.storage`, or an empty mapping.
        sinks_of: Returns the sinks of a stream of the tap.

    Attributes:
        allow: Called with a number of records that could be processed next; returns how many of them may be. It may be
            called in another thread, but never in two at once.
    """

    def __init__(
        self,
        reader: MessageReader,
        storage: Mapping[str, Any],
        sinks_of: Callable[[str], Iterable[SelligentSink]],
    ) -> None:
        self._reader, self._storage, self._sinks_of = reader, storage, sinks_of
        self.allow: Callable[[int], int] = int
        self._may_go_on = True

    def process(self, message: Mapping[str, Any]) -> None:
        """Process a BATCH message, file by file.

        Args:
            message: The message. Its stream is known.

        Raises:
            InputError: If the message has another form, or if a file cannot be read. What comes before in the file is
                processed.
            RunStoppedError: If a record is rejected and `skip_invalid_records` is false.
            Exception: What ended the loading of a List.
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
        if name not in _FORMATS or encoding.get("compression") not in _COMPRESSIONS:
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
        folder = f"{root.rstrip('/')}/" if root else ""
        return url if url.startswith(folder) else folder + url.rpartition("/")[2]

    def _process_file(self, file: DataFile, stream: str, writer: RecordLineWriter, *, as_columns: bool) -> bool:
        """Process the records of a file; return whether the records after them may be processed, too."""
        sink = self._reader.record_receivers.get(stream)
        self._may_go_on = True
        with file.reading(writer) as chunks:
            allowed = self._allow_chunks(chunks)
            if as_columns and file.has_columns and isinstance(sink, SelligentSink):
                sink.process_columns(allowed)
            else:
                with closing(read_ahead(allowed, self._reader.before_read)) as ahead:
                    self._process_chunks(ahead, stream, writer, file)
        return self._may_go_on

    def _allow_chunks(self, chunks: Iterable[Any]) -> Iterator[Any]:
        """Yield chunks of a file, until no more records may be processed. Another thread may read ahead."""
        for chunk in chunks:
            size = 1 if isinstance(chunk, UnwritableRecord) else len(chunk)
            allowed = self.allow(size) if self._reader.stop_signal is None else 0
            if allowed:
                yield chunk if allowed == size else chunk[:allowed]
            if allowed < size:
                self._may_go_on = False
                return

    def _process_chunks(self, chunks: Iterable[Any], stream: str, writer: RecordLineWriter, file: DataFile) -> None:
        """Process chunks of a file as RECORD messages."""
        line_number = 1
        for chunk in chunks:
            if self._reader.stop_signal is not None:
                self._may_go_on = False
                return
            self._reader.before_read()
            if isinstance(chunk, UnwritableRecord):
                self._reject(stream, chunk)
            elif isinstance(chunk, list):
                self._reader.process_record_lines(chunk, file.name, line_number)
                line_number += len(chunk)
            else:
                self._process_rows(chunk, stream, writer, file)

    def _process_rows(self, batch: pa.RecordBatch, stream: str, writer: RecordLineWriter, file: DataFile) -> None:
        """Process rows as RECORD messages."""
        for part in split_batches(batch):
            for lines in writer.write_chunks(read_records(part)):
                if isinstance(lines, UnwritableRecord):
                    self._reject(stream, lines)
                else:
                    self._reader.process_record_lines(lines, file.name)

    def _reject(self, stream: str, record: UnwritableRecord) -> None:
        for sink in self._sinks_of(stream):
            sink.reject(RejectedRecord(record.reason, code=record.code), record.line)
