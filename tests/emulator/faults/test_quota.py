"""The quota of calls."""

from target_selligent.emulator.faults.quota import QuotaWindow
from tests.emulator.support import ApiClient


def test_every_response_has_the_quota(contacts: ApiClient) -> None:
    """Every response has headers with the limit, the remaining calls and the seconds left; a refusal too."""
    contacts.options(rate_limit=2500, rate_window=60)
    seen = [contacts.call("GET", path) for path in ("", "/lists", "/lists/none", "/nowhere", "/lists?x=1")]
    assert {answer.headers["X-RateLimit-Limit"] for answer in seen} == {"2500, 2500;w=60"}
    remaining = [int(answer.headers["X-RateLimit-Remaining"]) for answer in seen]
    assert remaining == list(range(remaining[0], remaining[0] - 5, -1))
    assert all(0 < int(answer.headers["X-RateLimit-Reset"]) <= 60 for answer in seen)


def test_calls_above_the_quota_are_refused(contacts: ApiClient) -> None:
    """A call above the limit gets status 429 in plain text with nothing remaining, and is not carried out."""
    used = contacts.counters()["requests"]
    contacts.options(rate_limit=used + 1, rate_window=3600)
    assert contacts.call("GET").headers["X-RateLimit-Remaining"] == "0"
    refused = contacts.send("/data/load", "CID", [["a"]])
    assert (refused.status_code, refused.text) == (429, "API calls quota exceeded")
    assert refused.headers["content-type"].startswith("text/plain")
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert 0 < int(refused.headers["X-RateLimit-Reset"]) <= 3600
    assert contacts.counters()["quota_429"] == 1
    contacts.options(rate_limit=2500)
    assert contacts.rows("CID") == []


def test_calls_are_granted_again_in_the_next_window() -> None:
    """After the window, calls are granted again. The seconds left are rounded up."""
    now = [100.0]
    window = QuotaWindow(lambda: now[0])
    assert [window.use_call(2, 60).granted for _ in range(3)] == [True, True, False]
    now[0] += 58.5
    quota = window.use_call(2, 60)
    assert (quota.granted, quota.remaining, quota.reset) == (False, 0, 2)
    now[0] += 1.5
    quota = window.use_call(2, 60)
    assert (quota.granted, quota.remaining, quota.reset) == (True, 1, 60)
