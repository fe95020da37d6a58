"""The exit codes that docs/commands.md lists are true."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import STATE_SOON, RunningCommand, encode, record, run_command, run_target, schema, state

if TYPE_CHECKING:
    from tests.support import Tenant

SCHEMA = schema({"key": "string"})
MESSAGES = [SCHEMA, record({"key": "a"}), record({"key": None}), state({"position": 2})]
CREATE: dict[str, Any] = {"create_list_if_not_exists": True}


def test_0_if_each_record_is_loaded_or_rejected(tenant: Tenant) -> None:
    """A rejected record is recorded, so the run did its job."""
    assert tenant.run(MESSAGES, **CREATE).returncode == 0


@pytest.mark.parametrize(
    ("messages", "settings"),
    [
        (MESSAGES, {"api_secret": "wrong"}),
        (MESSAGES, {"create_list_if_not_exists": False}),
        (MESSAGES, {"max_rejects": 0}),
        ([SCHEMA, record({"key": None})], {}),
        ([record({"key": "a"})], {}),
    ],
    ids=["no right", "no List", "too many rejects", "nothing loaded", "wrong input"],
)
def test_1_if_the_run_failed(tenant: Tenant, messages: list[Any], settings: dict[str, Any]) -> None:
    """Whatever the reason: the next run may be better."""
    assert tenant.run(messages, **{**CREATE, **settings}).returncode == 1


@pytest.mark.parametrize("args", [(), ("--dry-run",)], ids=["run", "dry run"])
@pytest.mark.parametrize(
    "settings", [{"batch_size_rows": 0}, {"list_api_name": None}, {"base_url": "http://example.com"}], ids=str
)
def test_2_if_the_config_is_wrong(tenant: Tenant, settings: dict[str, Any], args: tuple[str, ...]) -> None:
    """Nothing is read, and Selligent is not called."""
    run = run_target(tenant.config(**settings), MESSAGES, *args)
    assert (run.returncode, run.stdout) == (2, "")
    assert "Traceback" not in run.stderr
    assert tenant.count_requests() == 0


def test_2_if_an_option_is_wrong_or_the_config_cannot_be_read() -> None:
    """The same command would fail again."""
    assert run_command("--no-such-option").returncode == 2
    assert run_command("--config", "no-such-file.json").returncode == 2
    assert run_command("--config=ENV", env={"TARGET_SELLIGENT_BATCH_SIZE_ROWS": "many"}).returncode == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_the_code_of_a_signal(tenant: Tenant, number: signal.Signals, code: int) -> None:
    """Also if all that was read until then is loaded: the rest of the input is not."""
    with RunningCommand(tenant.config(**CREATE, **STATE_SOON)) as command:
        command.write(encode([*MESSAGES, SCHEMA]))
        command.read_state()
        command.process.send_signal(number)
        assert command.finish().returncode == code
