"""The command `target-selligent-check` checks a config against Selligent. It reads, and writes nothing.

With the messages of a tap or its catalog, it also compares the streams with their Lists.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError

from target_selligent.checks import CatalogError, Check, Finding, read_catalog, render_json, render_text
from target_selligent.failure import Failure
from target_selligent.loading import Plan
from target_selligent.planning_target import PlanningTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SIGNALLED = 128
"""A shell adds it to the number of the signal that ended a process, for the exit code."""
_ABSENT_OPTIONS = {"about", "about_format"}


class CheckingTarget(PlanningTarget):
    """The target as a check: its streams are compared with their Lists, and nothing is loaded."""

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command line of the check."""
        command = super().get_singer_command()
        command.name = "target-selligent-check"
        command.help = "Check a config against Selligent. Nothing is written."
        command.params = [param for param in command.params if param.name not in _ABSENT_OPTIONS]
        for param in command.params:
            if param.name == "file_input":
                param.help = "Messages of a tap, whose streams are compared with their Lists; - for standard input."
        command.params += [
            click.Option(
                ["--catalog"],
                type=click.File("rb"),
                help="Catalog of a tap, whose streams are compared with their Lists.",
            ),
            click.Option(
                ["--format", "output_format"],
                type=click.Choice(["text", "json"]),
                default="text",
                show_default=True,
                help="Form of the report.",
            ),
        ]
        return command

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        config: Any = None,  # noqa: ANN401 - the SDK's private type
        file_input: IO[bytes] | None = None,
        catalog: IO[bytes] | None = None,
        output_format: str = "text",
    ) -> None:
        """Check a config, print the report, and end with 0 if nothing is wrong."""
        if file_input is not None and catalog is not None:
            raise click.UsageError("--input and --catalog cannot be used together")
        if "LOGLEVEL" not in os.environ:
            # The report says it all. The log of the run that reads the input would stand between its lines.
            logging.getLogger("target-selligent").setLevel(logging.ERROR)
        messages = file_input if catalog is None else io.BytesIO(_read_messages(catalog))
        try:
            target = cls(
                config=config.config if config is not None else None,
                parse_env_config=config is not None and config.parse_env,
            )
        except ConfigValidationError as error:
            _print_report([Finding("wrong", "settings", problem) for problem in error.errors], output_format)
            sys.exit(1)
        check = Check(target.settings, target.plan)
        findings = check.run(None if messages is None else _reader_of(target, messages))
        if target.message_reader.stop_signal is not None:
            sys.exit(_SIGNALLED + target.message_reader.stop_signal)
        _print_report(findings, output_format)
        sys.exit(0 if check.ok else 1)

    def _open_stream(self, message_dict: dict[str, Any]) -> None:
        """Create the sinks of a stream. Records are left out if the List must be read to know what becomes of them."""
        super()._open_stream(message_dict)
        stream = message_dict["stream"]
        sinks = list(self._sinks_of(stream))
        if any(not self.settings.for_stream(sink.stream_name).load_list for sink in sinks):
            self._unusable_streams.add(stream)
            self.message_reader.record_receivers.pop(stream, None)

    def _create_plan(self) -> Plan:
        return Plan(patient=False)


def main() -> None:
    """Run the command line."""
    CheckingTarget.cli()


def _reader_of(target: CheckingTarget, messages: IO[bytes]) -> Callable[[], Sequence[str]]:
    """Return what lets a target read messages, and returns sentences about rejected records."""

    def read() -> Sequence[str]:
        target.listen(messages)  # type: ignore[arg-type]
        return list(target.run.report.warnings())

    return read


def _read_messages(catalog: IO[bytes]) -> bytes:
    try:
        messages = read_catalog(catalog.read())
    except CatalogError as error:
        raise Failure(f"{catalog.name} is not the catalog of a tap: {error}") from None
    return "".join(f"{json.dumps(message)}\n" for message in messages).encode()


def _print_report(findings: Sequence[Finding], output_format: str) -> None:
    lines = [render_json(findings)] if output_format == "json" else render_text(findings)
    for line in lines:
        click.echo(line)


if __name__ == "__main__":
    main()
