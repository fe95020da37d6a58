"""The command `target-selligent-init` writes a first config that fits a List of Selligent. It writes nothing there.

Key and secret are read from variables, or asked for without being shown. A file is readable for its owner only.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from target_selligent.api import OverviewCalls
from target_selligent.checks import CatalogError, Check, check_connection, choose_fields, read_catalog
from target_selligent.errors import ApiError, SettingsError
from target_selligent.loading import Plan
from target_selligent.records import lenient_json
from target_selligent.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_selligent.checks import Finding

_PREFIX = "TARGET_SELLIGENT_"
_SECRETS = ("api_key", "api_secret")
_MAX_NAMED = 20


@click.command()
@click.option("--base-url", envvar=f"{_PREFIX}BASE_URL", help="Address of Selligent, as https://customer.slgnt.eu.")
@click.option("--organization", envvar=f"{_PREFIX}ORGANIZATION", help="Organization, as in the API's URLs.")
@click.option("--list", "list_api_name", envvar=f"{_PREFIX}LIST_API_NAME", help="API name of the List.")
@click.option("--create", is_flag=True, help="Let runs create the List, if it does not exist.")
@click.option("--catalog", type=click.File("rb"), help="Catalog of the tap, for the columns of its stream.")
@click.option("--input", "sample", type=click.File("rb"), help="Messages of the tap, for the columns of its stream.")
@click.option("--stream", help="The stream, if catalog or messages have several.")
@click.option("--key-fields", default="", help="Fields that identify a record, comma-separated.")
@click.option("--segment-column", help="Column that names the Segment of a record.")
@click.option("--meltano", is_flag=True, help="Print the block for meltano.yml instead of writing a file.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), default="config.json", show_default=True, help="File."
)
@click.option("--force", is_flag=True, help="Overwrite the file without asking.")
def main(  # noqa: PLR0913 - the options
    base_url: str | None,
    organization: str | None,
    list_api_name: str | None,
    catalog: IO[bytes] | None,
    sample: IO[bytes] | None,
    stream: str | None,
    key_fields: str,
    segment_column: str | None,
    output: Path,
    *,
    create: bool,
    meltano: bool,
    force: bool,
) -> None:
    """Write a first config for target-selligent, which fits a List of Selligent. Nothing is written to Selligent.

    What is not given is asked for. Key and secret are read from TARGET_SELLIGENT_API_KEY and
    TARGET_SELLIGENT_API_SECRET, and then not written into the file.
    """
    if catalog is not None and sample is not None:
        raise click.UsageError("--catalog and --input cannot be used together")
    message = _choose_stream(_read_streams(catalog, sample), stream)
    address = {
        "base_url": (base_url or _ask("Address of Selligent, as https://customer.slgnt.eu")).rstrip("/"),
        "organization": organization or _ask("Organization"),
    }
    known = {name: os.environ.get(f"{_PREFIX}{name.upper()}", "") for name in _SECRETS}
    typed = {name: _ask(name.replace("_", " "), hide=True) for name, value in known.items() if not value}
    secrets = {**known, **typed}
    plan = Plan(patient=False)
    list_api_name = _connect(address, secrets, list_api_name, plan)
    config, fields = _describe_list({**address, "list_api_name": list_api_name}, secrets, plan, create=create)
    if segment_column:
        config |= {"segment_column": segment_column, "create_segment_if_not_exists": True}
    if key_fields:
        config["key_fields"] = key_fields
    if message is not None:
        config |= _map_columns(message, fields, config)
    _check_config({**config, **secrets}, plan)
    if meltano:
        click.echo(_to_meltano(config))
        _say(f"Next: put this into meltano.yml, and set {_PREFIX}API_KEY and {_PREFIX}API_SECRET")
        return
    _write(output, {**config, **typed}, force=force)
    _say(f"Next: target-selligent-check --config {output}{'' if typed else ' --config ENV'}")


def _connect(address: Mapping[str, str], secrets: Mapping[str, str], list_api_name: str | None, plan: Plan) -> str:
    """Check that Selligent can be reached; return the List that is meant."""
    # Settings need the name of a List, which may not be known yet.
    settings = _settings({**address, **secrets, "list_api_name": list_api_name or "unknown"})
    client, overview = plan.client(settings), OverviewCalls(plan.open_transport(settings))
    _stop_if_wrong(
        check_connection(settings, overview.get_organization, lambda: client.get_list(settings.list_api_name))
    )
    if list_api_name is None:
        with suppress(ApiError):
            names = overview.list_names()
            _say(f"Lists of {settings.organization}: {', '.join(names[:_MAX_NAMED])}")
        list_api_name = _ask("API name of the List")
    return list_api_name


def _describe_list(
    config: Mapping[str, Any], secrets: Mapping[str, str], plan: Plan, *, create: bool
) -> tuple[dict[str, Any], Sequence[str] | None]:
    """Return a config that names the List as the tenant does, and its fields that can be written; None if it is new."""
    client = plan.client(_settings({**config, **secrets}))
    name = config["list_api_name"]
    try:
        details = client.get_list(name)
        if details is not None:
            fields = [field.name for field in client.get_fields(details.api_name) if field.writable]
            return {**config, "list_api_name": details.api_name}, fields
    except ApiError as error:
        raise click.ClickException(str(error)) from None
    if not create:
        click.confirm(f"List {name} does not exist. May a run create it?", abort=True, err=True)
    return {**config, "create_list_if_not_exists": True}, None


def _read_streams(catalog: IO[bytes] | None, sample: IO[bytes] | None) -> list[dict[str, Any]]:
    """Return the SCHEMA messages of a catalog or of messages."""
    if catalog is not None:
        try:
            return read_catalog(catalog.read())
        except CatalogError as error:
            raise click.ClickException(f"{catalog.name} is not the catalog of a tap: {error}") from None
    found: dict[str, dict[str, Any]] = {}
    for line in sample or ():
        with suppress(ValueError, RecursionError):
            message = lenient_json.loads(line)
            if (
                isinstance(message, dict)
                and message.get("type") == "SCHEMA"
                and isinstance(message.get("schema"), dict)
            ):
                found[str(message.get("stream"))] = message
    if sample is not None and not found:
        raise click.ClickException(f"{sample.name} has no SCHEMA messages")
    return list(found.values())


def _choose_stream(messages: Sequence[dict[str, Any]], stream: str | None) -> dict[str, Any] | None:
    """Return the message of the stream that is meant; None if there are no messages."""
    names = [str(message["stream"]) for message in messages]
    if stream is None and len(names) <= 1:
        return messages[0] if messages else None
    if stream not in names:
        raise click.UsageError(f"--stream must be one of {', '.join(names) or 'a catalog or of messages'}")
    return messages[names.index(stream)]


def _settings(config: Mapping[str, Any]) -> Settings:
    try:
        return Settings.from_config(config)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def _map_columns(message: Mapping[str, Any], fields: Sequence[str] | None, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that map the columns of a stream, and say what is not sent."""
    keys = [name.strip() for name in str(config.get("key_fields", "")).split(",") if name.strip()]
    choice = choose_fields(message, fields, key_fields=keys, segment_column=config.get("segment_column"))
    if choice.problems:
        raise click.ClickException("; ".join(choice.problems))
    for column in choice.unsent:
        _say(f"Column {column} has no field in List {config['list_api_name']}: it is not sent")
    return {"field_mapping": choice.mapping} if choice.mapping else {}


def _check_config(config: Mapping[str, Any], plan: Plan) -> None:
    """Check the whole config against Selligent."""
    _stop_if_wrong(Check(_settings(config), plan).run())


def _stop_if_wrong(findings: Iterable[Finding]) -> None:
    for finding in findings:
        if finding.status == "wrong":
            raise click.ClickException(f"{finding.subject}: {finding.message} {finding.advice}".strip())


def _to_meltano(config: Mapping[str, Any]) -> str:
    """Return a config as a block of `meltano.yml`. JSON is YAML, too, and Meltano expands a single `$`."""
    lines = [f"      {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in config.items()]
    block = ["plugins:", "  loaders:", "  - name: target-selligent", "    config:", *lines]
    return "\n".join(block).replace("$", "$$")


def _write(path: Path, config: Mapping[str, Any], *, force: bool) -> None:
    """Write a config file that only its owner can read. An existing file is replaced as a whole, or not at all."""
    if path.exists() and not force:
        click.confirm(f"{path} exists. Overwrite it?", abort=True, err=True)
    try:
        # `mkstemp` creates files that only their owner can read.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(config, ensure_ascii=False, indent=2) + "\n")
        Path(name).replace(path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
    _say(f"Wrote {path}")


def _ask(what: str, *, hide: bool = False) -> str:
    """Ask on standard error, so that standard output holds the block for Meltano only."""
    return str(click.prompt(what, hide_input=hide, err=True))


def _say(what: str) -> None:
    click.echo(what, err=True)


if __name__ == "__main__":
    main()
