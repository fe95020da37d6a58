"""The page for a person."""

import requests

from .api import Api


def test_the_page_shows_lists_fields_segments_and_members(contacts: Api) -> None:
    """The page names what the emulator holds, with counts."""
    contacts.load("CID", [["a"], ["b"]])
    contacts.load_segment([["b"]])
    page = requests.get(contacts.base_url, timeout=60)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for text in ("contacts", "Datalist, 2 records", "<td>CID</td><td>Text(20)</td>", "<td>vip</td><td>Static</td>"):
        assert text in page.text


def test_the_page_escapes_what_it_shows(api: Api) -> None:
    """Names from outside are text on the page, never markup."""
    api.options(organizations=["<script>"])
    page = requests.get(api.base_url, timeout=60).text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
