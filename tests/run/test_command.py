"""The command itself: options, settings from files and the environment, what it prints where."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from target_selligent import __version__
from target_selligent.settings import SETTINGS
from tests.support import LIST, SECRET, RunningCommand, encode, record, run_command, run_target, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import Tenant

MESSAGES = [schema({"key": "string", "seg": "string"}), record({"key": "a", "seg": "s"}), state({"a": 1})]
SETTINGS_OF_RUN: dict[str, Any] = {
    "create_list_if_not_exists": True,
    "segment_column": "seg",
    "create_segment_if_not_exists": True,
}


def environment(tenant: Tenant, **settings: str) -> dict[str, str]:
    """Return a tenant's config as environment variables."""
    values = {**tenant.config(), **settings}
    return {
        f"TARGET_SELLIGENT_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }


def test_version() -> None:
    """--version prints the package's version and exits with 0."""
    run = run_command("--version").succeeded()
    assert run.stdout.startswith(f"target-selligent v{__version__}")


@pytest.mark.parametrize("style", ["text", "json", "markdown"])
def test_about(style: str) -> None:
    """--about names every setting in each format, and no setting that has no effect."""
    run = run_command("--about", *([] if style == "text" else [f"--format={style}"])).succeeded()
    for definition in SETTINGS:
        assert definition.name in run.stdout
    assert "load_method" not in run.stdout
    if style == "json":
        about = json.loads(run.stdout)
        properties = about["settings"]["properties"]
        assert properties["api_key"]["secret"] is True
        assert properties["api_secret"]["secret"] is True
        required = {"base_url", "api_key", "api_secret", "organization", "list_api_name"}
        assert set(about["settings"]["required"]) == required


def test_settings_from_the_environment_are_typed(tenant: Tenant) -> None:
    """--config=ENV reads every kind of setting from text: flags, numbers, objects and names."""
    env = environment(
        tenant,
        create_list_if_not_exists="true",
        create_segment_if_not_exists="1",
        segment_column="seg",
        key_fields='["KEY", "PART"]',
        batch_size_rows="1",
        field_mapping='{"other": null, "part": "Part"}',
        max_rejects="50%",
    )
    columns = {"key": "string", "part": "integer", "other": "string", "seg": "string"}
    messages = [schema(columns)] + [record({"key": "a", "part": part, "other": "x", "seg": "s"}) for part in (1, 2)]
    run_command("--config=ENV", messages=messages, env=env).succeeded()
    assert tenant.fields() == {"KEY": "Text(500)", "Part": "Long"}
    assert tenant.rows("KEY", "PART") == [["a", 1], ["a", 2]]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("batch_size_rows", "many", ["TARGET_SELLIGENT_BATCH_SIZE_ROWS", "whole number"]),
        ("create_list_if_not_exists", "perhaps", ["TARGET_SELLIGENT_CREATE_LIST_IF_NOT_EXISTS", "true or false"]),
        ("field_mapping", "{", ["TARGET_SELLIGENT_FIELD_MAPPING", "JSON object"]),
        ("deduplication", "LastWins", ["deduplication", "ImportLastMatch"]),
    ],
)
def test_wrong_text_in_the_environment_is_named(tenant: Tenant, name: str, value: str, words: list[str]) -> None:
    """A variable whose text is not of its setting's type ends the run with the variable's name, not its value."""
    run = run_command("--config=ENV", messages=MESSAGES, env=environment(tenant, **{name: value}))
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    for word in words:
        assert word in run.stderr
    assert tenant.lists() == {}


def test_settings_from_a_dotenv_file(tenant: Tenant, tmp_path: Path) -> None:
    """--config=ENV reads `.env` of the working directory; a real variable wins."""
    lines = environment(tenant, create_list_if_not_exists="true", list_api_name="from_file")
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    messages = [schema({"key": "string"}), record({"key": "a"})]
    run_command("--config=ENV", messages=messages, cwd=tmp_path).succeeded()
    assert tenant.lists() == {"from_file": "Userlist"}
    env = {"TARGET_SELLIGENT_LIST_API_NAME": "from_variable"}
    run_command("--config=ENV", messages=messages, cwd=tmp_path, env=env).succeeded()
    assert set(tenant.lists()) == {"from_file", "from_variable"}


def test_config_files_are_merged(tenant: Tenant, tmp_path: Path) -> None:
    """Several config files and the environment make one config."""
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    config = tenant.config(**SETTINGS_OF_RUN)
    del config["api_secret"]
    one.write_text(json.dumps(config), encoding="utf-8")
    two.write_text(json.dumps({"api_secret": SECRET}), encoding="utf-8")
    run_command("--config", str(one), "--config", str(two), messages=MESSAGES).succeeded()
    env = {"TARGET_SELLIGENT_API_SECRET": SECRET}
    run_command("--config", str(one), "--config=ENV", messages=MESSAGES, env=env).succeeded()
    assert tenant.rows("KEY") == [["a"]]


def test_input_from_a_file(tenant: Tenant, tmp_path: Path) -> None:
    """--input reads the messages from a file, whatever its encoding looks like to the machine."""
    messages = [schema({"key": "string"}), record({"key": "Zoë 李 😀"}), state({"a": 1})]
    path = tmp_path / "messages.jsonl"
    path.write_bytes(encode(messages))
    config = tenant.config(create_list_if_not_exists=True)
    run = run_target(config, b"", "--input", str(path), env={"LC_ALL": "C", "PYTHONUTF8": "0"}).succeeded()
    assert tenant.rows("KEY") == [["Zoë 李 😀"]]
    assert run.states == [{"a": 1}]


def test_every_problem_of_a_config_is_listed() -> None:
    """A config with many faults is refused before anything is read, with each fault and without any value."""
    config = {
        "base_url": "http://customer.slgnt.eu",
        "api_key": "key-nobody-may-see",
        "api_secret": 1234567890,
        "list_api_name": LIST,
        "deduplication": "ImportLastMach",
        "batch_size_rows": 0,
        "segment_data_import_option": "merge",
        "skip_invalid_records": "no",
        "max_rejects": "few",
    }
    run = run_target(config, b"this is not even read\n")
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    for words in (
        "organization is required",
        "api_secret must be text",
        "deduplication must be one of ImportLastMatch, ImportFirstMatch (did you mean ImportLastMatch?)",
        "batch_size_rows must be at least 1",
        "segment_data_import_option must be one of append, replace",
        "skip_invalid_records must be true or false",
        "max_rejects must be",
    ):
        assert words in run.stderr
    assert "key-nobody-may-see" not in run.stderr
    assert "1234567890" not in run.stderr
    assert run.stdout == ""


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("http://customer.slgnt.eu", "https://"),
        ("http://127.0.0.1.evil.example", "https://"),
        ("ftp://customer.slgnt.eu", "https://"),
        ("customer.slgnt.eu", "https://"),
        ("https://user:pw@customer.slgnt.eu", "api_key and api_secret"),
        ("https://customer.slgnt.eu/Portal/Api", "without a path"),
    ],
    ids=str,
)
def test_the_secret_goes_nowhere_unsafe(tenant: Tenant, base_url: str, words: str) -> None:
    """An address that is not https, but for this machine, or that is more than an address is refused."""
    run = run_target(tenant.config(base_url=base_url), MESSAGES)
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_a_setting_that_nothing_reads_is_named(tenant: Tenant) -> None:
    """A misspelt setting is no failure, but it is named with the nearest known one."""
    run = tenant.run(MESSAGES, **SETTINGS_OF_RUN, batch_size_row=5, load_method="upsert").succeeded()
    assert "batch_size_row is not a setting of this target and is ignored, did you mean batch_size_rows?" in run.stderr


@pytest.mark.parametrize("content", [None, b"{", b"[]", b"\xff\xfe"], ids=["missing", "broken", "array", "binary"])
def test_a_config_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    """A config file that is not there, or no JSON object, ends in one line that names the fault."""
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    run = run_command("--config", str(path), messages=MESSAGES)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert "config" in run.stderr.lower()


def test_states_alone_are_on_standard_output(tenant: Tenant) -> None:
    """Standard output holds STATE values only, one a line; the log is on standard error."""
    run = tenant.run(MESSAGES, **SETTINGS_OF_RUN).succeeded()
    assert run.stdout == '{"a": 1}\n'
    assert "List contacts: 1 read" in run.stderr


@pytest.mark.parametrize(
    ("args", "messages", "changes"),
    [
        ((), MESSAGES, {}),
        (("--dry-run",), MESSAGES, {}),
        ((), MESSAGES, {"api_secret": "wrong"}),
        (("--no-such-option",), MESSAGES, {}),
        ((), b"no message\n", {}),
    ],
    ids=["a load", "a dry run", "a failure", "a wrong option", "wrong input"],
)
def test_a_forked_process_does_what_the_installed_command_does(
    tenant: Tenant, args: tuple[str, ...], messages: list[Any] | bytes, changes: dict[str, Any]
) -> None:
    """Most tests run the command in forked processes (tests/support/fork_server.py), which must not matter."""
    config = tenant.config(**{**SETTINGS_OF_RUN, **changes})
    runs = []
    for env in ({}, {"TESTS_START_ANEW": "1"}):
        with RunningCommand(config, *args, env=env) as command:
            assert isinstance(command.process, subprocess.Popen) == bool(env)
            command.write_in_background(messages if isinstance(messages, bytes) else encode(messages))
            done = command.finish()
        log = [re.sub(r"\d+\.\d+|'\S*/config.json'", "", line) for line in done.log if "METRIC" not in line]
        runs.append((done.returncode, done.stdout, log, tenant.rows("KEY") if tenant.lists() else None))
        tenant.start_over()
    assert runs[0] == runs[1]


def test_a_clean_log_names_no_failure(tenant: Tenant) -> None:
    """The log of a good run, creation, STATE and summary included, never holds the words that hosts search for."""
    run = tenant.run(MESSAGES, **SETTINGS_OF_RUN).succeeded()
    assert "error" not in run.stderr.lower()
    assert "exception" not in run.stderr.lower()
    assert "WARNING  | target-selligent" not in run.stderr


def test_the_summary_counts_everything(tenant: Tenant) -> None:
    """One summary at the end has a line for the List and for each Segment, with all counts."""
    tenant.create_list(KEY="Text(10)", VALUE="Text(3)")
    tenant.load_rows("KEY", [["a"]])
    columns = {"key": "string", "value": "string", "seg": "string"}
    values = [
        ("a", "1", "x"),
        ("b", "2", "y"),
        ("b", "3", "x"),
        ("c", "too long", "x"),
        (None, "4", "x"),
        ("d", "5", "y"),
    ]
    messages = [schema(columns), *(record(dict(zip(columns, row, strict=True))) for row in values)]
    run = tenant.run(messages, segment_column="seg", create_segment_if_not_exists=True).succeeded()
    summary = [line for line in run.log if " read, " in line]
    nothing = "0 updated, 0 duplicates, 0 not found, 0 refused, 0 rejected before sending, 0 deleted"
    assert summary == [
        (
            "List contacts: 6 read, 5 sent, 2 inserted, 1 updated, 1 duplicates, 0 not found, 1 refused, "
            "1 rejected before sending, 0 deleted"
        ),
        f"Segment x of List contacts: 2 read, 2 sent, 2 inserted, {nothing}",
        f"Segment y of List contacts: 2 read, 2 sent, 2 inserted, {nothing}",
    ]


@pytest.mark.parametrize("fault", [None, "reset", "status"])
def test_secrets_are_never_shown(tenant: Tenant, fault: str | None) -> None:
    """Neither login nor a record's values are in the output, at the most talkative level, in good and bad runs."""
    if fault:
        tenant.add_fault(fault, path="/data/load")
    rows = [record({"key": "someone@example.com", "seg": "s"}), record({"key": None, "seg": "hidden@example.com"})]
    env = {"TARGET_SELLIGENT_LOGLEVEL": "DEBUG", "LOGLEVEL": "DEBUG"}
    run = tenant.run([MESSAGES[0], *rows, MESSAGES[-1]], **SETTINGS_OF_RUN, env=env).succeeded()
    output = run.stdout + run.stderr
    assert "DEBUG" in run.stderr
    for secret in (SECRET, "demo-key", "someone@example.com", "hidden@example.com"):
        assert secret not in output


def log_config(folder: Path, handler: dict[str, Any]) -> dict[str, str]:
    """Return the environment that sets a log config as Meltano does, with JSON lines to a handler."""
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "singer_sdk.logging.StructuredFormatter"}},
        "handlers": {"only": {"formatter": "json", **handler}},
        "root": {"level": "INFO", "handlers": ["only"]},
    }
    path = folder / "logging.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return {"SINGER_SDK_LOG_CONFIG": str(path)}


TO_STDERR = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}


def test_structured_logging(tenant: Tenant, tmp_path: Path) -> None:
    """SINGER_SDK_LOG_CONFIG sends the log where it says, as JSON, the summary included."""
    log = tmp_path / "log.jsonl"
    env = log_config(tmp_path, {"class": "logging.FileHandler", "filename": str(log)})
    tenant.run(MESSAGES, **SETTINGS_OF_RUN, env=env).succeeded()
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert any(entry["message"].startswith("List contacts: 1 read") for entry in entries)
    ours = [entry for entry in entries if entry["logger_name"] == "target-selligent"]
    assert {entry["level"].upper() for entry in ours} == {"INFO"}


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "a List that is missing": ({}, "List contacts does not exist"),
    "a wrong secret": ({"api_secret": "wrong"}, "401"),
    "a record that ends the run": ({**SETTINGS_OF_RUN, "skip_invalid_records": False}, "the key is null"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_one_error_in_a_structured_log(tenant: Tenant, tmp_path: Path, name: str) -> None:
    """Under Meltano, the reason is the only error; each line is one of the log, since others count as information."""
    settings, words = FAILURES[name]
    run = tenant.run([MESSAGES[0], record({"key": None, "seg": "s"})], **settings, env=log_config(tmp_path, TO_STDERR))
    assert run.returncode == 1
    entries = [json.loads(line) for line in run.stderr.splitlines()]
    (error,) = (entry for entry in entries if entry["level"] in {"error", "critical"})
    assert words in error["message"]
    assert "exception" not in error
    assert error is entries[-1]


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_one_line_on_a_terminal(tenant: Tenant, tmp_path: Path, name: str) -> None:
    """Without a log config, or with one that leaves the terminal alone, the reason is there once, as the last line."""
    settings, words = FAILURES[name]
    log = tmp_path / "log.jsonl"
    for env in ({}, log_config(tmp_path, {"class": "logging.FileHandler", "filename": str(log)})):
        run = tenant.run([MESSAGES[0], record({"key": None, "seg": "s"})], **settings, env=env)
        assert words in run.error_line()
        # A metric point has figures, in which any number may stand.
        assert sum(words in line for line in run.stderr.splitlines() if "METRIC" not in line) == 1
        assert "ERROR" not in run.stderr
    assert words in json.loads(log.read_text(encoding="utf-8").splitlines()[-1])["message"]


def test_a_config_file_that_is_missing_is_an_error_of_the_log(tmp_path: Path) -> None:
    """What is wrong before the target is made is logged in the same way."""
    run = run_command("--config", "missing.json", env=log_config(tmp_path, TO_STDERR))
    (line,) = run.stderr.splitlines()
    assert json.loads(line)["level"] == "error"
    assert "missing.json does not exist" in json.loads(line)["message"]
