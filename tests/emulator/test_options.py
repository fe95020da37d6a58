"""Options that are changed while the emulator runs."""

from typing import Any

import pytest

from tests.emulator.support import ApiClient


def test_options_are_shown_without_the_secret(api: ApiClient) -> None:
    """The response has all options, but not the secret."""
    options = api.admin("GET", "options")
    assert (options["organizations"], options["api_key"], options["api_secret"]) == (["my_org"], "demo-key", None)


@pytest.mark.parametrize(
    "changes",
    [{"colour": 1}, {"db": "x"}, {"rate_limit": 0}, {"latency_ms": -1}, {"missing_status": 500}, {"max_rows": "many"}],
    ids=str,
)
def test_a_wrong_option_is_refused(api: ApiClient, changes: dict[str, Any]) -> None:
    """An option that is unknown, fixed or has a wrong value gets status 400, and nothing changes."""
    before = api.admin("GET", "options")
    assert api.admin_status("PATCH", "options", {"max_rows": 5, **changes}) == 400
    assert api.admin("GET", "options") == before
