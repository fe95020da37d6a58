"""The target: Singer messages in, STATE out, signals and the command line. `LoadRun` does the loading."""

from __future__ import annotations

import copy
import json
import logging
import os
import sys
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform
from singer_sdk.plugin_base import JSONSchemaValidator
from singer_sdk.target_base import Target

from target_selligent.ending import Ending
from target_selligent.environment import read_environment
from target_selligent.errors import InputError, SettingsError, TargetSelligentError
from target_selligent.failure import Failure, to_one_line
from target_selligent.fields import is_deleted
from target_selligent.output import print_state
from target_selligent.reader import MessageReader
from target_selligent.reject_lines import RUN_OF_REJECTS, remove_details
from target_selligent.row_types import Origin
from target_selligent.run import LoadRun
from target_selligent.schemas import check_schema_message
from target_selligent.sdk_errors import RecordBeforeSchemaError, to_sdk_error
from target_selligent.settings import Settings, find_faker_problems, find_unknown_settings
from target_selligent.settings_table import DEFINITIONS, create_config_schema
from target_selligent.sink import SelligentSink
from target_selligent.stream_maps import deleted_record_by_stream, reject_failing_records

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from singer_sdk.mapper import StreamMap
    from singer_sdk.sinks import Sink

_SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a process."""
_STOP_SECONDS = 30


class _EnvironmentConfig:
    """The settings in the environment and in `.env` of the working directory.

    The SDK's own reading ends in a traceback for text that is no number, and looks for `.env` beside its own files.
    """

    def __get__(self, instance: object, owner: type[TargetSelligent]) -> dict[str, Any]:
        """Return setting names to values, as the SDK's attribute of this name does."""
        from dotenv import dotenv_values, find_dotenv  # noqa: PLC0415 - 10 ms of every start, for --config=ENV alone

        schema = owner.config_jsonschema
        owner.append_builtin_config(schema)
        in_file = {name: value for name, value in dotenv_values(find_dotenv(usecwd=True)).items() if value is not None}
        try:
            return read_environment({**in_file, **os.environ}, schema["properties"])
        except SettingsError as error:
            raise ConfigValidationError("Config validation failed", errors=error.problems, schema={}) from None


class TargetSelligent(Target):
    """Loads a tap's records into a Selligent List and its static Segments."""

    name = "target-selligent"
    config_jsonschema = create_config_schema()
    default_sink_class = SelligentSink
    message_reader_class = MessageReader

    settings: Settings
    message_reader: MessageReader
    _env_var_config = _EnvironmentConfig()
    _ready = False

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's own arguments, handed on
        super().__init__(**kwargs)
        # The SDK's drain at the end finds nothing to do: no threads for it.
        self.max_parallelism = 1
        self.run = LoadRun(self.settings, _print_state, on_failed=self._end_soon)
        self.origin = Origin("", b"{}")
        self._ending = Ending(self.run.freeze_state, self._log_summary)
        self._schemas: dict[str, tuple[Any, Any]] = {}
        self._versions_noted: set[str] = set()
        self.message_reader.before_read = self.run.poll
        self.message_reader.process_member_message = self._process_member_message
        self._ready = True

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's own settings, but for `load_method`: it would be shown and ignored."""
        super().append_builtin_config(config_jsonschema)
        config_jsonschema["properties"].pop("load_method", None)

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:  # noqa: ANN401
        """Read the config files; a file that cannot be read ends in one line."""
        try:
            return super().cb_config(ctx, param, value)
        except FileNotFoundError as error:
            named = error.filename or " or ".join(value)
            raise Failure(f"config file {named} does not exist") from None
        except (OSError, ValueError) as error:
            raise Failure(
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
        """Run the target; every failure that is not a bug of ours ends in one line and exit code 1."""
        # It would log every URL, and with it the parameter errorHandling: Meltano takes the word for a failure.
        logging.getLogger("urllib3").setLevel(logging.INFO)
        try:
            super().invoke(about=about, about_format=about_format, config=config, file_input=file_input)  # type: ignore[arg-type]
        except ConfigValidationError:
            raise
        except (TargetSelligentError, SingerSDKError) as error:
            raise Failure(error) from None

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command; `--input` reads bytes, as standard input does."""
        command = super().get_singer_command()
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
        """Return a stream's sink; one that a new schema replaces hands over its records first.

        The stock method would drain it after newer batches, and an old record would win over a new one.
        """
        old = self._sinks_active.get(stream_name)
        sink = super().get_sink(stream_name, record=record, schema=schema, key_properties=key_properties)
        if old is not None and sink is not old:
            # It has nothing left to drain: where a schema flips, old sinks would pile up.
            old.clean_up()
            self._sinks_to_clear.remove(old)
        return sink

    def process_endofpipe(self) -> None:
        """Load what is left, print the STATEs that are true then, and sum up.

        Raises:
            Exception: What ended the reading or the loading; what was read before is loaded as far as possible.
            SystemExit: With 128 and the signal's number, if a signal ended the run.
        """
        reader = self.message_reader
        failure = reader.failure
        try:
            try:
                self.run.finish(complete=failure is None)
            except Exception as loading:
                if failure is not None and failure is not loading:
                    self.logger.error("%s", to_one_line(failure))  # noqa: TRY400 - the other one is raised
                raise
            if failure is not None:
                raise to_sdk_error(failure)
            if reader.stop_signal is None:
                super().process_endofpipe()
        finally:
            self._ending.print_summary_once()
        if reader.stop_signal is not None:
            self.logger.warning("Stopped by signal %d: the next run starts from the last STATE", reader.stop_signal)
            sys.exit(_SIGNALLED + reader.stop_signal)

    def _log_summary(self) -> None:
        """Log what became of the records: what is lacking comes last, as warnings."""
        for sentence in self.run.report.lines():
            self.logger.info("%s", sentence)
        for sentence in self.run.report.warnings():
            self.logger.warning("%s", sentence)

    def _end_soon(self, failure: Exception) -> None:
        """Bound the time that the run may go on after a List's loading has failed."""
        self._ending.end_process_after(_STOP_SECONDS, 1, Failure(failure).show)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the config as a whole.

        The stock method prints the values that do not fit, secrets too.
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
        """Take a SCHEMA; one that says nothing new changes nothing.

        The stock method compares with a schema from which it has taken the `_sdc` columns out, and makes sinks for
        streams that a stream map removes.
        """
        self._assert_line_requires(message_dict, requires={"stream", "schema"})
        check_schema_message(message_dict, f"line {self.message_reader.line_number} of the input")
        stream, schema = message_dict["stream"], message_dict["schema"]
        described = (schema, message_dict.get("key_properties"))
        if self._schemas.get(stream) == described:
            return
        self.message_reader.record_receivers.pop(stream, None)
        # The SDK changes the schemas it is given; ours is what the next SCHEMA is compared with.
        self.mapper.register_raw_stream_schema(stream, copy.deepcopy(schema), message_dict.get("key_properties"))
        self.origin = Origin(stream, remove_details(self.message_reader.line), replayed=RUN_OF_REJECTS in message_dict)
        maps = self.mapper.stream_maps[stream]
        reject_failing_records(maps, lambda alias, wrong: self._sinks_active[alias].reject_current_record(wrong))  # type: ignore[attr-defined]
        for stream_map in (one for one in maps if not isinstance(one, RemoveRecordTransform)):
            alias, transformed = stream_map.stream_alias, stream_map.transformed_schema
            keys = stream_map.transformed_key_properties
            self.get_sink(alias, schema=transformed, key_properties=keys)
        self._schemas[stream] = described
        sink = self._sinks_active.get(stream)
        plain = len(maps) == 1 and type(maps[0]) is SameRecordTransform and not maps[0].flattening_enabled
        if plain and isinstance(sink, SelligentSink) and not sink.include_sdc_metadata_properties:
            self.message_reader.record_receivers[stream] = sink

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Take a RECORD that stream maps, flattening or metadata send along the SDK's path; others never come here."""
        self._assert_line_requires(message_dict, requires={"stream", "record"})
        stream, record = message_dict["stream"], message_dict["record"]
        if not isinstance(stream, str) or not isinstance(record, dict):
            raise InputError(
                f"line {self.message_reader.line_number} of the input is a RECORD without stream or record"
            )
        if stream not in self._schemas:
            raise RecordBeforeSchemaError(
                f"line {self.message_reader.line_number} of the input is a RECORD of stream {stream} "
                "before its SCHEMA: check the tap"
            )
        if is_deleted(record):
            self._process_deleted(record, self.mapper.stream_maps[stream])
        else:
            super()._process_record_message(message_dict)

    def _process_deleted(self, record: dict[str, Any], stream_maps: Sequence[StreamMap]) -> None:
        """Have a record that is marked as deleted counted by each sink of its stream."""
        for alias, keyed in deleted_record_by_stream(record, stream_maps, with_keys=self.run.spools_records):
            if isinstance(sink := self._sinks_active.get(alias), SelligentSink):
                sink.process_deleted(keyed, self.message_reader.line)

    def _process_member_message(self, message_dict: dict[str, Any]) -> None:
        """Take a Segment member of a rejects file; no tap has such messages."""
        if not isinstance(sink := self._sinks_active.get(str(message_dict.get("alias"))), SelligentSink):
            raise RecordBeforeSchemaError("a Segment member comes before its SCHEMA: use target-selligent-replay")
        sink.loader.process_member(message_dict, self.message_reader.line)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Take a STATE; it is printed once everything before it is acknowledged, not at the next full drain."""
        self._assert_line_requires(message_dict, requires={"value"})
        self.run.note_state(message_dict["value"])

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Take an ACTIVATE_VERSION: nothing is deleted, said once a stream."""
        self._assert_line_requires(message_dict, requires={"stream"})
        stream = str(message_dict["stream"])
        if stream not in self._versions_noted:
            self._versions_noted.add(stream)
            self.logger.info("ACTIVATE_VERSION of stream %s: records of other versions stay", stream)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> NoReturn:  # noqa: ARG002
        """Refuse a BATCH: its capability is not declared, so no tap should send one."""
        raise InputError(
            f"line {self.message_reader.line_number} of the input is a BATCH message, which this target does not take: "
            "remove batch_config from the tap's config"
        )

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Note a signal, to stop in an orderly way within a bounded time; repeats change nothing.

        The stock handler drains inside the handler and exits with 0.
        """
        if not self._ready:
            sys.exit(_SIGNALLED + signum)
        if self.message_reader.stop_signal is None:
            left = f"Stopped by signal {signum}: what was not loaded after {_STOP_SECONDS} s is left to the next run"
            self._ending.end_process_after(_STOP_SECONDS, _SIGNALLED + signum, lambda: self.logger.warning("%s", left))
            self.run.stop()
            self.message_reader.stop(signum)


def _print_state(value: Any) -> None:  # noqa: ANN401 - JSON
    print_state(json.dumps(value))
