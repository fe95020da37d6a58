"""The pages for a person."""

import re
from html.parser import HTMLParser

import pytest
import requests

from tests.emulator.support import ApiClient


class Links(HTMLParser):
    """The links and anchors of a page, and the tags that would load something from elsewhere."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.fetched: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        values = dict(attrs)
        if tag == "a":
            self.links.add(values["href"] or "")
        elif tag in {"script", "link", "img", "iframe"} or values.get("src") or values.get("href"):
            self.fetched.append(tag)
        if values.get("id"):
            self.anchors.add(values["id"] or "")


def test_the_docs_show_the_whole_api_without_a_network(api: ApiClient) -> None:
    """/docs shows every endpoint, parameter, field and option, and loads nothing from elsewhere."""
    page = requests.get(f"{api.base_url}/docs", timeout=60)
    description = requests.get(f"{api.base_url}/openapi.json", timeout=60).json()
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    found = Links(page.text)
    assert not found.fetched
    assert not re.search(r"url\(|@import|https?://", page.text)
    operations = [(method, path, one) for path, some in description["paths"].items() for method, one in some.items()]
    assert len(operations) > 20
    for method, path, operation in operations:
        section = page.text.partition(f'id="{operation["operationId"]}"')[2].partition("</section>")[0]
        assert f"<h3>{method.upper()} <code>{path}</code></h3>" in section
        for parameter in operation["parameters"]:
            assert f"<td>{parameter['name']}</td><td>{parameter['in']}</td>" in section
        for status in operation["responses"]:
            assert f"<td>{status}</td>" in section
    for name, schema in description["components"]["schemas"].items():
        section = page.text.partition(f'id="{name}"')[2].partition("</section>")[0]
        for field in schema.get("properties", ()):
            assert f"<td>{field}</td>" in section
    for text in ("InsertAndUpdate", "ImportLastMatch", "application/x-www-form-urlencoded", "ComputedPersisted"):
        assert text in page.text


def test_links_of_the_docs_work(api: ApiClient) -> None:
    """Every link of the docs is an anchor on the page or a path that exists."""
    found = Links(requests.get(f"{api.base_url}/docs", timeout=60).text)
    assert found.links
    for link in found.links:
        if link.startswith("#"):
            assert link[1:] in found.anchors
        else:
            assert requests.get(f"{api.base_url}{link}", timeout=60).status_code == 200


def test_the_page_is_files_of_the_emulator_alone(api: ApiClient) -> None:
    """The page, its scripts and its style load nothing from elsewhere, and its policy would not let them."""
    page = requests.get(api.base_url, timeout=60)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    names = set(re.findall(r'(?:src|href)="/page/([^"]+)"', page.text))
    assert {"page.css", "page.js"} <= names
    asked: set[str] = set()
    types = {"css": "text/css", "js": "text/javascript"}
    while names - asked:
        name = (names - asked).pop()
        file = requests.get(f"{api.base_url}/page/{name}", timeout=60)
        assert file.status_code == 200
        assert file.headers["content-type"] == f"{types[name.rpartition('.')[2]]}; charset=utf-8"
        assert "default-src 'none'" in file.headers["content-security-policy"]
        assert not re.search(r"url\(|@import|https?://|innerHTML|insertAdjacentHTML|eval\(", file.text)
        names |= set(re.findall(r'from "\./([^"]+)"', file.text))
        asked.add(name)
    assert len(asked) > 3


@pytest.mark.parametrize("name", ["none.js", "..%2F__init__.py", "__init__.py", "docs.html"])
def test_no_other_file_is_served(api: ApiClient, name: str) -> None:
    """Only the files of the page are served."""
    assert requests.get(f"{api.base_url}/page/{name}", timeout=60).status_code == 404
