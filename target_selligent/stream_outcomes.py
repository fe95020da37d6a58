"""The streams of a run: which of them came, which had records, and of which something was loaded.

A run that loads nothing of a stream and prints a STATE after its records would lose them without a word. So a stream
takes a checkpoint ticket of its own at its first record, and gives it back when its first row is loaded.
"""

from __future__ import annotations

import difflib
import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_selligent.errors import DestinationError, InputError, NothingLoadedError
from target_selligent.fields import is_metadata_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_selligent.checkpoints import Checkpoints
    from target_selligent.rejects import Rejects
    from target_selligent.settings import Settings

logger = logging.getLogger("target-selligent")

_MAX_PROBLEMS = 10


@dataclass(slots=True)
class _Stream:
    """What is known of one stream.

    Attributes:
        name_in_tap: Its name before stream maps.
        columns: All columns that its schemas had.
        records: How many of its records must be loaded or rejected.
        ticket: Its open checkpoint ticket, if it has one.
    """

    name_in_tap: str
    columns: set[str] = field(default_factory=set)
    records: int = 0
    ticket: int | None = None


class StreamOutcomes:
    """Keeps account of the streams of a run, each under the name that stream maps give it.

    Args:
        settings: The run's settings.
        checkpoints: Gives the tickets that hold STATE back.
    """

    def __init__(self, settings: Settings, checkpoints: Checkpoints) -> None:
        self._settings = settings
        self._checkpoints = checkpoints
        self._lock = threading.Lock()
        self._streams: dict[str, _Stream] = {}

    @contextmanager
    def opening(self, stream: str, name_in_tap: str, columns: Iterable[str]) -> Iterator[None]:
        """Note a stream whose fields are going to be compared with its List, and the columns of its schema.

        If it does not fit its List, what `field_mapping` seems to misspell is warned about first.

        Args:
            stream: Its name, as its sink is named.
            name_in_tap: Its name before stream maps.
            columns: The columns.

        Raises:
            InputError: If it would be the second stream without an entry in `streams`, and they may not be several,
                or if another stream of the tap has the same name after stream maps.
        """
        if stream not in self._streams:
            self._check_listed(stream)
            self._streams[stream] = _Stream(name_in_tap)
        known = self._streams[stream]
        if known.name_in_tap != name_in_tap:
            raise InputError(
                f"stream_maps name streams {known.name_in_tap} and {name_in_tap} both {stream}: one's schema would "
                "replace the other's. Give each an __alias__ of its own and an entry in streams that says where it goes"
            )
        known.columns.update(columns)
        try:
            yield
        except DestinationError:
            _warn(self._likely_typos(stream))
            raise

    def note_records(self, stream: str, count: int) -> None:
        """Note records that must be loaded or rejected, before they are; from the thread that reads.

        Deleted records and records without a Segment are neither: they may leave a stream without a load.
        """
        known = self._streams[stream]
        # Where `max_rejects` is set, it alone says how many rejects are too many; a share says so at the end only.
        limit = self._settings.max_rejects
        if not known.records and (limit is None or limit.share is not None):
            known.ticket = self._checkpoints.open()
        known.records += count

    def note_loaded(self, stream: str) -> None:
        """Note that a row was loaded, or has lost to another with its key; from any thread."""
        known = self._streams[stream]
        with self._lock:
            ticket, known.ticket = known.ticket, None
        if ticket is not None:
            self._checkpoints.acknowledge(ticket)

    def check_at_end(self, rejects: Rejects) -> None:
        """Judge the whole run, once everything is loaded or rejected; let STATE go on if all is well.

        Names in the settings that never came are warned about.

        Args:
            rejects: What was rejected.

        Raises:
            NothingLoadedError: If there is a stream whose records were all rejected.
        """
        _warn(self._unused_names())
        problems = []
        for name, stream in self._streams.items():
            judged = stream.ticket is not None and self._settings.max_rejects is None
            reason = rejects.most_frequent_reason(stream.name_in_tap) if judged else None
            if reason is not None:
                problems.append(
                    f"none of the {stream.records:,} records of stream {name} could be loaded, most often for {reason}"
                )
        if problems:
            raise NothingLoadedError(
                f"{'; '.join(problems[:_MAX_PROBLEMS])}. No STATE after them is printed: correct the records or the "
                "settings, or set max_rejects to the number or share of rejects that a run may have"
            )
        for name in self._streams:
            self.note_loaded(name)

    def _unused_names(self) -> Iterator[str]:
        """Yield one sentence for each name in the settings that never came."""
        for name in self._settings.streams:
            if name in self._streams:
                continue
            renamed = [stream for stream, known in self._streams.items() if known.name_in_tap == name]
            hint = (
                f": stream_maps loads it as {', '.join(renamed)}"
                if renamed
                else _nearest(name, (stream for stream in self._streams if stream not in self._settings.streams))
            )
            yield f"streams names stream {name}, which never came{hint}"
        every_column = set[str]().union(*(known.columns for known in self._streams.values()))
        yield from _unused_columns("field_mapping", self._settings.field_mapping, every_column)
        for name, own in self._settings.streams.items():
            if name in self._streams:
                where = f"field_mapping of stream {name}"
                yield from _unused_columns(where, own.get("field_mapping", {}), self._streams[name].columns)

    def _likely_typos(self, stream: str) -> Iterator[str]:
        """Yield one sentence for each column that a stream's `field_mapping` seems to misspell."""
        mapping, columns = self._settings.for_stream(stream).field_mapping, self._streams[stream].columns
        for sentence in _unused_columns(f"field_mapping of stream {stream}", mapping, columns):
            if sentence.endswith("?"):
                yield sentence

    def _check_listed(self, stream: str) -> None:
        listed = self._settings.streams
        others = [other for other in self._streams if other not in listed]
        if stream in listed or not others or self._settings.unlisted_streams == "load":
            return
        hint = _nearest(stream, (name for name in listed if name not in self._streams))
        raise InputError(
            f"stream {stream} has no entry in streams, and neither has stream {others[0]}: both would go into List "
            f'{self._settings.list_api_name}{hint or "."} To load it there, too, add "{stream}": {{}} to streams; '
            f'to load it elsewhere, add "{stream}": {{"list_api_name": "..."}}; '
            "to leave it out, deselect it in the tap. "
            "With unlisted_streams: load, any number of streams may do without an entry"
        )


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        logger.warning("%s", sentence)


def _unused_columns(where: str, mapping: Iterable[str], columns: set[str]) -> Iterator[str]:
    for column in mapping:
        if column not in columns and not is_metadata_column(column):
            yield f"{where} names column {column}, which never came{_nearest(column, columns.difference(mapping))}"


def _nearest(name: str, candidates: Iterable[str]) -> str:
    """Return a question that offers the candidate most like a name; empty text if none is."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return f": did you mean {by_folded[near[0]]}?" if near else ""
