"""The command `target-selligent-load`: it loads files into a List as the target loads the messages of a tap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from target_selligent.command import TargetCommand
from target_selligent.file_messages import FileMessages
from target_selligent.files import find_format, find_local_path

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABSENT_OPTIONS = {"about", "about_format", "file_input"}


class LoadCommand(TargetCommand):
    """The target with files in place of messages."""

    after_a_stop = "load the files again, all of them"

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command line of the load."""
        command = super().get_singer_command()
        command.name = "target-selligent-load"
        command.help = (
            "Load files into a List: Parquet (.parquet), CSV (.csv) and lines of JSON (.jsonl), the last two also with "
            "gzip (.csv.gz). All files are loaded as one stream, so they must have the same columns. A file can be a "
            "path, or a URL such as s3://bucket/customers.parquet."
        )
        command.params = [param for param in command.params if param.name not in _ABSENT_OPTIONS]
        command.params += [
            click.Argument(["files"], nargs=-1, required=True),
            click.Option(
                ["--stream"], help="Name of the stream, for the setting streams.  [default: name of the first file]"
            ),
        ]
        return command

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        files: Sequence[str],
        stream: str | None = None,
        **options: Any,  # noqa: ANN401 - options of the target
    ) -> None:
        """Load files, or show what a load would do."""
        formats = [_check(address) for address in files]
        if len(set(formats)) > 1:
            raise click.UsageError(
                f"the files have different formats ({', '.join(sorted(set(formats)))}): load each format by itself"
            )
        messages = FileMessages(files, formats[0], stream or _name_stream(files[0]))
        super().invoke(file_input=messages, **options)  # type: ignore[arg-type]


def _check(address: str) -> str:
    """Return the format of a file that is named on the command line."""
    path = find_local_path(address)
    if path is not None and path.is_dir():
        raise click.UsageError(f"{address} is a directory: name the files in it")
    if path is not None and not path.exists():
        raise click.UsageError(f"file {address} does not exist")
    format_name = find_format(address)
    if format_name is None:
        raise click.UsageError(
            f"file {address} has no known format: its name must end with .parquet, .csv, .tsv, .jsonl or .ndjson, or "
            "with .gz behind one of the last four"
        )
    return format_name


def _name_stream(address: str) -> str:
    """Return the name of a file up to its first point, as the name of its stream."""
    path = find_local_path(address) or Path(urlsplit(address).path)
    return path.name.lstrip(".").partition(".")[0]
