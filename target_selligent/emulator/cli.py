"""The command `target-selligent-emulator`."""

import json
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from target_selligent import __version__
from target_selligent.emulator.options import EmulatorOptions

if TYPE_CHECKING:
    from target_selligent.emulator.http import UvicornServer

_EXTRA_MODULES = {"fastapi", "pydantic", "starlette", "uvicorn"}
_EXTRA = 'The emulator needs its extra: pip install "target-selligent[emulator]"'


_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


def _print_address(server: "UvicornServer") -> None:
    server.listening.wait()
    if server.started:
        options = server.emulator.options
        click.echo(
            f"target-selligent-emulator {__version__}: {server.base_url} "
            f"(organization {', '.join(options.organizations)}, X-ApiKey {options.api_key}:{options.api_secret}), "
            f"page {server.base_url}/, docs {server.base_url}/docs"
        )
        sys.stdout.flush()


def _read_fault_rules(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    try:
        rules = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.ClickException(f"--faults: {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"--faults: {path} is not JSON: {error}") from None
    if not isinstance(rules, list):
        raise click.ClickException(f"--faults: {path} must hold a JSON list of rules")
    return rules


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8585, show_default=True, help="0 for any free port.")
@click.option("--db", type=click.Path(), help="SQLite file for the data; without it, all data is in memory.")
@click.option("--organization", multiple=True, default=["my_org"], show_default=True, help="May be repeated.")
@click.option("--api-key", envvar="EMULATOR_API_KEY", default="demo-key", show_default=True)
@click.option("--api-secret", envvar="EMULATOR_API_SECRET", default="demo-secret", show_default=True)
@click.option("--rate-limit", type=click.IntRange(1), default=2500, show_default=True, help="Calls per window.")
@click.option("--rate-window", type=float, default=60.0, show_default=True, help="Seconds.")
@click.option(
    "--latency-ms", type=click.FloatRange(0), default=0.0, show_default=True, help="Wait before each response."
)
@click.option(
    "--bulk-latency-ms", type=click.FloatRange(0), default=0.0, show_default=True, help="More for bulk calls."
)
@click.option(
    "--latency-per-row",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="More milliseconds for each row of a List load.",
)
@click.option("--body-limit", type=click.IntRange(1), help="A body of more bytes gets status 413.")
@click.option(
    "--upload-seconds",
    type=click.FloatRange(0, min_open=True),
    help="The connection is reset if a body has not arrived after this time; the vendor's default is 15.",
)
@click.option("--tls-cert", type=_FILE, help="PEM file with the certificate for 127.0.0.1: serve https.")
@click.option("--tls-key", type=_FILE, help="PEM file with the private key, if it is in another file.")
@click.option(
    "--parallel-bulk/--one-bulk-per-list",
    default=False,
    help="Whether several bulk operations on one List are allowed, or all but one get status 429 (the default).",
)
@click.option("--body-reset", is_flag=True, help="Reset the connection instead if a body is above the limit.")
@click.option("--max-rows", type=click.IntRange(1), help="A bulk body of more rows gets status 413.")
@click.option("--denied", multiple=True, help="operationId that gets status 401, as if not granted. May be repeated.")
@click.option(
    "--missing-status",
    type=click.Choice(["404", "400", "200"]),
    default="404",
    show_default=True,
    help="Status for what does not exist, with result_code NotFound.",
)
@click.option(
    "--unseen-calls",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="To how many data calls a new List or Segment answers NotFound.",
)
@click.option(
    "--invalid-rows",
    type=click.Choice(["listed", "counted", "whole"]),
    default="listed",
    show_default=True,
    help="How a response reports invalid rows: listed, only counted, or the whole load is refused.",
)
@click.option(
    "--record-index-base",
    type=click.IntRange(0, 1),
    default=0,
    show_default=True,
    help="Number of the first row in invalid_records.",
)
@click.option(
    "--case-insensitive-keys/--exact-keys",
    default=True,
    help="Whether case and trailing blanks are ignored when keys are compared, as in SQL Server (the default).",
)
@click.option(
    "--segment-load-inserts", is_flag=True, help="Let a Segment load create the records that the List does not have."
)
@click.option(
    "--unique-index-required-above-rows",
    type=click.IntRange(0),
    help="Refuse a load of more rows if its keyFields have no unique index.",
)
@click.option(
    "--journal-size",
    type=click.IntRange(1),
    default=200_000,
    show_default=True,
    help="How many requests and how many writes the journal keeps.",
)
@click.option("--faults", type=click.Path(path_type=Path), help="File with a JSON list of fault rules.")
@click.version_option(__version__, prog_name="target-selligent-emulator")
def main(  # noqa: PLR0913 - options that are converted
    port: int,
    organization: tuple[str, ...],
    faults: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    missing_status: str,
    denied: tuple[str, ...],
    **settings: Any,  # noqa: ANN401 - click
) -> None:
    """Run a Selligent REST API on 127.0.0.1 until it is interrupted."""
    try:
        from target_selligent.emulator.http import Tls, UvicornServer  # noqa: PLC0415 - needs the extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA_MODULES:
            raise
        click.echo(_EXTRA, err=True)
        sys.exit(1)
    if tls_key is not None and tls_cert is None:
        raise click.UsageError("--tls-key needs --tls-cert")
    tls = None if tls_cert is None else Tls(tls_cert, tls_key)
    options = EmulatorOptions(
        organizations=list(organization),
        faults=_read_fault_rules(faults),
        missing_status=int(missing_status),
        denied=list(denied),
        **settings,
    )
    try:
        server = UvicornServer(options, port, tls)
    except (OSError, ValueError) as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    for number in (signal.SIGINT, signal.SIGTERM):
        # Uvicorn ends in good order on a signal, then sends it again to the handler that was set before: this one.
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    threading.Thread(target=_print_address, args=(server,), daemon=True).start()
    server.serve_until_stopped()


if __name__ == "__main__":
    main()
