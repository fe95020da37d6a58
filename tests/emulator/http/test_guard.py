"""What pages of other sites can reach: nothing."""

import http.client

import pytest
import requests

from tests.emulator.support import KEY, ApiClient

PATHS = ["/", "/docs", "/openapi.json", "/_emulator/options", "/Portal/Api/organizations/my_org/lists"]


def _status(api: ApiClient, method: str, path: str, **headers: str) -> int:
    """Send exactly these headers; return the status."""
    connection = http.client.HTTPConnection(api.base_url.removeprefix("http://"), timeout=60)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"X-ApiKey": KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        connection.putheader(name, value)
    connection.endheaders()
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("path", PATHS)
def test_only_own_names_are_answered(api: ApiClient, path: str) -> None:
    """A name that another site gave to 127.0.0.1 is refused; the loopback names are not, in any case, with any port."""
    for host in ("127.0.0.1", "127.0.0.1:1", "localhost:8585", "LOCALHOST", "[::1]:8585"):
        assert _status(api, "GET", path, Host=host) == 200
    for host in (
        "attacker.example",
        "127.0.0.1.attacker.example",
        "localhost.attacker.example:8585",
        "127.0.0.1@x",
        "",
    ):
        assert _status(api, "GET", path, Host=host) == 403


@pytest.mark.parametrize("path", PATHS)
def test_other_origins_are_refused(api: ApiClient, path: str) -> None:
    """A request of a page from another origin is refused, also from another port of this machine."""
    host = api.base_url.removeprefix("http://")
    assert _status(api, "GET", path, Host=host, Origin=api.base_url) == 200
    for origin in ("https://attacker.example", "null", "http://127.0.0.1:1", f"https://{host}", f"http://{host}.x", ""):
        assert _status(api, "GET", path, Host=host, Origin=origin) == 403
    for site in ("cross-site", "same-site"):
        assert _status(api, "GET", path, Host=host, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors") == 403
        assert _status(api, "GET", path, Host=host, Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate") == 200
    for site in ("same-origin", "none"):
        assert _status(api, "GET", path, Host=host, Sec_Fetch_Site=site, Sec_Fetch_Mode="cors") == 200


def test_other_origins_change_nothing(api: ApiClient) -> None:
    """A form or script of another site changes nothing: neither options nor faults nor data."""
    api.create_list()
    headers = {"Origin": "https://attacker.example"}
    for method, path, body in (
        ("PATCH", "/_emulator/options", {"latency_ms": 9}),
        ("POST", "/_emulator/faults", {"kind": "reset"}),
        ("POST", "/_emulator/reset", None),
        ("DELETE", "/Portal/Api/organizations/my_org/lists/contacts", None),
    ):
        answer = requests.request(
            method, api.base_url + path, json=body, headers={"X-ApiKey": KEY, **headers}, timeout=60
        )
        assert (answer.status_code, "other sites" in answer.text) == (403, True)
    assert api.admin("GET", "options")["latency_ms"] == 0
    assert api.admin("GET", "faults") == []
    assert api.call("GET", "/lists/contacts").status_code == 200
