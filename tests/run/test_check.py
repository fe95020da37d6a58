"""The check: it says what a run would need and lack, and writes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import COMMAND, SECRET, encode, record, records, run_command, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from target_selligent.emulator import EmulatorServer
    from tests.support import CertificateAuthority, FinishedRun, Message, Tenant

PROGRAM = [str(COMMAND.with_name("target-selligent-check"))]
PEOPLE = schema({"key": "string", "email": "string", "first_name": "string", "seg": "string"})
NAMED = records("key email first_name seg", ("a", "a@example.com", "Ann", "vip"), ("b", "b@example.com", "Bob", "gold"))


def check(tenant: Tenant, *args: str, messages: list[Message] | None = None, **settings: Any) -> FinishedRun:
    """Run the check with the given settings; with messages, it compares them. Whatever it finds, nothing is written."""
    before = tenant.read_journal("writes")
    since = tenant.count_requests()
    if messages is not None:
        args = ("--input", "-", *args)
    config = {**tenant.config(), **settings}
    done = run_command(*args, messages=encode(messages or []), config=config, program=PROGRAM)
    assert tenant.read_journal("writes") == before
    for request in tenant.read_journal("requests")[since:]:
        assert request["method"] == "GET" or request["path"].endswith("/data/search"), request
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def found(done: FinishedRun, word: str) -> list[str]:
    """Return the lines of a report that begin with a word, without it."""
    return [" ".join(line.split()[1:]) for line in done.stdout.splitlines() if line.split()[0] == word]


def line_of(done: FinishedRun, word: str, subject: str) -> str:
    """Return the only line of a report that begins with a word and a subject."""
    (line,) = (line for line in found(done, word) if line.startswith(subject))
    return line


@pytest.fixture
def contacts(tenant: Tenant) -> Tenant:
    """A tenant with a List that has a record and a Segment."""
    tenant.create_list(KEY="Text(20)", MAIL="Text(100)", FirstName="Text(50)")
    tenant.create_segment("vip")
    tenant.load_rows("KEY", [["a"]])
    return tenant


def test_a_config_that_is_right(contacts: Tenant) -> None:
    """Each thing has a line that says so; rights to write are not claimed to be granted."""
    done = check(contacts, segment_column="seg", key_fields="KEY").succeeded()
    for subject in ("address", "key ", "organization", "quota", "clock", "key_fields KEY"):
        assert line_of(done, "ok", subject)
    assert "Datalist, 1 records" in line_of(done, "ok", "List contacts")
    assert "segment_column needs GET" in line_of(done, "ok", "right static Segment details")
    assert "list_api_name needs POST lists/{list}/data/load" in line_of(done, "unknown", "right List data load")
    assert "businesskey" in line_of(done, "unknown", "key of List contacts")
    assert (found(done, "wrong"), done.stdout.splitlines()[-1]) == ([], "Nothing is wrong")


@pytest.mark.parametrize(
    ("settings", "subject", "words"),
    [
        ({"api_secret": "another"}, "key", ("api_key and api_secret", "GET the organization", "List details")),
        ({"organization": "other"}, "organization", ("403", "organization", "IP filter")),
        ({"base_url": "http://127.0.0.1:9"}, "address", ("refuses the connection", "base_url")),
        ({"base_url": "https://no-such-host.invalid"}, "address", ("is not found", "base_url")),
        ({"list_api_name": "others"}, "List others", ("does not exist", "create_list_if_not_exists")),
        ({"key_fields": "KEYS"}, "key_fields KEYS", ("no such field", "KEY, ")),
        ({"field_mapping": {"a": "EMAIL"}}, "field_mapping EMAIL", ("no such field", "MAIL")),
        ({"segment": "gold"}, "Segment gold", ("does not exist", "create_segment_if_not_exists")),
        ({"segment": "moving"}, "Segment moving", ("is Dynamic", "only static")),
    ],
    ids=["secret", "organization", "port", "host", "List", "key", "mapping", "no Segment", "dynamic Segment"],
)
def test_what_is_wrong(contacts: Tenant, settings: dict[str, Any], subject: str, words: tuple[str, ...]) -> None:
    """One line says what is wrong and what to do; the exit code is 1."""
    contacts.create_segment("moving", kind="Dynamic")
    done = check(contacts, **settings)
    assert done.returncode == 1
    line = line_of(done, "wrong", subject)
    assert [word for word in words if word not in line] == []
    assert len(found(done, "wrong")) == 1


def test_an_unsafe_connection(tls_emulator: EmulatorServer, authority: CertificateAuthority, tenant: Tenant) -> None:
    """A certificate that is trusted is said to be; one that is not is what is wrong, not the address."""
    config = {**tenant.config(), "base_url": tls_emulator.base_url, "create_list_if_not_exists": True}
    trusted = run_command(config=config, program=PROGRAM, env=authority.env).succeeded()
    assert line_of(trusted, "ok", "certificate")
    done = run_command(config=config, program=PROGRAM, env={"REQUESTS_CA_BUNDLE": ""})
    assert "is not trusted" in line_of(done, "wrong", "certificate")
    assert (done.returncode, len(found(done, "ok"))) == (1, 1)


@pytest.mark.parametrize(
    ("operation", "settings", "name", "setting"),
    [
        ("List_GetList", {}, "List details", "list_api_name"),
        ("List_GetListFields", {}, "List fields", "list_api_name"),
        ("List_GetListSegment", {"segment_column": "seg"}, "static Segment details", "segment_column"),
        ("Data_SearchData", {"deleted_records": "delete"}, "List data search", "deleted_records"),
        (
            "Data_SearchSegmentData",
            {"segment": "vip", "segment_data_import_option": "mirror"},
            "Segment data search",
            "segment_data_import_option",
        ),
        (
            "List_GetRelations",
            {"relation": {"list": "people", "scope": "S", "field": "KEY"}},
            "List relations",
            "relation",
        ),
    ],
    ids=str,
)
def test_a_right_that_is_missing(
    contacts: Tenant, operation: str, settings: dict[str, Any], name: str, setting: str
) -> None:
    """A 401 names the right and the setting that needs it; with the right, the same config is right."""
    assert line_of(check(contacts, **settings).succeeded(), "ok", f"right {name}")
    contacts.set_options(denied=[operation])
    done = check(contacts, **settings)
    line = line_of(done, "wrong", f"right {name}")
    assert (done.returncode, f"{setting} needs" in line, "401" in line) == (1, True, True)


def test_rights_that_a_run_does_not_need(contacts: Tenant) -> None:
    """Without the rights to read the organization, to count records and to list Segments, nothing is wrong."""
    contacts.set_options(denied=["Organization_Get", "List_GetListRecordsCount", "List_GetListSegments"])
    done = check(contacts, segment_column="seg").succeeded()
    assert line_of(done, "ok", "key ")
    assert "a run does not need it" in line_of(done, "note", "organization")
    assert line_of(done, "ok", "List contacts").endswith("Datalist")


def test_streams_are_compared_with_their_list(contacts: Tenant) -> None:
    """Each column has a line; missing fields and Segments are all named, with the fields that are probably meant."""
    done = check(contacts, messages=[PEOPLE, *NAMED, state({"a": 1})], segment_column="seg")
    assert done.returncode == 1
    assert line_of(done, "ok", "column customers.key") == "column customers.key KEY Text(20)"
    for column in ("email", "first_name"):
        assert line_of(done, "wrong", f"column customers.{column}")
    mapping = {"email": "MAIL", "first_name": "FirstName"}
    assert line_of(done, "note", "stream customers").endswith(f"field_mapping: {json.dumps(mapping)}")
    assert "Static" in line_of(done, "ok", "Segment vip")
    assert "does not exist" in line_of(done, "wrong", "Segment gold")
    mended = {"segment_column": "seg", "field_mapping": mapping, "create_segment_if_not_exists": True}
    done = check(contacts, messages=[PEOPLE, *NAMED, state({"a": 1})], **mended).succeeded()
    assert found(done, "note")[-1] == "would be created Segment gold of List contacts"


def test_what_would_be_created(tenant: Tenant) -> None:
    """It ends with the List, its fields and the Segments that a run would create; that run creates the same."""
    settings: dict[str, Any] = {
        "create_list_if_not_exists": True,
        "create_segment_if_not_exists": True,
        "segment_column": "seg",
    }
    done = check(tenant, messages=[PEOPLE, *NAMED], **settings).succeeded()
    assert [line.removeprefix("would be created ") for line in found(done, "note")[-4:]] == [
        "List contacts (Userlist)",
        "fields KEY, EMAIL, FIRST_NAME of List contacts",
        "Segment vip of List contacts",
        "Segment gold of List contacts",
    ]
    tenant.run([PEOPLE, *NAMED], **settings).succeeded()
    assert (set(tenant.fields()), set(tenant.segments())) == ({"KEY", "EMAIL", "FIRST_NAME"}, {"vip", "gold"})
    assert "note" not in {line.split()[0] for line in check(tenant, messages=[PEOPLE, *NAMED], **settings).stdout
                          .splitlines() if "would be created" in line}  # fmt: skip


def test_every_stream_is_checked(contacts: Tenant) -> None:
    """A stream that cannot be loaded does not hide what is wrong with the next; rejected records are counted."""
    first = schema({"id": "string"}, ["id"], "first")
    second = schema({"key": "string", "phone": "string"}, stream="second")
    messages = [first, record({"id": "1"}, "first"), second, record({"key": None, "phone": "1"}, "second")]
    done = check(contacts, messages=messages, unlisted_streams="load")
    assert "would become ID" in line_of(done, "wrong", "stream first")
    assert "PHONE" in line_of(done, "wrong", "column second.phone")
    assert "1 records of stream second" in line_of(done, "note", "records")


def test_stream_maps_are_used(contacts: Tenant) -> None:
    """Streams are compared as they come out of stream maps."""
    maps = {"customers": {"__alias__": "people", "mail": "email", "email": "__NULL__", "first_name": "__NULL__"}}
    done = check(contacts, messages=[PEOPLE], stream_maps=maps, segment_column="seg").succeeded()
    assert line_of(done, "ok", "column people.mail").endswith("MAIL Text(100)")


def test_a_catalog_is_compared(contacts: Tenant, tmp_path: Path) -> None:
    """The selected streams of a catalog are compared like those of messages."""
    catalog = tmp_path / "catalog.json"
    entry = {
        "tap_stream_id": "customers",
        "schema": PEOPLE["schema"],
        "key_properties": ["key"],
        "metadata": [
            {"breadcrumb": [], "metadata": {"selected": True}},
            {"breadcrumb": ["properties", "first_name"], "metadata": {"selected": False}},
        ],
    }
    catalog.write_text(json.dumps({"streams": [entry, {"stream": "other", "schema": {}}]}), encoding="utf-8")
    done = check(contacts, "--catalog", str(catalog), segment_column="seg", field_mapping={"email": "MAIL"})
    assert [line.split()[1] for line in found(done, "ok") if line.startswith("column")] == [
        "customers.key",
        "customers.email",
    ]
    done.succeeded()
    catalog.write_text("[]", encoding="utf-8")
    line = check(contacts, "--catalog", str(catalog)).error_line()
    assert "is not the catalog of a tap: it has no streams" in line


def test_the_report_as_json(contacts: Tenant) -> None:
    """A program can read the report: also that of a config that is wrong in itself."""
    report = json.loads(check(contacts, "--format", "json").succeeded().stdout)
    assert report["ok"] is True
    assert {"status": "ok", "subject": "organization", "message": "my_org can be used", "advice": ""} in report[
        "findings"
    ]
    done = check(contacts, "--format", "json", error_handling="Never", mode="Fast")
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (1, False)
    assert [finding["subject"] for finding in report["findings"]] == ["settings", "settings"]


def test_settings_from_the_environment(contacts: Tenant) -> None:
    """The check reads settings as the target does, so Meltano can run it."""
    env = {f"TARGET_SELLIGENT_{name.upper()}": str(value) for name, value in contacts.config().items()}
    done = run_command("--config=ENV", env=env, program=PROGRAM).succeeded()
    assert line_of(done, "ok", "List contacts")


def test_no_record_is_read(contacts: Tenant) -> None:
    """Neither for a mirror nor with `load_list: false`: the searches of the check find nobody."""
    contacts.add_members("vip", "KEY", ["a"])
    messages = [schema({"key": "string"}), record({"key": "b"})]
    for settings in ({"segment_data_import_option": "mirror"}, {"load_list": False}):
        since = contacts.count_requests()
        check(contacts, messages=messages, segment="vip", **settings).succeeded()
        requests = contacts.read_journal("requests")[since:]
        searches = [request["path"].rpartition("/lists")[2] for request in requests if request["method"] == "POST"]
        assert set(searches) <= {"/contacts/data/search", "/contacts/segments/vip/data/search"}
        assert len(searches) == len(set(searches)) > 0
