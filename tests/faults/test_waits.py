"""The wait before a retry: as long as the answer asks, within limits, and always in the log."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from tests.support import RunningCommand, Tenant, encode, run_target

from .tap import Tap

TAP = Tap(tuple(("people", f"k{index}", ("a",)) for index in range(3)))
SETTINGS = {**TAP.settings(), "create_list_if_not_exists": True, "create_segment_if_not_exists": True}
LOAD = "/people/data/load$"


def _waits(tenant: Tenant, reason: str) -> float:
    """Return the seconds that a run waits before a retry, according to its log, which must give the reason."""
    with RunningCommand(tenant.config(**SETTINGS)) as command:
        command.write_in_background(encode(TAP.messages()))
        assert command.wait_until(lambda: "trying again in" in command.read_log())
        (line,) = (line for line in command.read_log().splitlines() if "trying again in" in line)
    assert reason in line
    return float(line.partition("trying again in ")[2].split()[0])


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "status", "status": 503, "retry_after": 2},
        {"kind": "result_code", "result_code": "ServiceUnavailable", "retry_after": 2},
        {"kind": "busy", "retry_after": 2},
        {"kind": "quota", "seconds": 0, "retry_after": 2},
    ],
    ids=["503", "result-code", "busy", "quota"],
)
def test_retry_after_is_obeyed(tenant: Tenant, rule: dict[str, Any]) -> None:
    """A call is tried again no earlier than the answer asks, and the wait is in the log."""
    tenant.add_fault(**rule, path=LOAD)
    done = run_target(tenant.config(**SETTINGS), TAP.messages())
    first, second = (call for call in tenant.read_journal("requests") if call["path"].endswith("/people/data/load"))

    assert done.returncode == 0, done.stderr
    assert second["monotonic"] - first["monotonic"] >= 2
    (line,) = (line for line in done.stderr.splitlines() if "trying again in" in line)
    assert "WARNING" in line


def test_retry_after_can_be_a_date(tenant: Tenant) -> None:
    """Retry-After may be a date."""
    headers = {"Retry-After": formatdate(time.time() + 200, usegmt=True)}
    tenant.add_fault("status", path=LOAD, headers=headers)
    # It is compared with the header Date, which the server writes once a second: it may be a second old.
    assert 60 < _waits(tenant, "503 Service Unavailable: Request Failed") <= 201


@pytest.mark.parametrize("reset", ["1e12", "nan", "1893456000"])
def test_a_reset_that_makes_no_sense_is_a_wait_of_a_minute(tenant: Tenant, reset: str) -> None:
    """Whatever the header says, the wait is a window of the quota, and the log says why and how long."""
    tenant.add_fault("quota", path=LOAD, times=0, headers={"X-RateLimit-Reset": reset})
    assert 60 <= _waits(tenant, "429: the quota of this API key is used up") <= 61


@pytest.mark.parametrize("reset", ["nan", "-5"])
def test_a_reset_that_makes_no_sense_does_not_matter_while_calls_remain(tenant: Tenant, reset: str) -> None:
    """While the quota is not used up, the header changes nothing."""
    headers = {"X-RateLimit-Reset": reset, "X-RateLimit-Remaining": "500"}
    tenant.add_fault("status", status=503, path=LOAD, headers=headers)
    done = run_target(tenant.config(**SETTINGS), TAP.messages())
    assert done.returncode == 0, done.stderr
    assert sorted(tenant.rows("KEY", list_api_name="people")) == [["k0"], ["k1"], ["k2"]]


def test_the_pace_is_kept_in_the_open(tenant: Tenant) -> None:
    """When requests_per_minute delays a call, the log names the setting and the seconds."""
    with RunningCommand(tenant.config(**SETTINGS, requests_per_minute=2)) as command:
        command.write_in_background(encode(TAP.messages()))
        assert command.wait_until(lambda: "requests_per_minute" in command.read_log())
        (line,) = (line for line in command.read_log().splitlines() if "requests_per_minute" in line)
    assert "2 calls were sent in the last minute, the maximum of requests_per_minute: the next call waits" in line
    assert "INFO" in line
