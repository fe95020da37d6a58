"""Settings: defaults of the Treasure AI export, one table, checked whole, secrets never shown."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from target_selligent.errors import SettingsError
from target_selligent.settings.environment import read_environment
from target_selligent.settings.settings import Settings, find_unknown_settings
from target_selligent.settings.table import DEFINITIONS, SETTINGS, create_config_schema
from target_selligent.settings.values import Limit, parse_limit, parse_names

REQUIRED: dict[str, Any] = {
    "base_url": "https://customer.slgnt.eu",
    "api_key": "key",
    "api_secret": "hidden-secret",
    "organization": "my_org",
    "list_api_name": "contacts",
}
TREASURE_DEFAULTS = {
    "create_list_if_not_exists": False,
    "list_data_import_option": "InsertAndUpdate",
    "create_segment_if_not_exists": False,
    "segment_data_import_option": "append",
    "deduplication": "ImportLastMatch",
    "error_handling": "ContinueOnError",
    "mode": "Sync",
    "skip_invalid_records": True,
}
OWN_DEFAULTS: dict[str, Any] = {
    "segment_column": None,
    "key_fields": (),
    "field_mapping": {},
    "text_field_length": 500,
    "batch_size_rows": 2500,
    "max_request_bytes": 20_000_000,
}


def problems_of(config: dict[str, Any]) -> list[str]:
    """Return the problems of a config."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_config(config)
    return caught.value.problems


def test_defaults() -> None:
    """Settings that are not given have the defaults of the Treasure AI export, and the documented ones beyond it."""
    settings = Settings.from_config(REQUIRED)
    values = {name: getattr(settings, name) for name in (*TREASURE_DEFAULTS, *OWN_DEFAULTS)}
    assert values == TREASURE_DEFAULTS | OWN_DEFAULTS


def test_every_treasure_setting_is_there() -> None:
    """The parameters of the Treasure AI export are settings here, by the same names."""
    names = {*REQUIRED, *TREASURE_DEFAULTS, "segment_column", "key_fields"}
    assert names <= DEFINITIONS.keys()


def test_settings_and_table_agree() -> None:
    """The frozen object has a field for each setting of the table, and no other."""
    assert {slot.name for slot in dataclasses.fields(Settings)} == set(DEFINITIONS)


@pytest.mark.parametrize("definition", SETTINGS, ids=lambda definition: definition.name)
def test_every_setting_is_described(definition: Any) -> None:
    """Each setting has a title, a description that ends in a full stop, and a schema with its kind."""
    described = definition.to_json_schema()
    assert described["title"]
    assert described["description"].endswith(".")
    assert described["type"]
    assert definition.find_problem(definition.default) is None or definition.default is None
    assert described.get("secret", False) == (definition.name in {"api_key", "api_secret"})


def test_the_schema_requires_what_has_no_default() -> None:
    """The config schema requires exactly the settings without which nothing works."""
    assert set(create_config_schema()["required"]) == set(REQUIRED)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, "", "  "], ids=["missing", "empty", "blank"])
def test_required_settings(name: str, value: str | None) -> None:
    """A required setting that is missing or blank is named."""
    assert any(problem.startswith(name) for problem in problems_of({**REQUIRED, name: value}))


@pytest.mark.parametrize("name", ["api_key", "api_secret"])
@pytest.mark.parametrize("value", [123456789, ["hidden"], True])
def test_a_wrong_value_is_never_repeated(name: str, value: object) -> None:
    """A secret of the wrong type is named without its value."""
    (problem,) = problems_of({**REQUIRED, name: value})
    assert problem == f"{name} must be text"


def test_secrets_are_not_in_the_repr() -> None:
    """What a debugger or a log would print of the settings holds no secret."""
    assert "hidden-secret" not in repr(Settings.from_config(REQUIRED))


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("list_data_import_option", "Upsert", "InsertAndUpdate, OnlyInsert, OnlyUpdate"),
        ("segment_data_import_option", "Append", "(did you mean append?)"),
        ("deduplication", "", "ImportLastMatch, ImportFirstMatch"),
        ("error_handling", 1, "must be text"),
        ("mode", "sync", "(did you mean Sync?)"),
        ("create_list_if_not_exists", "true", "true or false"),
        ("skip_invalid_records", 1, "true or false"),
        ("batch_size_rows", 0, "at least 1"),
        ("batch_size_rows", True, "a whole number"),
        ("batch_size_rows", 2.5, "a whole number"),
        ("text_field_length", -1, "at least 0"),
        ("max_request_bytes", 10, "at least 1000"),
        ("key_fields", 5, "names"),
        ("key_fields", ["a", 5], "names"),
        ("field_mapping", "a", "an object"),
        ("field_mapping", {"a": 5}, "column a"),
        ("field_mapping", {"a": " "}, "null"),
        ("segment_column", " ", "must not be blank"),
        ("streams", {"s": 5}, "object"),
        ("streams", {"s": {"base_url": "x"}}, "base_url of stream s"),
        ("streams", {"s": {"key_fields": 5}}, "stream s"),
        ("max_rejects", "few", "max_rejects"),
        ("max_rejects", -1, "max_rejects"),
        ("max_rejects", "101%", "max_rejects"),
        ("base_url", "http://customer.slgnt.eu", "https://"),
        ("base_url", "https://", "https://"),
        ("base_url", "https://a:b@c", "user or password"),
        ("base_url", "https://customer.slgnt.eu/Portal/Api", "path"),
        ("base_url", "https://customer.slgnt.eu:port", "URL"),
        ("base_url", "https://[::1", "URL"),
        ("base_url", "https://customer.slgnt.eu:99999", "URL"),
        ("base_url", "https://customer.slgnt\t.eu", "invisible"),
        ("base_url", "https://customer.slgnt.eu\n", "invisible"),
        ("base_url", "https://customer slgnt.eu", "blanks"),
        ("base_url", "https://customer.slgnt.eu\ufeff", "invisible"),
        ("base_url", "https://*.slgnt.eu", "host"),
        ("base_url", "https://customer..slgnt.eu", "host"),
        ("base_url", "https://.slgnt.eu", "host"),
        ("base_url", f"https://{'a' * 64}.slgnt.eu", "host"),
        ("base_url", "https://customer\\slgnt.eu", "host"),
        ("base_url", "https://@customer.slgnt.eu", "user or password"),
        ("base_url", "https://customer.slgnt.eu?", "path"),
        ("base_url", "https://customer.slgnt.eu#", "path"),
        ("base_url", "HTTP://customer.slgnt.eu", "https://"),
        ("api_key", "hidden\n", "invisible"),
        ("api_key", " hidden", "blank"),
        ("api_key", "hidden:secret", "colon"),
        ("api_secret", "hidden\r\nX: y", "invisible"),
        ("api_secret", "hidden\u200b", "invisible"),
        ("api_secret", "hidden ", "blank"),
        ("api_secret", "hidden€", "header"),
        ("api_secret", "\ud800hidden", "invisible"),
        ("organization", "hidden\x00", "invisible"),
        ("organization", "..", "a name"),
        ("list_api_name", "hidden\x7f", "invisible"),
        ("streams", {"s": {"list_api_name": "a\tb"}}, "stream s"),
        ("request_timeout_seconds", 10**12, "at most 3600"),
        ("busy_timeout_seconds", 10**12, "at most 86400"),
        ("batch_max_age_seconds", 10**400, "at most 86400"),
        ("segment_batch_max_age_seconds", 10**400, "at most 86400"),
        ("batch_size_rows", 10**12, "at most"),
        ("segment_batch_size_rows", 10**12, "at most"),
        ("max_request_bytes", 10**12, "at most"),
        ("max_parallel_requests_per_list", 65, "at most 64"),
        ("requests_per_minute", 10**12, "at most"),
    ],
    ids=str,
)
def test_wrong_values(setting: str, value: object, words: str) -> None:
    """A value that cannot be used is named with its setting and what it should be."""
    (problem,) = problems_of({**REQUIRED, setting: value})
    assert setting in problem
    assert words in problem
    assert "hidden" not in problem


def test_every_problem_is_found_at_once() -> None:
    """All problems of a config are found in one go."""
    config = {**REQUIRED, "mode": "x", "batch_size_rows": 0, "max_rejects": "few", "organization": None}
    found = {problem.split()[0] for problem in problems_of(config)}
    assert found == {"mode", "batch_size_rows", "max_rejects", "organization"}


@pytest.mark.parametrize(
    "base_url",
    [
        "https://a.slgnt.us",
        "https://a.slgnt.eu/",
        "https://a.slgnt.eu:8443",
        "https://a_b.slgnt.eu",
        "https://bücher.eu",
        "http://localhost:8585",
        "http://127.0.0.1:1",
        "http://[::1]:8585",
    ],
)
def test_good_addresses(base_url: str) -> None:
    """TLS is taken anywhere, plain HTTP on this machine only; a last slash does not matter."""
    assert Settings.from_config({**REQUIRED, "base_url": base_url}).base_url == base_url.rstrip("/")


def test_a_scheme_in_capitals_is_the_same() -> None:
    """HTTP:// is http://: it may reach this machine only, and is kept from proxies by its spelling."""
    assert Settings.from_config({**REQUIRED, "base_url": "HTTP://LocalHost:1/"}).base_url == "http://LocalHost:1"


@pytest.mark.parametrize("value", ["a:b:c", "pass word", '!"§$%&/()=?ä', "x" * 5000])
def test_a_secret_may_hold_whatever_a_header_carries(value: str) -> None:
    """What can be sent is sent as it is."""
    assert Settings.from_config({**REQUIRED, "api_secret": value}).api_secret == value


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("A", ("A",)),
        ("A,B", ("A", "B")),
        (" A , B ,", ("A", "B")),
        (["A", " B "], ("A", "B")),
        ('["A", "B"]', ("A", "B")),
        ("[A, B", ("[A", "B")),
        ("", ()),
        ([], ()),
    ],
    ids=str,
)
def test_names(given: Any, wanted: tuple[str, ...]) -> None:
    """Names come as an array, as comma-separated text, or as a JSON array in text."""
    assert parse_names(given) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0", Limit(count=0)),
        (" 100 ", Limit(count=100)),
        ("0.5%", Limit(share=0.005)),
        ("100%", Limit(share=1.0)),
    ],
    ids=str,
)
def test_reject_limits(text: str, wanted: Limit) -> None:
    """A limit is a number, or a share of all records."""
    assert parse_limit(text) == wanted


@pytest.mark.parametrize("text", ["", "%", "x%", "nan%", "-1", "1.5", "1e3", "²"])
def test_no_reject_limits(text: str) -> None:
    """Anything else is none."""
    with pytest.raises(ValueError, match=r"."):
        parse_limit(text)


def test_settings_of_a_stream() -> None:
    """A stream's own settings win; its field mapping is added to that of the run; null takes the Segments away."""
    streams = {"s": {"list_api_name": "own", "key_fields": "A,B", "segment_column": None, "field_mapping": {"b": "C"}}}
    config = {**REQUIRED, "segment_column": "seg", "field_mapping": {"a": "A", "b": "B"}, "streams": streams}
    settings = Settings.from_config(config)
    own, other = settings.for_stream("s"), settings.for_stream("t")
    assert (own.list_api_name, own.key_fields, own.segment_column) == ("own", ("A", "B"), None)
    assert own.field_mapping == {"a": "A", "b": "C"}
    assert (other.list_api_name, other.key_fields, other.segment_column) == ("contacts", (), "seg")


@pytest.mark.parametrize(
    ("changes", "resumable"),
    [
        ({}, True),
        ({"segment_column": "s"}, True),
        ({"segment_data_import_option": "replace"}, True),
        ({"segment_column": "s", "segment_data_import_option": "replace"}, False),
        ({"streams": {"x": {"segment_column": "s"}}, "segment_data_import_option": "replace"}, False),
        ({"deduplication": "ImportFirstMatch"}, False),
        ({"list_data_import_option": "OnlyInsert"}, False),
        ({"list_data_import_option": "OnlyInsert", "deduplication": "ImportFirstMatch"}, True),
        ({"list_data_import_option": "OnlyUpdate"}, True),
    ],
    ids=str,
)
def test_which_runs_can_be_resumed(changes: dict[str, Any], resumable: bool) -> None:  # noqa: FBT001 - a case
    """A run cannot be resumed where a record's effect depends on those before it in the same run."""
    assert (Settings.from_config({**REQUIRED, **changes}).state_deferred_by is None) is resumable


def test_unknown_settings_are_named() -> None:
    """A setting that nothing reads is named, with the nearest known one if there is one."""
    sentences = find_unknown_settings({"deduplicate": 1, "zzz": 2, "mode": "Sync"}, DEFINITIONS)
    assert len(sentences) == 2
    assert "did you mean deduplication?" in sentences[0]
    assert "zzz is not a setting" in sentences[1]


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("create_list_if_not_exists", "TRUE", True),
        ("create_list_if_not_exists", " off ", False),
        ("batch_size_rows", "10", 10),
        ("field_mapping", '{"a": null}', {"a": None}),
        ("streams", '{"s": {"list_api_name": "x"}}', {"s": {"list_api_name": "x"}}),
        ("key_fields", "A,B", "A,B"),
        ("max_rejects", "5%", "5%"),
        ("api_secret", "12345", "12345"),
    ],
    ids=str,
)
def test_values_from_the_environment(name: str, text: str, wanted: object) -> None:
    """Text from the environment becomes a value of its setting's kind; secrets of digits stay text."""
    properties = create_config_schema()["properties"]
    assert read_environment({f"TARGET_SELLIGENT_{name.upper()}": text}, properties) == {name: wanted}


def test_blank_variables_are_left_out() -> None:
    """A blank variable is as good as none."""
    assert read_environment({"TARGET_SELLIGENT_MODE": " "}, create_config_schema()["properties"]) == {}


def test_wrong_variables_are_all_named_without_their_values() -> None:
    """Every variable whose text is not of its kind is named, its text is not."""
    variables = {"TARGET_SELLIGENT_BATCH_SIZE_ROWS": "hidden", "TARGET_SELLIGENT_FIELD_MAPPING": "{hidden"}
    with pytest.raises(SettingsError) as caught:
        read_environment(variables, create_config_schema()["properties"])
    assert len(caught.value.problems) == 2
    assert "hidden" not in str(caught.value)
