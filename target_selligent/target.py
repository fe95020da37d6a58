"""The Singer target: it reads messages, prints STATE, and handles signals and the command line.

`LoadRun` loads the records.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import sys
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.helpers.capabilities import PluginCapabilities
from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform
from singer_sdk.plugin_base import JSONSchemaValidator
from singer_sdk.target_base import Target

from target_selligent.batch_messages import BatchMessages
from target_selligent.display import Display
from target_selligent.ending import Ending
from target_selligent.errors import InputError, SettingsError, TargetSelligentError
from target_selligent.failure import WRONG_SETTINGS, Failure, SettingsFailure, to_one_line
from target_selligent.loading import LoadRun
from target_selligent.output import print_state
from target_selligent.reader import MessageReader
from target_selligent.records import Origin, check_schema_message, is_deleted, read_bookmark_properties
from target_selligent.rejects import RUN_OF_REJECTS, remove_details
from target_selligent.sdk_errors import RecordBeforeSchemaError, to_sdk_error
from target_selligent.settings import (
    DEFINITIONS,
    Settings,
    create_config_schema,
    find_faker_problems,
    find_unknown_settings,
    read_environment,
)
from target_selligent.sink import SelligentSink
from target_selligent.stream_maps import map_deleted_record, reject_failing_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from singer_sdk.mapper import StreamMap
    from singer_sdk.sinks import Sink

    from target_selligent.errors import RejectedRecord

_SIGNALLED = 128
"""A shell adds it to the number of the signal that ended a process, for the exit code."""
_STOP_SECONDS = 30


class _EnvironmentConfig:
    """Reads the settings from the environment and from `.env` in the working directory.

    The SDK's own code raises a traceback if the text for a number is not a number. It also looks for `.env` in the
    directory of the SDK.
    """

    def __get__(self, instance: object, owner: type[TargetSelligent]) -> dict[str, Any]:
        """Return the names and values of the settings, as the SDK's attribute of this name."""
        from dotenv import dotenv_values, find_dotenv  # noqa: PLC0415 - takes 10 ms, and only --config=ENV needs it

        schema = owner.config_jsonschema
        owner.append_builtin_config(schema)
        in_file = {name: value for name, value in dotenv_values(find_dotenv(usecwd=True)).items() if value is not None}
        try:
            return read_environment({**in_file, **os.environ}, schema["properties"])
        except SettingsError as error:
            raise ConfigValidationError("Config validation failed", errors=error.problems, schema={}) from None


class TargetSelligent(Target):
    """Loads the records of a tap into Selligent Lists and their static Segments."""

    name = "target-selligent"
    config_jsonschema = create_config_schema()
    default_sink_class = SelligentSink
    capabilities: ClassVar = [*Target.capabilities, PluginCapabilities.BATCH]
    message_reader_class = MessageReader
    after_a_stop = "the next run starts from the last STATE"

    settings: Settings
    message_reader: MessageReader
    _env_var_config = _EnvironmentConfig()
    _ready = False

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the arguments of the SDK's class
        super().__init__(**kwargs)
        # When the SDK drains its sinks at the end, they are empty. So it needs no threads.
        self.max_parallelism = 1
        self._display = Display.for_this_process()
        self.run = self._create_run()
        self.origin = Origin("", b"{}")
        self._ending = Ending(self.run.freeze_state, self._log_summary)
        self._schemas: dict[str, tuple[Any, Any]] = {}
        storage = (self.config.get("batch_config") or {}).get("storage") or {}
        self.batches = BatchMessages(self.message_reader, storage, self._sinks_of)
        self.message_reader.before_read = self.run.poll
        self.message_reader.while_waiting = self.run.waiting_for_input
        self.message_reader.process_member_message = self._process_member_message
        self._ready = True

    def _create_run(self) -> LoadRun:
        """Return the run that loads the records."""
        return LoadRun(
            self.settings, _print_state, on_failed=self._limit_remaining_time, on_progress=self._display.show
        )

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's own settings, except `load_method`, which this target does not use."""
        super().append_builtin_config(config_jsonschema)
        config_jsonschema["properties"].pop("load_method", None)

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:  # noqa: ANN401
        """Read the config files. If one cannot be read, the command ends with one line."""
        try:
            return super().cb_config(ctx, param, value)
        except FileNotFoundError as error:
            name = error.filename or " or ".join(value)
            raise SettingsFailure(f"config file {name} does not exist") from None
        except (OSError, ValueError) as error:
            raise SettingsFailure(
                f"the config file cannot be read ({type(error).__name__}): it must be a JSON object"
            ) from None

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,  # noqa: ANN401 - the SDK's private type
        file_input: IO[bytes] | None = None,
    ) -> None:
        """Run the target. Every error that is not a bug of ours ends the command with one line and exit code 1."""
        # At DEBUG, it logs every URL with the parameter errorHandling. Meltano shows lines with "error" as failures.
        logging.getLogger("urllib3").setLevel(logging.INFO)
        try:
            super().invoke(about=about, about_format=about_format, config=config, file_input=file_input)  # type: ignore[arg-type]
        except ConfigValidationError:
            raise
        except (TargetSelligentError, SingerSDKError) as error:
            raise Failure(error) from None

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command. Its option `--input` opens a file for bytes, like the standard input.

        Wrong settings end it with 2, as wrong options do; with the SDK, 1.
        """
        command = super().get_singer_command()
        command.callback = _end_at_wrong_settings(command.callback)
        for param in command.params:
            if param.name == "file_input":
                param.type = click.File("rb")
        return command

    def get_sink(
        self,
        stream_name: str,
        *,
        record: dict[str, Any] | None = None,
        schema: dict[str, Any] | None = None,
        key_properties: Sequence[str] | None = None,
    ) -> Sink:
        """Return the sink of a stream. If the schema is new, the open batches of the old sink are submitted first.

        The SDK's method would drain the old sink after newer batches. Then an old record would overwrite a new one.
        """
        old = self._sinks_active.get(stream_name)
        sink = super().get_sink(stream_name, record=record, schema=schema, key_properties=key_properties)
        if old is not None and sink is not old:
            # It is empty. If it is not removed here, a stream whose schema changes often collects many old sinks.
            old.clean_up()
            self._sinks_to_clear.remove(old)
        return sink

    def process_endofpipe(self) -> None:
        """Load the remaining records, print the last STATE, and log the summary.

        Raises:
            Exception: What ended the reading or the loading. The records before it are loaded as far as possible.
            SystemExit: With 128 plus the number of the signal, if a signal ended the run.
        """
        reader = self.message_reader
        reading_error = reader.failure
        try:
            try:
                complete = reading_error is None and reader.stop_signal is None
                self.run.finish(complete=complete, error=reading_error)
            except Exception as loading_error:
                if reading_error is not None and reading_error is not loading_error:
                    self.logger.error("%s", to_one_line(reading_error))  # noqa: TRY400 - the other one is raised
                raise
            if reading_error is not None:
                raise to_sdk_error(reading_error)
            if reader.stop_signal is None:
                super().process_endofpipe()
        finally:
            self._ending.print_summary_once()
        if reader.stop_signal is not None:
            self.logger.warning("Stopped by signal %d: %s", reader.stop_signal, self.after_a_stop)
            sys.exit(_SIGNALLED + reader.stop_signal)

    def _log_summary(self) -> None:
        """Log what became of the records. The rejected records come last, as warnings."""
        self._display.close()
        for sentence in self.run.report.lines():
            self.logger.info("%s", sentence)
        for sentence in self.run.report.warnings():
            self.logger.warning("%s", sentence)

    def _limit_remaining_time(self, error: Exception) -> None:
        """Limit how long the run may continue after the loading of a List has failed."""
        self._ending.end_process_after(_STOP_SECONDS, 1, Failure(error).show, lambda: self.run.conclude(error))

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the config and return all problems.

        The SDK's method prints wrong values, including secrets.
        """
        self.append_builtin_config(self.config_jsonschema)
        problems = []
        for error in JSONSchemaValidator(self.config_jsonschema).iter_errors(self._config):
            setting = str(error.path[0]) if error.path else None
            if setting is not None and setting not in DEFINITIONS:
                problems.append(f"{'.'.join(map(str, error.path))} breaks the rule {error.validator} of its setting")
        try:
            self.settings = Settings.from_config(self._config)
        except SettingsError as error:
            problems = [*error.problems, *problems]
        problems += find_faker_problems(self._config)
        if problems and raise_errors:
            raise ConfigValidationError("Config validation failed", errors=problems, schema={})
        for sentence in find_unknown_settings(self._config, self.config_jsonschema["properties"]):
            self.logger.warning("%s", sentence)
        return problems

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Process a SCHEMA. If it equals the last one of its stream, nothing changes.

        The SDK's method compares it with a schema without the `_sdc` columns, and creates sinks for streams that a
        stream map removes.
        """
        self._assert_line_requires(message_dict, requires={"stream", "schema"})
        check_schema_message(message_dict, self.message_reader.place)
        stream, schema = message_dict["stream"], message_dict["schema"]
        schema_and_keys = (schema, message_dict.get("key_properties"))
        if self._schemas.get(stream) != schema_and_keys:
            self._open_stream(message_dict)
            self._schemas[stream] = schema_and_keys
        for sink in self._sinks_of(stream):
            sink.note_bookmarks(read_bookmark_properties(message_dict.get("bookmark_properties")))

    def _open_stream(self, message_dict: dict[str, Any]) -> None:
        """Create the sinks of a stream with a new schema."""
        stream, schema = message_dict["stream"], message_dict["schema"]
        self.message_reader.record_receivers.pop(stream, None)
        # The SDK changes the schema, so it gets a copy. The next SCHEMA is compared with ours.
        self.mapper.register_raw_stream_schema(stream, copy.deepcopy(schema), message_dict.get("key_properties"))
        self.origin = Origin(stream, remove_details(self.message_reader.line), replayed=RUN_OF_REJECTS in message_dict)
        maps = self.mapper.stream_maps[stream]
        reject_failing_records(maps, self._reject_current_record)
        for stream_map in (one for one in maps if not isinstance(one, RemoveRecordTransform)):
            alias, transformed = stream_map.stream_alias, stream_map.transformed_schema
            keys = stream_map.transformed_key_properties
            # The SDK keeps a sink whose schema is equal, so `open_stream` would not notice a second stream.
            self.run.check_stream_name(alias, stream)
            self.get_sink(alias, schema=transformed, key_properties=keys)
        sink = self._sinks_active.get(stream)
        plain = len(maps) == 1 and type(maps[0]) is SameRecordTransform and not maps[0].flattening_enabled
        if plain and isinstance(sink, SelligentSink) and not sink.include_sdc_metadata_properties:
            self.message_reader.record_receivers[stream] = sink

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Process a RECORD that the SDK changes: by stream maps, flattening or metadata columns.

        The reader passes other RECORD messages to their sink.
        """
        self._assert_line_requires(message_dict, requires={"stream", "record"})
        stream, record = message_dict["stream"], message_dict["record"]
        if not isinstance(stream, str) or not isinstance(record, dict):
            raise InputError(f"{self.message_reader.place} is a RECORD without stream or record")
        if stream not in self._schemas:
            raise RecordBeforeSchemaError(
                f"{self.message_reader.place} is a RECORD of stream {stream} before its SCHEMA: check the tap"
            )
        if is_deleted(record):
            self._process_deleted(record, self.mapper.stream_maps[stream])
        else:
            super()._process_record_message(message_dict)

    def _process_deleted(self, record: dict[str, Any], stream_maps: Sequence[StreamMap]) -> None:
        """Pass a record that is marked as deleted to each sink of its stream."""
        for alias, mapped in map_deleted_record(record, stream_maps, with_keys=self.run.needs_keys_of_deleted):
            if isinstance(sink := self._sinks_active.get(alias), SelligentSink):
                sink.process_deleted(mapped, self.message_reader.line)

    def _reject_current_record(self, alias: str, error: RejectedRecord) -> None:
        """Reject the record that is being processed, because a stream map fails on it."""
        if isinstance(sink := self._sinks_active.get(alias), SelligentSink):
            sink.reject(error, self.message_reader.line)

    def _process_member_message(self, message_dict: dict[str, Any]) -> None:
        """Process a Segment member of a rejects file. Taps do not write such messages."""
        if not isinstance(sink := self._sinks_active.get(str(message_dict.get("alias"))), SelligentSink):
            raise RecordBeforeSchemaError("a Segment member comes before its SCHEMA: use target-selligent-replay")
        sink.loader.process_member(message_dict, self.message_reader.line)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Note a STATE. It is printed when all records before it are acknowledged, not when all sinks are drained."""
        self._assert_line_requires(message_dict, requires={"value"})
        self.run.note_state(message_dict["value"])

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Pass an ACTIVATE_VERSION to each sink of its stream. It acts at the end of the run."""
        self._assert_line_requires(message_dict, requires={"stream"})
        stream = str(message_dict["stream"])
        if stream not in self._schemas:
            self.logger.warning("ACTIVATE_VERSION of stream %s comes before its SCHEMA, and has no effect", stream)
        version: Any = message_dict.get("version")
        for sink in self._sinks_of(stream):
            sink.activate_version(version)

    def _sinks_of(self, stream: str) -> Iterator[SelligentSink]:
        """Yield the sinks of a stream of the tap: one for each name that stream maps give it."""
        for stream_map in self.mapper.stream_maps.get(stream, ()):
            if isinstance(sink := self._sinks_active.get(stream_map.stream_alias), SelligentSink):
                yield sink

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Process the records in the files of a BATCH. The SDK's method reads whole files into memory."""
        self._assert_line_requires(message_dict, requires={"stream", "encoding", "manifest"})
        if message_dict["stream"] not in self._schemas:
            raise RecordBeforeSchemaError(
                f"{self.message_reader.place} is a BATCH of stream {message_dict['stream']} before its SCHEMA: check "
                "the tap"
            )
        self.batches.process(message_dict)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop the run in order, within a limited time. Further signals change nothing.

        The SDK's handler drains the sinks inside the handler and exits with 0.
        """
        if not self._ready:
            sys.exit(_SIGNALLED + signum)
        if self.message_reader.stop_signal is None:
            message = f"Stopped by signal {signum}: what was not loaded after {_STOP_SECONDS} s is left to the next run"
            self._ending.end_process_after(
                _STOP_SECONDS,
                _SIGNALLED + signum,
                lambda: self.logger.warning("%s", message),
                lambda: self.run.conclude(None),
            )
            # `run.stop` would make a SCHEMA that is being processed fail, so the run would end with 1.
            self.message_reader.stop(signum)


def _end_at_wrong_settings(run: Callable[..., Any] | None) -> Callable[..., None]:
    """Return a command that logs each problem of the settings, as the SDK does, and then ends with a code of its own.

    Args:
        run: The command.
    """

    def run_or_end(**options: Any) -> None:  # noqa: ANN401 - those of the command line
        try:
            if run is not None:
                run(**options)
        except ConfigValidationError as error:
            for problem in (*error.errors, "Config validation failed"):
                logging.getLogger(TargetSelligent.name).error("%s", problem)  # noqa: TRY400 - a user's mistake
            sys.exit(WRONG_SETTINGS)

    return run_or_end


def _print_state(value: Any) -> None:  # noqa: ANN401 - JSON
    print_state(json.dumps(value))
