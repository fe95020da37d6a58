"""Settings: the documented defaults, checked whole, secrets never shown."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from target_selligent.errors import SettingsError
from target_selligent.settings.settings import Settings, find_unknown_settings
from target_selligent.settings.table import DEFINITIONS
from tests.unit.config import REQUIRED, TREASURE_DEFAULTS

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


def test_settings_and_table_agree() -> None:
    """The frozen object has a field for each setting of the table, and no other."""
    assert {slot.name for slot in dataclasses.fields(Settings)} == set(DEFINITIONS)


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
