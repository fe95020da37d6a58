"""The pages of the documentation's site: links between documents, and links that lead nowhere are found."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_SPEC = importlib.util.spec_from_file_location("site_of_docs", ROOT / "scripts" / "site.py")
assert _SPEC is not None
assert _SPEC.loader is not None
site = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(site)


@pytest.mark.parametrize(
    ("source", "link", "rewritten"),
    [
        ("README.md", "[Settings](docs/settings.md)", "[Settings](settings.md)"),
        ("docs/settings.md", "[several](lists.md#types)", "[several](lists.md#types)"),
        ("docs/settings.md", "[contribute](../CONTRIBUTING.md)", "[contribute](CONTRIBUTING.md)"),
        ("docs/decisions/README.md", "[design](../design.md)", "[design](../design.md)"),
        ("docs/performance.md", "![chart](benchmark.svg)", "![chart](benchmark.svg)"),
        ("docs/performance.md", "[above](#memory)", "[above](#memory)"),
        ("README.md", "[the vendor](https://example.com/a.md)", "[the vendor](https://example.com/a.md)"),
        ("README.md", "[commands](pyproject.toml)", "commands (`pyproject.toml`)"),
    ],
)
def test_links_are_rewritten(source: str, link: str, rewritten: str) -> None:
    """A link leads to the page of the site; a file that is no page is named by its path."""
    assert site.rewrite(f"See {link}.", ROOT / source) == f"See {rewritten}."


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    """A missing page, heading or picture is named with the page that links it; other servers are not asked."""
    (tmp_path / "a").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top">x</h1><a href="a/b.html#here">1</a><a href="a/b.html#gone">2</a><a href="c.html">3</a>'
        '<a href="https://example.com/x">4</a><img src="p.svg"><a href="#top">5</a><a href="#bottom">6</a>'
    )
    (tmp_path / "a" / "b.html").write_text('<h2 id="here">y</h2><a href="../index.html">up</a>')
    assert site.find_problems(tmp_path) == [
        "index.html: #bottom has no such heading",
        "index.html: a/b.html#gone has no such heading",
        "index.html: c.html is not there",
        "index.html: p.svg is not there",
    ]


def test_every_page_of_the_docs_can_be_found() -> None:
    """The navigation of the site leads to each page, but to single decisions, which their index lists."""
    navigation = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    pages = sorted(page.name for page in (ROOT / "docs").glob("*.md"))
    assert [page for page in pages if f'"{page}"' not in navigation] == []
