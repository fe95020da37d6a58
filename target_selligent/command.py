"""The command line of the target: it loads messages, or shows with `--dry-run` what it would load."""

from __future__ import annotations

from typing import IO, Any

import click
from singer_sdk.exceptions import SingerSDKError

from target_selligent.dry_run import DryRun
from target_selligent.errors import TargetSelligentError
from target_selligent.failure import Failure
from target_selligent.target import TargetSelligent


class TargetCommand(TargetSelligent):
    """The target with the options of a dry run."""

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
        try:
            DryRun.run_to_its_end(config, file_input, limit=limit, show_values=show_values)
        except (TargetSelligentError, SingerSDKError) as error:
            raise Failure(error) from None
