"""The first config: it fits a List, holds no secret that others can read, and works."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import COMMAND, SECRET, encode, records, run_command, schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support import FinishedRun, Tenant

PROGRAM = [str(COMMAND.with_name("target-selligent-init"))]
PEOPLE = [
    schema({"id": "string", "email": "string", "first_name": "string", "shoe_size": "integer"}, ["id"], "people"),
    *records("id email first_name shoe_size", ("1", "ann@example.com", "Ann", 38), stream="people"),
]
KEYS = {"TARGET_SELLIGENT_API_KEY": "demo-key", "TARGET_SELLIGENT_API_SECRET": SECRET}


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List."""
    tenant.create_list(CUSTOMER_IDENTIFIER="Text(20)", MAIL="Text(100)", FirstName="Text(50)")
    return tenant


def init(
    tenant: Tenant, folder: Path, *args: str, answers: str = "", env: Mapping[str, str] | None = None
) -> FinishedRun:
    """Run the command in a folder. Nothing is written to Selligent, and the secret is never shown."""
    before = tenant.read_journal("writes")
    sample = folder / "sample.jsonl"
    sample.write_bytes(encode(PEOPLE))
    variables = KEYS if env is None else env
    done = run_command(*args, messages=answers.encode(), env=variables, cwd=folder, program=PROGRAM)
    assert tenant.read_journal("writes") == before
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def options(tenant: Tenant, list_api_name: str = "contacts") -> list[str]:
    """Return options that leave nothing to ask."""
    return ["--base-url", tenant.base_url, "--organization", "my_org", "--list", list_api_name]


def load(config: dict[str, Any]) -> None:
    """Load the sample with a config."""
    run_command(messages=PEOPLE, config={**config, "api_key": "demo-key", "api_secret": SECRET}).succeeded()


def test_a_config_that_works(contacts: Tenant, tmp_path: Path) -> None:
    """Its fields are those of the List; secrets from variables are not in it; what is not sent is said."""
    done = init(contacts, tmp_path, *options(contacts), "--input", "sample.jsonl").succeeded()
    path = tmp_path / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    assert config == {
        "base_url": contacts.base_url,
        "organization": "my_org",
        "list_api_name": "contacts",
        "field_mapping": {
            "id": "CUSTOMER_IDENTIFIER",
            "email": "MAIL",
            "first_name": "FirstName",
            "shoe_size": None,
        },
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Column shoe_size has no field" in done.stderr
    load(config)
    assert contacts.rows("CUSTOMER_IDENTIFIER", "MAIL", "FirstName") == [["1", "ann@example.com", "Ann"]]


def test_what_is_missing_is_asked_for(contacts: Tenant, tmp_path: Path) -> None:
    """Address, organization, key, secret and List are asked for; a typed secret is in a file for its owner only."""
    answers = f"{contacts.base_url}\nmy_org\ndemo-key\n{SECRET}\nCONTACTS\n"
    done = init(contacts, tmp_path, answers=answers, env={}).succeeded()
    assert "Lists of my_org: contacts" in done.stderr
    path = tmp_path / "config.json"
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "base_url": contacts.base_url,
        "organization": "my_org",
        "list_api_name": "contacts",
        "api_key": "demo-key",
        "api_secret": SECRET,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_list(tenant: Tenant, tmp_path: Path) -> None:
    """A List that does not exist is left to the first run, if that may create it."""
    done = init(tenant, tmp_path, *options(tenant, "people"), "--input", "sample.jsonl")
    assert (done.returncode, (tmp_path / "config.json").exists()) == (1, False)
    assert "List people does not exist" in done.stderr
    init(tenant, tmp_path, *options(tenant, "people"), "--create", "--input", "sample.jsonl").succeeded()
    load(json.loads((tmp_path / "config.json").read_text(encoding="utf-8")))
    assert tenant.rows("CUSTOMER_IDENTIFIER", "MAIL", "SHOE_SIZE", list_api_name="people") == [
        ["1", "ann@example.com", 38]
    ]


def test_a_file_is_not_overwritten_without_a_yes(contacts: Tenant, tmp_path: Path) -> None:
    """An existing file stays if the answer is no or missing; with a yes or `--force` it is replaced."""
    path = tmp_path / "config.json"
    path.write_text("mine", encoding="utf-8")
    for answers in ("", "n\n"):
        assert init(contacts, tmp_path, *options(contacts), answers=answers).returncode == 1
        assert path.read_text(encoding="utf-8") == "mine"
    init(contacts, tmp_path, *options(contacts), answers="y\n").succeeded()
    assert json.loads(path.read_text(encoding="utf-8"))["list_api_name"] == "contacts"
    init(contacts, tmp_path, *options(contacts), "--force").succeeded()
    assert {file.name for file in tmp_path.iterdir()} == {"config.json", "sample.jsonl"}


def test_a_block_for_meltano(contacts: Tenant, tmp_path: Path) -> None:
    """The block is printed, without secrets; no file is written. Meltano expands a single dollar sign."""
    args = [*options(contacts), "--key-fields", "CUSTOMER_IDENTIFIER", "--segment-column", "seg$", "--meltano"]
    done = init(contacts, tmp_path, *args).succeeded()
    assert done.stdout.splitlines() == [
        "plugins:",
        "  loaders:",
        "  - name: target-selligent",
        "    config:",
        f'      base_url: "{contacts.base_url}"',
        '      organization: "my_org"',
        '      list_api_name: "contacts"',
        '      segment_column: "seg$$"',
        "      create_segment_if_not_exists: true",
        '      key_fields: "CUSTOMER_IDENTIFIER"',
    ]
    assert not (tmp_path / "config.json").exists()


@pytest.mark.parametrize(
    ("args", "env", "words"),
    [
        ([], {"TARGET_SELLIGENT_API_SECRET": "another"}, ("key: ", "401")),
        (["--organization", "other"], {}, ("organization: ", "403")),
        (["--base-url", "http://customer.slgnt.eu"], {}, ("base_url must use https://",)),
        (["--key-fields", "NOTHING"], {}, ("key_fields NOTHING", "no such field")),
        (["--input", "empty.jsonl"], {}, ("empty.jsonl has no SCHEMA messages",)),
        (["--catalog", "sample.jsonl"], {}, ("sample.jsonl is not the catalog of a tap",)),
    ],
    ids=["secret", "organization", "http", "key", "no messages", "no catalog"],
)
def test_what_is_wrong(
    contacts: Tenant, tmp_path: Path, args: list[str], env: dict[str, str], words: tuple[str, ...]
) -> None:
    """One line says what is wrong, and no file is written."""
    (tmp_path / "empty.jsonl").touch()
    line = init(contacts, tmp_path, *options(contacts), *args, env={**KEYS, **env}).error_line()
    assert [word for word in words if word not in line] == []
    assert not (tmp_path / "config.json").exists()


def test_one_of_several_streams(contacts: Tenant, tmp_path: Path) -> None:
    """The stream must be named if there are several."""
    catalog = {
        "streams": [
            {"stream": "people", "schema": PEOPLE[0]["schema"], "key_properties": ["id"]},
            {"stream": "orders", "schema": {"properties": {}}, "key_properties": []},
        ]
    }
    (tmp_path / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    args = [*options(contacts), "--catalog", "catalog.json"]
    done = init(contacts, tmp_path, *args)
    assert (done.returncode, "--stream must be one of people, orders" in done.stderr) == (2, True)
    init(contacts, tmp_path, *args, "--stream", "people").succeeded()
