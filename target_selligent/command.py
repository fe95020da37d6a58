"""The command line of the target: it loads messages, or shows with `--dry-run` what it would load.

The messages with which Meltano tests a target are not loaded: the config is checked instead.
"""

from __future__ import annotations

from typing import IO, Any

import click
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError

from target_selligent.errors import TargetSelligentError
from target_selligent.failure import Failure
from target_selligent.loading import Plan
from target_selligent.target import TargetSelligent

_TEST_STREAM = "meltano_test_stream"
"""The stream that `meltano config test` sends. Its record is nobody's: it must not get into a List."""


class TargetCommand(TargetSelligent):
    """The target with the options of a dry run, and with an answer to Meltano's test."""

    _is_tested = False

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command with the options of a dry run."""
        command = super().get_singer_command()
        command.params += [
            click.Option(
                ["--dry-run"],
                is_flag=True,
                help="Read and check everything, print on standard error what would be done, and write nothing.",
            ),
            click.Option(
                ["--limit"],
                type=click.IntRange(min=1),
                help="In a dry run, stop reading after this number of records.",
            ),
            click.Option(
                ["--show-values"],
                is_flag=True,
                help="In a dry run, print the values of the first row of each stream.",
            ),
        ]
        return command

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        dry_run: bool = False,
        limit: int | None = None,
        show_values: bool = False,
        config: Any = None,  # noqa: ANN401 - the SDK's private type
        file_input: IO[bytes] | None = None,
        **about: Any,  # noqa: ANN401 - options of the SDK
    ) -> None:
        """Run the target, or show what a run would do."""
        if not dry_run and (limit is not None or show_values):
            raise click.UsageError("--limit and --show-values need --dry-run")
        if not dry_run or about.get("about"):
            super().invoke(config=config, file_input=file_input, **about)
            return
        # Imported here, because a run does not need it.
        from target_selligent.dry_run import DryRun  # noqa: PLC0415

        try:
            DryRun.run_to_its_end(config, file_input, limit=limit, show_values=show_values)
        except ConfigValidationError:
            raise
        except (TargetSelligentError, SingerSDKError) as error:
            raise Failure(error) from None

    def process_endofpipe(self) -> None:
        """End the run. If Meltano tests the target, check the config instead.

        Raises:
            Failure: If the config is wrong. Meltano shows its line.
        """
        reader = self.message_reader
        if not self._is_tested or reader.failure is not None or reader.stop_signal is not None:
            super().process_endofpipe()
            return
        # Imported here, because a run does not need it.
        from target_selligent.checks import Check  # noqa: PLC0415

        self.run.abandon()
        check = Check(self.settings, Plan(patient=False))
        findings = check.run()
        wrong = [finding for finding in findings if finding.status == "wrong"]
        if wrong:
            raise Failure("; ".join(f"{one.subject}: {one.message} {one.advice}".strip() for one in wrong))
        # Meltano takes any line with a word such as "error" for a failure, so names of Lists and fields are not in it.
        self.logger.info("Selligent was checked with this config, and nothing is wrong. Nothing was written to it")

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Process a SCHEMA. If it is the first one and that of Meltano's test, nothing of the input is loaded."""
        first = not self._schemas and message_dict.get("stream") == _TEST_STREAM
        self._is_tested = self._is_tested or (first and _TEST_STREAM not in self.settings.streams)
        if not self._is_tested:
            super()._process_schema_message(message_dict)

    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        """Process a RECORD, unless Meltano tests the target."""
        if not self._is_tested:
            super()._process_record_message(message_dict)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Process a STATE, unless Meltano tests the target."""
        if not self._is_tested:
            super()._process_state_message(message_dict)

    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Process an ACTIVATE_VERSION, unless Meltano tests the target."""
        if not self._is_tested:
            super()._process_activate_version_message(message_dict)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Process a BATCH, unless Meltano tests the target."""
        if not self._is_tested:
            super()._process_batch_message(message_dict)
