"""Options of a write by Spark: text becomes settings, and what Spark may not run twice is refused."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from target_selligent.errors import SettingsError
from target_selligent.settings import Limit
from target_selligent.spark.options import as_options, check_secrets, parse_options
from tests.unit.config import REQUIRED


def parse(**changes: Any) -> Any:
    """Return the checked options of a config that is complete, with some changes."""
    return parse_options(as_options({**REQUIRED, "key_fields": ["KEY"], **changes}), {})


def problems(**changes: Any) -> str:
    """Return what is said about a config."""
    with pytest.raises(SettingsError) as caught:
        parse(**changes)
    assert "hidden" not in str(caught.value)
    return str(caught.value)


def test_a_config_is_the_same_as_options_and_as_config() -> None:
    """Objects, arrays, numbers and Booleans become text and values again. Spark spells names as it likes."""
    config = {
        "field_mapping": {"a": None},
        "create_list_if_not_exists": True,
        "batch_size_rows": 7,
        "max_rejects": "5%",
    }
    options = as_options({**REQUIRED, **config, "rejects_path": None})
    assert options["create_list_if_not_exists"] == "true"
    assert options["organization"] == "my_org"
    assert "rejects_path" not in options
    upper = {name.upper(): text for name, text in options.items()}
    settings = parse_options(upper, {}).settings
    assert settings.create_list_if_not_exists is True
    assert (settings.field_mapping, settings.batch_size_rows, settings.max_rejects) == (
        {"a": None},
        7,
        Limit(share=0.05),
    )


def test_secrets_come_from_the_environment_of_the_driver() -> None:
    """An option counts more than a variable."""
    options = as_options({name: value for name, value in REQUIRED.items() if name not in {"api_key", "api_secret"}})
    environment = {"TARGET_SELLIGENT_API_KEY": "k", "TARGET_SELLIGENT_API_SECRET": "s", "TARGET_SELLIGENT_MODE": "Sync"}
    settings = parse_options(options | {"organization": "other"}, environment | {"TARGET_SELLIGENT_ORGANIZATION": "x"})
    assert settings.settings.secrets == ("k", "s")
    assert settings.settings.organization == "other"
    assert "hidden" not in repr(parse())


def test_spark_connect_gets_no_secrets() -> None:
    """It would show them."""
    check_secrets({"base_url", "key_fields", "unknown"})
    with pytest.raises(SettingsError, match=r"^api_secret: Spark Connect shows.*TARGET_SELLIGENT_API_SECRET of"):
        check_secrets(["base_url", "API_Secret"])
    with pytest.raises(SettingsError, match=r"^api_key and api_secret: "):
        check_secrets(["api_secret", "api_key"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_size": 5}, "option batch_size is not a setting of this target: did you mean batch_size_rows?"),
        ({"path": "/x"}, "save takes no path"),
        ({"tasks": 0}, "tasks must be at least 1"),
        ({"tasks": "many"}, "option tasks must be a whole number"),
        ({"field_mapping": "{hidden"}, "option field_mapping must be a JSON object"),
        ({"report_path": "r.json"}, "report_path cannot be used with Spark"),
        ({"alert_url": "https://x.example/hidden"}, "alert_url cannot be used with Spark"),
        ({"rejects_path": "s3://bucket/rejects"}, "rejects_path must be a path"),
        ({"changes_only": True, "snapshot_path": "s"}, "changes_only cannot be used with Spark"),
        ({"segment": "s", "segment_data_import_option": "replace"}, "segment_data_import_option replace cannot"),
        ({"segment": "s", "segment_data_import_option": "mirror"}, "segment_data_import_option mirror cannot"),
        ({"segment": "s", "segment_data_import_option": "remove"}, "segment_data_import_option remove cannot"),
        ({"segment": "s", "action_column": "a"}, "action_column cannot"),
        ({"deleted_records": "delete"}, "deleted_records delete cannot"),
        ({"deduplication": "ImportFirstMatch"}, "deduplication ImportFirstMatch cannot"),
        ({"list_data_import_option": "OnlyInsert"}, "list_data_import_option OnlyInsert with deduplication"),
        (
            {"streams": {"a": {}}, "unlisted_streams": "ignore", "stream": "b"},
            "stream b has no entry in streams, and unlisted_streams is ignore",
        ),
    ],
    ids=str,
)
def test_what_is_refused(changes: dict[str, Any], said: str) -> None:
    """Each is named in a sentence, without its value."""
    assert said in problems(**changes)


def test_other_streams_of_a_config_do_not_count() -> None:
    """One config serves many streams: what another one does at the end of a run is not done by this write."""
    streams = {"people": {}, "p*": {"deleted_records": "delete"}, "leavers": {"deleted_records": "delete"}}
    options = parse(streams=streams, stream="people", unlisted_streams="load")
    assert [one.deleted_records for one in options.settings.all_streams] == ["ignore"]
    assert "deleted_records delete cannot" in problems(streams=streams, stream="pets")


def test_the_name_of_the_stream_is_that_of_the_list() -> None:
    """Unless the option `stream` says it."""
    assert parse().stream == "contacts"
    assert parse(stream="people").stream == "people"


def test_the_settings_of_a_task() -> None:
    """Tasks share the quota, wait for each other, and have a rejects file each; the driver checks shares of rejects."""
    task = parse(tasks=4, rejects_path="/shared/rejects.jsonl", max_rejects="5%").for_task("w-task3-9")
    assert (task.requests_per_minute, task.busy_timeout_seconds) == (625, 86_400)
    assert (task.rejects_path, task.max_rejects) == ("/shared/rejects-w-task3-9.jsonl", None)
    assert parse(tasks=4, busy_timeout_seconds=5).for_task("").busy_timeout_seconds == 5
    alone = parse(max_rejects="7").for_task("x")
    assert (alone.requests_per_minute, alone.busy_timeout_seconds, alone.rejects_path) == (2500, 600, None)
    assert alone.max_rejects == Limit(count=7)
    assert parse(tasks=5000).for_task("").requests_per_minute == 1


def test_options_can_be_sent_to_executors() -> None:
    """They arrive as they are."""
    options = parse(static_fields={"SOURCE": "{stream}"}, field_types={"A": "Text(5)"}, max_rejects="5%")
    assert pickle.loads(pickle.dumps(options)) == options  # noqa: S301 - our own
