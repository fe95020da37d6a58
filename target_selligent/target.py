"""The target: Singer messages in, STATE out; where all parts are wired together."""

from __future__ import annotations

import copy
import json
import sys
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click
from singer_sdk.exceptions import ConfigValidationError, RecordsWithoutSchemaException, SingerSDKError
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.plugin_base import JSONSchemaValidator
from singer_sdk.target_base import Target

from target_selligent.checkpoints import Checkpoints
from target_selligent.client import SelligentClient
from target_selligent.destination import ListDestination
from target_selligent.errors import InputError, RunStoppedError, SettingsError, TargetSelligentError
from target_selligent.loader import Loader
from target_selligent.reader import MessageReader
from target_selligent.rejects import Rejects
from target_selligent.report import RunReport
from target_selligent.settings import DEFINITIONS, Settings, settings_schema, unknown_settings
from target_selligent.sink import SelligentSink
from target_selligent.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from singer_sdk.sinks import Sink

_MAX_LINE = 2000


class RecordBeforeSchemaError(InputError, RecordsWithoutSchemaException):
    """When a RECORD comes before the SCHEMA of its stream; the SDK knows it by its own class."""


class TargetSelligent(Target):
    """Loads a tap's records into a Selligent List and its static Segments."""

    name = "target-selligent"
    config_jsonschema = settings_schema()
    default_sink_class = SelligentSink
    message_reader_class = MessageReader

    settings: Settings
    message_reader: MessageReader

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - the SDK's own arguments, handed on
        super().__init__(**kwargs)
        settings = self.settings
        transport = Transport(
            settings.base_url,
            settings.api_key,
            settings.api_secret,
            settings.organization,
            timeout=settings.request_timeout_seconds,
        )
        client = SelligentClient(transport)
        self.report = RunReport()
        self.rejects = Rejects(strict=not settings.skip_invalid_records)
        self.checkpoints = Checkpoints(_print_state, hold=not settings.resumable)
        self.destination = ListDestination(
            client,
            settings.list_api_name,
            create_list=settings.create_list_if_not_exists,
            create_segments=settings.create_segment_if_not_exists,
        )
        self.loader = Loader(client, settings, self.rejects, self.report, self.checkpoints.acknowledge)
        self._schemas: dict[str, tuple[Any, Any]] = {}
        self._fast_sinks: dict[str, SelligentSink] = {}
        self._versions_noted: set[str] = set()

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
            raise click.ClickException(f"config file {error.filename or value} does not exist") from None
        except (OSError, ValueError) as error:
            raise click.ClickException(
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
        try:
            super().invoke(about=about, about_format=about_format, config=config, file_input=file_input)  # type: ignore[arg-type]
        except ConfigValidationError:
            raise
        except (TargetSelligentError, SingerSDKError) as error:
            raise click.ClickException(" ".join(str(error).split())[:_MAX_LINE]) from None

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
        if schema is not None and isinstance(old, SelligentSink):
            old.flush()
        sink = super().get_sink(stream_name, record=record, schema=schema, key_properties=key_properties)
        if sink is not old and isinstance(old, SelligentSink) and isinstance(sink, SelligentSink):
            sink.records_read = old.records_read
        return sink

    def process_endofpipe(self) -> None:
        """Load what is left, print the STATEs that are true then, and sum up.

        Raises:
            InputError: If reading ended at a faulty line; what came before it is loaded.
            TargetSelligentError: If loading failed.
        """
        try:
            for sink in self._sinks_active.values():
                if isinstance(sink, SelligentSink):
                    sink.flush()
            self.loader.finish()
            if self.message_reader.failure is not None:
                raise self.message_reader.failure
            self.checkpoints.release()
            super().process_endofpipe()
        finally:
            for line in (*self.report.lines(), *self.rejects.lines()):
                self.logger.info("%s", line)

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
        if problems and raise_errors:
            raise ConfigValidationError("Config validation failed", errors=problems, schema={})
        for sentence in unknown_settings(self._config, self.config_jsonschema["properties"]):
            self.logger.warning("%s", sentence)
        return problems

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Take a SCHEMA; one that says nothing new changes nothing.

        The stock method compares with a schema from which it has taken the `_sdc` columns out.
        """
        self._assert_line_requires(message_dict, requires={"stream", "schema"})
        stream, schema = message_dict["stream"], message_dict["schema"]
        if not isinstance(stream, str) or not isinstance(schema, dict):
            raise InputError(
                f"line {self.message_reader.line_number} of the input is a SCHEMA without stream or schema"
            )
        self._assert_line_requires(schema, requires={"properties"})
        described = (schema, message_dict.get("key_properties"))
        if self._schemas.get(stream) == described:
            return
        self._fast_sinks.pop(stream, None)
        super()._process_schema_message(copy.deepcopy(message_dict))
        self._schemas[stream] = described
        maps = self.mapper.stream_maps[stream]
        sink = self._sinks_active.get(stream)
        plain = len(maps) == 1 and type(maps[0]) is SameRecordTransform and not maps[0].flattening_enabled
        if plain and isinstance(sink, SelligentSink) and not sink.include_sdc_metadata_properties:
            self._fast_sinks[stream] = sink

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Take a RECORD: straight to its sink, unless stream maps, flattening or metadata want the SDK's path."""
        try:
            stream, record = message_dict["stream"], message_dict["record"]
            sink = self._fast_sinks.get(stream)
            if sink is not None and record.__class__ is dict:
                sink.process_record(record, {})
                return
        except (KeyError, TypeError):
            self._assert_line_requires(message_dict, requires={"stream", "record"})
            raise
        if not isinstance(stream, str) or not isinstance(record, dict):
            raise InputError(
                f"line {self.message_reader.line_number} of the input is a RECORD without stream or record"
            )
        if stream not in self._schemas:
            raise RecordBeforeSchemaError(
                f"line {self.message_reader.line_number} of the input is a RECORD of stream {stream} "
                "before its SCHEMA: check the tap"
            )
        super()._process_record_message(message_dict)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Take a STATE; it is printed once everything before it is acknowledged, not at the next full drain."""
        self._assert_line_requires(message_dict, requires={"value"})
        self.checkpoints.note_state(json.dumps(message_dict["value"]))

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
        """Note a signal; repeats change nothing.

        The stock handler drains inside the handler and exits with 0.
        """
        if self.message_reader.stop_signal is None:
            self.message_reader.stop(signum)


def _print_state(state: str) -> None:
    try:
        sys.stdout.write(f"{state}\n")
        sys.stdout.flush()
    except OSError:
        raise RunStoppedError("standard output is closed: STATE cannot be printed, so the run ends here") from None
