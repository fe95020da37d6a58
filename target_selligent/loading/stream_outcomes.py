"""What became of each stream of a run: whether it came, whether it had records, and whether any of them was loaded.

If no record of a stream is loaded and a STATE after its records is printed, the next run does not read them again, and
nobody notices. So a stream opens a checkpoint ticket of its own at its first record. The ticket is acknowledged when
the first row of the stream is loaded.
"""

from __future__ import annotations

import difflib
import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_selligent.errors import DestinationError, InputError, NothingLoadedError
from target_selligent.records import is_metadata_column
from target_selligent.settings import find_entries, is_pattern, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_selligent.loading.checkpoints import Checkpoints
    from target_selligent.rejects import Rejects
    from target_selligent.settings import Settings

logger = logging.getLogger("target-selligent")

_MAX_PROBLEMS = 10


@dataclass(slots=True)
class _StreamOutcome:
    """What is known about one stream.

    Attributes:
        name_in_tap: The name of the stream before stream maps.
        ignored: Whether its records are only counted.
        columns: The columns of all its schemas. Empty if it is ignored.
        fields: The fields of all its schemas.
        records: How many of its records must be loaded or rejected.
        ticket: Its open checkpoint ticket; None before its first record and after its first loaded row.
    """

    name_in_tap: str
    ignored: bool = False
    columns: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)
    records: int = 0
    ticket: int | None = None


class StreamOutcomes:
    """Notes what became of each stream of a run. A stream has the name that stream maps give it.

    Args:
        settings: The settings of the run.
        checkpoints: Opens the tickets of the streams.
    """

    def __init__(self, settings: Settings, checkpoints: Checkpoints) -> None:
        self._settings = settings
        self._checkpoints = checkpoints
        self._lock = threading.Lock()
        self._outcomes: dict[str, _StreamOutcome] = {}

    @contextmanager
    def opening(self, stream: str, name_in_tap: str, columns: Iterable[str]) -> Iterator[None]:
        """Note a stream and the columns of its schema. In the block, the caller compares its fields with the List.

        If they do not fit the List, the log first names columns that `field_mapping` probably misspells.

        Args:
            stream: The name of the stream.
            name_in_tap: Its name before stream maps.
            columns: The columns of its schema.

        Raises:
            InputError: If the stream has no entry in `streams` and `unlisted_streams` does not allow that, or if
                stream maps give two streams of the tap the same name.
        """
        if stream not in self._outcomes:
            self._check_listed(stream)
            self._outcomes[stream] = _StreamOutcome(name_in_tap)
        self.check_name(stream, name_in_tap)
        self._outcomes[stream].columns.update(columns)
        try:
            yield
        except DestinationError:
            _warn(self._find_likely_typos(stream))
            raise

    def note_ignored(self, stream: str, name_in_tap: str) -> None:
        """Note a stream whose records are only counted. It is logged when it comes first.

        Args:
            stream: The name of the stream.
            name_in_tap: Its name before stream maps.
        """
        if stream not in self._outcomes:
            self._outcomes[stream] = _StreamOutcome(name_in_tap, ignored=True)
            logger.info("Stream %s is ignored: it has no entry in streams (unlisted_streams: ignore)", stream)

    def note_fields(self, stream: str, fields: Iterable[str]) -> None:
        """Note the fields of a stream.

        Args:
            stream: The name of the stream.
            fields: The names of the fields of its columns.
        """
        self._outcomes[stream].fields.update(fields)

    def check_name(self, stream: str, name_in_tap: str) -> None:
        """Check that no other stream of the tap has the same name.

        Args:
            stream: The name of the stream.
            name_in_tap: Its name before stream maps.

        Raises:
            InputError: If stream maps give two streams of the tap this name.
        """
        outcome = self._outcomes.get(stream)
        if outcome is not None and not outcome.ignored and outcome.name_in_tap != name_in_tap:
            raise InputError(
                f"stream_maps give streams {outcome.name_in_tap} and {name_in_tap} the same name {stream}, so the "
                "schema of one would replace the schema of the other. Give each of them its own __alias__, and an "
                "entry in streams that names its List"
            )

    def note_records(self, stream: str, count: int) -> None:
        """Note records that must be loaded or rejected, before this happens. Called from the thread that reads.

        Deleted records and records without a Segment do not count: a stream with no other records needs no load.

        Args:
            stream: The name of the stream.
            count: How many records.
        """
        outcome = self._outcomes[stream]
        # If `max_rejects` is a number, it alone limits the rejects, and no ticket is needed. A share is checked at the
        # end only, so a ticket is needed until then.
        limit = self._settings.max_rejects
        if not outcome.records and (limit is None or limit.share is not None):
            outcome.ticket = self._checkpoints.open()
        outcome.records += count

    def note_loaded(self, stream: str) -> None:
        """Note that a row was loaded, or not sent because of another row with the same key. Any thread may call it.

        Args:
            stream: The name of the stream.
        """
        outcome = self._outcomes[stream]
        with self._lock:
            ticket, outcome.ticket = outcome.ticket, None
        if ticket is not None:
            self._checkpoints.acknowledge(ticket)

    def check_at_end(self, rejects: Rejects) -> None:
        """Check all streams when all records are loaded or rejected. If none failed, the last STATE can be printed.

        Names in the settings that never came are logged as warnings.

        Args:
            rejects: The rejected records.

        Raises:
            NothingLoadedError: If all records of a stream were rejected.
        """
        _warn(self._find_unused_names())
        self.check_loaded(rejects, self._outcomes)
        for stream in self._outcomes:
            self.note_loaded(stream)

    def check_loaded(self, rejects: Rejects, streams: Iterable[str]) -> None:
        """Check that something was loaded of each of these streams, when all their records are loaded or rejected.

        Args:
            rejects: The rejected records.
            streams: The streams.

        Raises:
            NothingLoadedError: If all records of one of them were rejected.
        """
        problems = []
        for stream in streams:
            outcome = self._outcomes[stream]
            may_fail = outcome.ticket is not None and self._settings.max_rejects is None
            reason = rejects.most_frequent_reason(outcome.name_in_tap) if may_fail else None
            if reason is not None:
                problems.append(
                    f"none of the {outcome.records:,} records of stream {stream} could be loaded, most often for "
                    f"{reason}"
                )
        if problems:
            raise NothingLoadedError(
                f"{'; '.join(problems[:_MAX_PROBLEMS])}. No STATE after them is printed: correct the records or the "
                "settings, or set max_rejects to the number or share of rejects that a run may have"
            )

    def _find_unused_names(self) -> Iterator[str]:
        """Yield one sentence for each name in the settings that never came."""
        listed = self._settings.streams
        for name in listed:
            if any(matches(name, stream) for stream in self._outcomes):
                continue
            if is_pattern(name):
                yield f"streams has an entry {name}, but no stream has such a name"
                continue
            new_names = [stream for stream, outcome in self._outcomes.items() if outcome.name_in_tap == name]
            hint = (
                f": stream_maps loads it as {', '.join(new_names)}"
                if new_names
                else _suggest_name(name, filter(self._is_unlisted, self._outcomes))
            )
            yield f"streams names stream {name}, which never came{hint}"
        all_columns = set[str]().union(*(outcome.columns for outcome in self._outcomes.values()))
        yield from _find_unused_columns("field_mapping", self._settings.field_mapping, all_columns)
        all_fields = set[str]().union(*(outcome.fields for outcome in self._outcomes.values()))
        yield from _find_unused_fields("field_types", self._settings.field_types, all_fields)
        for name, stream_settings in listed.items():
            its_streams = [stream for stream in self._outcomes if name in find_entries(stream, listed)]
            if its_streams:
                mapping, types = stream_settings.get("field_mapping", {}), stream_settings.get("field_types", {})
                columns = set[str]().union(*(self._outcomes[stream].columns for stream in its_streams))
                own_fields = set[str]().union(*(self._outcomes[stream].fields for stream in its_streams))
                yield from _find_unused_columns(f"field_mapping of stream {name}", mapping, columns)
                yield from _find_unused_fields(f"field_types of stream {name}", types, own_fields)

    def _find_likely_typos(self, stream: str) -> Iterator[str]:
        """Yield one sentence for each column that the `field_mapping` of a stream probably misspells."""
        mapping, columns = self._settings.for_stream(stream).field_mapping, self._outcomes[stream].columns
        for sentence in _find_unused_columns(f"field_mapping of stream {stream}", mapping, columns):
            if sentence.endswith("?"):
                yield sentence

    def _check_listed(self, stream: str) -> None:
        """Check that a new stream has an entry in `streams`, if it needs one.

        Raises:
            InputError: If it needs an entry and has none.
        """
        if not self._is_unlisted(stream) or self._settings.unlisted_streams == "load":
            return
        hint = _suggest_name(stream, (name for name in self._settings.streams if name not in self._outcomes))
        if self._settings.unlisted_streams == "refuse":
            raise InputError(
                f"stream {stream} has no entry in streams, and unlisted_streams is refuse{hint or '.'} To load it, "
                f'add "{stream}": {{}} to streams; to leave it out, deselect it in the tap, or set unlisted_streams: '
                "ignore"
            )
        other_unlisted = [other for other in self._outcomes if self._is_unlisted(other)]
        if not other_unlisted:
            return
        raise InputError(
            f"stream {stream} has no entry in streams, and neither has stream {other_unlisted[0]}: both would go into "
            f'List {self._settings.list_api_name}{hint or "."} To load it there, too, add "{stream}": {{}} to streams; '
            f'to load it elsewhere, add "{stream}": {{"list_api_name": "..."}}; '
            "to leave it out, deselect it in the tap. "
            "With unlisted_streams: load, any number of streams may do without an entry; with ignore, none is loaded"
        )

    def _is_unlisted(self, stream: str) -> bool:
        return not self._settings.is_listed(stream)


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        logger.warning("%s", sentence)


def _find_unused_columns(setting: str, mapping: Iterable[str], columns: set[str]) -> Iterator[str]:
    """Yield one sentence for each column of a mapping that never came."""
    for column in mapping:
        if column not in columns and not is_metadata_column(column):
            hint = _suggest_name(column, columns.difference(mapping))
            yield f"{setting} names column {column}, which never came{hint}"


def _find_unused_fields(setting: str, names: Iterable[str], fields: set[str]) -> Iterator[str]:
    """Yield one sentence for each field that a setting names and that no column became."""
    folded, named = {field.casefold() for field in fields}, {name.casefold() for name in names}
    for name in names:
        if name.casefold() not in folded:
            hint = _suggest_name(name, (field for field in fields if field.casefold() not in named))
            yield f"{setting} names field {name}, which no column becomes{hint}"


def _suggest_name(name: str, candidates: Iterable[str]) -> str:
    """Return a question that suggests the most similar candidate; empty text if no candidate is similar."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    similar = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return f": did you mean {by_folded[similar[0]]}?" if similar else ""
