"""Build the site of the documentation into `.site/html`, and check that no link of it leads nowhere (`make site`).

The pages are `docs/`, the README as the first page, and the documents beside it. A link to a file that is no page
becomes the file's path: on the site, it would lead nowhere.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / ".site"
PAGES = SITE / "pages"
HTML = SITE / "html"
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_ASSETS = {".svg", ".png", ".css"}


def place_of(source: Path) -> Path | None:
    """Return where a document, a picture or a style stands in the pages; None if it is no part of the site."""
    parts = source.relative_to(ROOT).parts
    if source.suffix != ".md" and source.suffix not in _ASSETS:
        return None
    if parts[0] == "docs":
        return Path(*parts[1:])
    if parts == ("README.md",):
        return Path("index.md")
    return Path(*parts) if len(parts) == 1 or parts[0] == "examples" else None


def rewrite(text: str, source: Path) -> str:
    """Return the text of a page with its links as they must be in the pages.

    Args:
        text: The document.
        source: Its file.
    """
    place = place_of(source)
    assert place is not None  # noqa: S101 - the caller chose a page

    def replace(match: re.Match[str]) -> str:
        mark, title, link = match.groups()
        path, hash_mark, anchor = link.partition("#")
        if "://" in link or not path:
            return match[0]
        target = (source.parent / path).resolve()
        there = place_of(target) if target.exists() and target.is_relative_to(ROOT) else None
        if there is None:
            return f"{title} (`{target.relative_to(ROOT)}`)" if target.is_relative_to(ROOT) else title
        up = len(place.parts) - 1
        return f"{mark}[{title}]({'../' * up}{there.as_posix()}{hash_mark}{anchor})"

    return _LINK.sub(replace, text)


def write_pages() -> None:
    """Write all pages, pictures and styles of the site."""
    shutil.rmtree(SITE / "pages", ignore_errors=True)
    sources = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*"), *(ROOT / "examples").rglob("*.md")]
    for source in sources:
        place = place_of(source) if source.is_file() else None
        if place is None:
            continue
        target = PAGES / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(rewrite(source.read_text(encoding="utf-8"), source), encoding="utf-8")
        else:
            shutil.copyfile(source, target)


class _Page(HTMLParser):
    """Collects the links and the anchors of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if identifier := values.get("id"):
            self.anchors.add(identifier)
        name = {"a": "href", "link": "href", "img": "src", "script": "src"}.get(tag)
        if name and (link := values.get(name)):
            self.links.append(link)


def find_problems(html: Path) -> list[str]:
    """Return one line for each link of a built site that leads nowhere, or to another server for what it needs.

    Args:
        html: The folder of the site.
    """
    pages = {}
    for file in html.rglob("*.html"):
        page = pages[file.resolve()] = _Page()
        page.feed(file.read_text(encoding="utf-8"))
    problems = []
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or file.name == "404.html":
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                problems.append(f"{file.relative_to(html.resolve())}: {link} is not there")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                problems.append(f"{file.relative_to(html.resolve())}: {link} has no such heading")
    return sorted(problems)


def main() -> int:
    """Build the site; return 1 if a link leads nowhere."""
    write_pages()
    build = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(build, cwd=ROOT, check=False)  # noqa: S603 - the site's generator
    if done.returncode:
        return done.returncode
    problems = find_problems(HTML)
    print(*problems, sep="\n", end="\n" if problems else "")
    if not problems:
        print(f"{len(list(HTML.rglob('*.html')))} pages in {HTML.relative_to(ROOT)}, every link leads somewhere")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
