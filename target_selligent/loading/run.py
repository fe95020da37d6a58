"""One run: it loads the records of streams into Lists and Segments, and returns STATE. It does not need Singer.

The command and any Python program use the same `LoadRun`. It creates and connects all parts of a run.
"""

from __future__ import annotations

import copy
import json
import logging
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from target_selligent.api import Doing
from target_selligent.batches import Batch, FlushAge, Spool
from target_selligent.errors import RunStoppedError
from target_selligent.loading.batch_size import BatchSizes
from target_selligent.loading.buffers import Buffers
from target_selligent.loading.changes import Changes
from target_selligent.loading.checkpoints import Checkpoints
from target_selligent.loading.deletions import Deletions
from target_selligent.loading.ignored_stream import IgnoredStream
from target_selligent.loading.list_relations import ListRelations
from target_selligent.loading.list_workers import ListWorkers
from target_selligent.loading.load_order import LoadOrder
from target_selligent.loading.opening import connect, open_destination
from target_selligent.loading.removals import Removals
from target_selligent.loading.report import RunReport
from target_selligent.loading.run_parts import RunParts, create_run_values
from target_selligent.loading.stream import StreamLoader
from target_selligent.loading.stream_outcomes import StreamOutcomes
from target_selligent.loading.watch import RunWatch
from target_selligent.records import Origin, StreamOptions, check_schema_message, describe_stream, to_json_schema
from target_selligent.rejects import Rejects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    import pyarrow as pa
    from typing_extensions import Self

    from target_selligent.loading.destination import ListDestination
    from target_selligent.loading.plan import Plan
    from target_selligent.loading.progress import Progress
    from target_selligent.settings import Settings

logger = logging.getLogger("target-selligent")


class LoadRun:
    """Loads the records of streams, with all guarantees of the command `target-selligent`.

    Use it as a context manager. At the end of the block, the remaining records are loaded. If the block raises an
    exception, the records before it are loaded as far as possible, and the exception is raised again. Call all methods
    except `stop` from one thread.

    Args:
        settings: The settings of the run.
        on_state: Called with a value of `note_state` when all records before it are loaded or rejected. If this is true
            for several values at once, it is called with the newest only. The call may come from another thread, and
            never from two threads at once. An exception in it ends the run.
        on_failed: Called once with the exception that ended the loading of a List. The call comes from another thread,
            while other Lists are still being loaded.
        on_progress: Called about once a second, and at the end of the run, with how far the run is. The call comes from
            another thread.
        plan: Receives what the run would do. Then the run reads from Selligent and writes nothing, neither to Selligent
            nor to a rejects file, snapshot or report.

    Raises:
        DestinationError: If the rejects file, the report or the snapshot cannot be written, or if another run uses the
            snapshot.
    """

    def __init__(
        self,
        settings: Settings,
        on_state: Callable[[Any], None] | None = None,
        *,
        on_failed: Callable[[Exception], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        plan: Plan | None = None,
    ) -> None:
        if plan is not None:
            settings = replace(settings, rejects_path=None, report_path=None, alert_url=None)
        self._settings = settings
        self._plan = plan
        self._loaders: dict[str, tuple[object, StreamLoader]] = {}
        self._rejects = Rejects.for_run(settings)
        self.report = RunReport(self._rejects.counts)
        self._watch = RunWatch(settings, self.report, self._rejects, self._count_read, on_progress)
        self._client = connect(settings, self._watch.activity, plan)
        self._on_state = on_state or _do_nothing
        self._changes = Changes(settings, self.report, writes=plan is None)
        self._checkpoints = Checkpoints(
            self._call_on_state, defer=settings.state_deferred_by is not None, before=self._changes.acknowledge
        )
        self._stream_outcomes = StreamOutcomes(settings, self._checkpoints)
        batch_sizes = BatchSizes(settings.batch_size_rows, settings.max_batch_size_rows, settings.batch_max_age_seconds)
        self._list_workers = ListWorkers(
            self._client,
            settings,
            self._rejects,
            self.report,
            self._checkpoints.acknowledge,
            self._stream_outcomes.note_loaded,
            on_failed or _do_nothing,
            self._changes.note_rejected,
            batch_sizes,
        )
        self._load_order = LoadOrder(settings.load_levels, self._list_workers, self._changes.note_sent)
        self._relations = ListRelations(self._client, settings.load_levels)
        self._spool = Spool() if any(one.spools_records for one in settings.all_streams) else None
        self._removals = Removals(
            self._client, settings, self._rejects, self.report, self._checkpoints, self._changes.forget
        )
        self._parts = RunParts(
            settings=settings,
            report=self.report,
            rejects=self._rejects,
            stream_outcomes=self._stream_outcomes,
            deletions=Deletions(self._spool, self.report),
            checkpoints=self._checkpoints,
            load_order=self._load_order,
            removals=self._removals,
            spool=self._spool,
            changes=self._changes,
            run_values=create_run_values(self._rejects.run_id, settings),
            before_chunk=self._before_chunk,
        )
        self._destinations: dict[str, ListDestination] = {}
        self._buffers = Buffers(settings, self._checkpoints, self._submit, batch_sizes)
        self._ages: defaultdict[str, FlushAge] = defaultdict(lambda: FlushAge(settings.batch_max_age_seconds))
        self._stopped = False
        self._finished = False
        if settings.state_deferred_by is not None:
            logger.info(
                "STATE will be printed at the end only: with %s, a run cannot resume in the middle",
                settings.state_deferred_by,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
            return
        try:
            self.finish(complete=False, error=error)
        except Exception as loading_error:  # noqa: BLE001 - the exception of the block is raised
            if loading_error is not error:
                logger.error("%s", loading_error)  # noqa: TRY400 - the error says what to do

    @property
    def needs_keys_of_deleted(self) -> bool:
        """Whether a record that the source has deleted changes more than the counts."""
        return self._spool is not None or any(one.deleted_records != "ignore" for one in self._settings.all_streams)

    def open_stream(
        self,
        name: str,
        schema: Mapping[str, Any] | pa.Schema,
        key_properties: Sequence[str] = (),
        options: StreamOptions = StreamOptions(),  # noqa: B008 - frozen
    ) -> StreamLoader | IgnoredStream:
        """Check or create the List of a stream with all its fields, and return the loader of the stream.

        If the stream has no entry in `streams` and `unlisted_streams` is `ignore`, its records are only counted.

        If the stream was opened before with another schema, the open batches of its old loader are submitted first.
        Use the new loader only.

        Args:
            name: The name of the stream. The setting `streams` may have an entry for it.
            schema: The JSON Schema of its records, with `properties`; or the Arrow schema of its columns.
            key_properties: The columns that identify a record. They are used if the setting `key_fields` is empty.
            options: How its records come.

        Raises:
            InputError: If the schema cannot be used, or if `unlisted_streams` does not allow a stream without an entry
                in `streams`.
            DestinationError: If its columns do not fit the List.
            ApiError: If Selligent refuses a call.
            RunStoppedError: If the run was stopped or is finished.
        """
        self._check_open()
        schema = to_json_schema(schema, name)
        message = {"type": "SCHEMA", "stream": name, "schema": schema, "key_properties": list(key_properties)}
        if options.origin is None:
            check_schema_message(message, f"the schema of stream {name}")
        if self._settings.ignores(name):
            self._stream_outcomes.note_ignored(name, options.origin.stream if options.origin else name)
            return IgnoredStream(name, self.report.add_ignored, self._before_chunk)
        described = copy.deepcopy((message, options))
        known, old = self._loaders.get(name, (None, None))
        if old is not None:
            if known == described:
                return old
            old.flush()
        origin = options.origin or Origin(name, json.dumps(message).encode())
        with self._stream_outcomes.opening(name, origin.stream, schema["properties"]):
            description = describe_stream(name, schema, key_properties, self._settings, options)
            destination = self._destination(description.settings.list_api_name)
            self._stream_outcomes.note_fields(name, description.field_names)
            fields = destination.prepare(
                name,
                description.fields,
                may_create=not description.has_only_keys,
                add_fields=description.settings.create_fields_if_not_exist,
                has_segments=description.settings.has_segments,
            )
            if self._plan is not None:
                self._plan.note_stream(description, destination.api_name, destination.field)
            relation = None if description.has_only_keys else description.settings.relation
            self._relations.open_stream(name, relation, destination)
            if not description.settings.load_list:
                destination.check_readable(fields)
            loader = StreamLoader(
                description,
                fields,
                origin,
                self._parts,
                destination,
                self._buffers.open(destination),
                records_read=old.records_read if old is not None else 0,
            )
        self._loaders[name] = described, loader
        return loader

    def check_stream_name(self, name: str, name_in_tap: str) -> None:
        """Check that stream maps do not give two streams of a tap the same name.

        Args:
            name: The name that stream maps give the stream.
            name_in_tap: Its name in the tap.

        Raises:
            InputError: If another stream of the tap has this name.
        """
        self._stream_outcomes.check_name(name, name_in_tap)

    def note_state(self, value: Any) -> None:  # noqa: ANN401 - JSON
        """Note a STATE. It covers all records before it.

        Args:
            value: Any JSON value. `on_state` is called with an equal value when all these records are loaded or
                rejected.
        """
        self._checkpoints.note_state(json.dumps(value))

    def poll(self) -> None:
        """Submit the batches that are old enough. Raise an exception if the loading of a List has ended with one.

        `StreamLoader.take` calls it for each chunk of records. Call it about once a second while you wait for records.

        Raises:
            Exception: What ended the loading of the first List that failed.
        """
        self._watch.start()
        self._list_workers.check()
        now = time.monotonic()
        for list_api_name, buffer in self._buffers.items():
            if not self._load_order.level(list_api_name):
                buffer.flush_old(now, self._ages[list_api_name])

    @contextmanager
    def waiting_for_input(self) -> Iterator[None]:
        """Count the time of a block as time in which the run waits for records. `poll` does not count it."""
        number = self._watch.activity.begin(Doing.INPUT)
        try:
            yield
        finally:
            self._watch.activity.end(Doing.INPUT, number)

    def look(self) -> Progress:
        """Return how far the run is. Any thread may call this method."""
        return self._watch.look()

    def stop(self) -> None:
        """End the run early. `StreamLoader.take` raises an exception from now on; `finish` loads the records before it.

        `on_state` is still called for records that are loaded. If STATE is deferred to the end of a complete run, it is
        not called. Any thread and any signal handler may call this method.
        """
        self._stopped = True

    def conclude(self, error: BaseException | None) -> None:
        """Write the report and send the alert now, because the process is about to end. Any thread may call this.

        Args:
            error: What ends the run; None if it was stopped.
        """
        self._watch.conclude(error, complete=False)

    def freeze_state(self) -> None:
        """Never call `on_state` again, because the process is about to end. Wait for a call that is in progress."""
        self._checkpoints.freeze()

    def finish(self, *, complete: bool = True, error: BaseException | None = None) -> None:
        """Load the remaining records, wait for them, and check the result of the run. A second call does nothing.

        At the end, the report is written and the alert is sent, if the settings ask for them.

        Args:
            complete: Whether all records of the run have come. If not, records that are stored until the end of the
                input are not loaded, and `on_state` is not called for a STATE that is deferred to the end.
            error: What ended the run before all records came, for the report. It is not raised.

        Raises:
            TooManyRejectsError: If the share of rejected records is larger than `max_rejects`.
            NothingLoadedError: If all records of a stream were rejected.
            Exception: What ended the loading of a List. The other Lists are loaded before it is raised.
        """
        if self._finished:
            return
        self._finished = True
        complete = complete and not self._stopped
        try:
            self._finish(complete=complete)
        except BaseException as loading_error:
            error = error or loading_error
            raise
        finally:
            self._watch.end()
            self._client.close()
            self._changes.close()
            self._watch.conclude(error, complete=complete)

    def abandon(self) -> None:
        """End a run that has read nothing: no report is written, and no alert is sent."""
        self._finished = True
        self._watch.end()
        self._client.close()
        self._changes.close()

    def _finish(self, *, complete: bool) -> None:
        if complete and self._spool is not None:
            self._spool.load_all(self._list_workers.check)
        self._buffers.flush()
        self._list_workers.finish()
        if complete:
            self._load_waiting()
            self._rejects.check_share(self.report.records_read)
            self._stream_outcomes.check_at_end(self._rejects)
            self._removals.finish()
            self._checkpoints.release()
            self._changes.finish()
            self._watch.completed = True
        else:
            self._load_order.warn_of_skipped()
            self._removals.warn_of_skipped()

    def _load_waiting(self) -> None:
        """Load the Lists that wait for others, one level after the other. If a List fails, those after it stay."""
        self._relations.finish()
        for level in self._load_order.waiting_levels():
            earlier = [name for name, (_, loader) in self._loaders.items() if self._load_level_of(loader) < level]
            self._stream_outcomes.check_loaded(self._rejects, earlier)
            self._load_order.load_level(level)
            self._list_workers.finish()

    def _load_level_of(self, loader: StreamLoader) -> int:
        return self._load_order.level(loader.list_api_name)

    def _count_read(self) -> int:
        return sum(loader.records_read for _, loader in list(self._loaders.values()))

    def _call_on_state(self, state: str) -> None:
        self._on_state(json.loads(state))
        self._watch.note_state()

    def _check_open(self) -> None:
        if self._finished or self._stopped:
            raise RunStoppedError(f"the run is {'finished' if self._finished else 'stopped'}: open a new one")

    def _before_chunk(self) -> None:
        self._check_open()
        self.poll()

    def _destination(self, list_api_name: str) -> ListDestination:
        """Return the destination of a List. All streams of the List share it."""
        key = list_api_name.casefold()
        if key not in self._destinations:
            self._destinations[key] = open_destination(self._client, self._settings, list_api_name, self._plan)
        return self._destinations[key]

    def _submit(self, batch: Batch, destination: ListDestination) -> None:
        if self._plan is not None:
            self._plan.note_batch(batch)
        self._load_order.submit(batch, destination)


def _do_nothing(_: object) -> None:
    """Ignore a STATE or an exception."""
