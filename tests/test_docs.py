"""What is written for users is what the code does: generated parts are current, and what the docs name exists."""

from __future__ import annotations

import ast
import json
import re
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from singer_sdk.metrics import Metric

import target_selligent
from target_selligent.records import NO_SEGMENT, NOT_IN_LIST
from target_selligent.rejects import RejectDetails
from target_selligent.reports import (
    CountsOf,
    EndpointTimes,
    IgnoredStream,
    Reason,
    RunSummary,
    Sample,
    StreamBatches,
    TimeSpent,
)
from target_selligent.settings import DEFINITIONS, SETTINGS, SettingDefinition, Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
_IGNORED = {
    ".git",
    ".venv",
    ".e2e",
    ".bench",
    ".matrix",
    ".recipes",
    ".site",
    "dist",
    ".meltano",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
}
TRACKED = {
    path.relative_to(ROOT)
    for top in ROOT.iterdir()
    if top.name not in _IGNORED  # not even looked into: `make e2e` may be at work there
    for path in [top, *top.rglob("*")]
    if "__pycache__" not in path.parts
}
SDK_SETTINGS = {
    "add_record_metadata",
    "batch_config",
    "faker_config",
    "flattening_enabled",
    "load_method",
    "stream_map_config",
    "stream_maps",
    "validate_records",
}
"""Settings that the SDK adds, and `load_method`, of which the docs say that it is missing."""

USER_PAGES = [
    ROOT / "README.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in (
            "coming-from",
            "commands",
            "import-modes",
            "mapping",
            "meltano",
            "performance",
            "rejects",
            "report",
            "settings",
            "troubleshooting",
        )
    ),
]
REQUIRED = {"base_url": "https://customer.slgnt.eu", "organization": "my_org", "list_api_name": "contacts"}
REPORT_PARTS = (CountsOf, EndpointTimes, IgnoredStream, Reason, Sample, StreamBatches, TimeSpent)
OTHER_NAMES = {
    *(option for setting in SETTINGS for option in setting.options),
    *RejectDetails.__struct_fields__,
    *(metric.value for metric in Metric),
    *(field for kind in (RunSummary, *REPORT_PARTS) for field in kind.__struct_fields__),
    "batch_config",  # of taps
    "meltano_test_stream",  # of Meltano
    "pip_url",  # of Meltano
    "result_settings",  # of Treasure AI
    "related_field",  # of a relation
    "selligent_segment",  # a column of examples
}
"""Names on these pages that look like settings, besides reject codes."""

COMPOSED = {"Rejected record …", "400 Bad Request", "500 Internal Server Error"}
"""Messages that the code puts together, so that they are in no text of it as a whole."""

each_document = pytest.mark.parametrize("document", DOCS, ids=lambda path: str(path.relative_to(ROOT)))


def blocks(document: Path) -> list[tuple[str, str]]:
    """Return the code blocks of a document, each with its language."""
    return re.findall(r"^```(\w*)\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def spans(document: Path) -> list[str]:
    """Return what a document has in code style outside of its code blocks."""
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


def commands(document: Path) -> list[str]:
    """Return the commands that a document shows: in its text and in console blocks, where a pipe separates several."""
    lines = [line for language, block in blocks(document) if language == "console" for line in block.splitlines()]
    shown = [line.removeprefix("$ ").partition(" #")[0] for line in lines if line.startswith("$ ")]
    return [command.strip() for line in [*shown, *spans(document)] for command in line.split("|")]


@cache
def options_of(command: str) -> frozenset[str]:
    """Return the options that a command of ours lists with `--help`."""
    script = str(Path(sys.executable).parent / command)
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
    return frozenset(re.findall(r"(?<![\w-])--[a-z][\w-]*", done.stdout))


@cache
def console_scripts() -> frozenset[str]:
    """Return the names of our commands."""
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = pyproject.partition("[project.scripts]\n")[2].partition("\n[")[0]
    return frozenset(re.findall(r"^([\w-]+) = ", section, re.MULTILINE))


@cache
def names_in_code() -> frozenset[str]:
    """Return all names and words of the code, its tests (but this one) and its configuration."""
    files = [
        *(
            path
            for folder in ("benchmarks", "e2e", "recipes", "scripts", "target_selligent", "tests")
            for path in code_in(folder)
        ),
        ROOT / "Makefile",
        ROOT / "meltano.yml",
        ROOT / "pyproject.toml",
    ]
    texts = [path.read_text(encoding="utf-8") for path in files if path != Path(__file__).resolve()]
    return frozenset(word for text in texts for word in re.findall(r"\w+", text)) | SDK_SETTINGS


def code_in(folder: str) -> list[Path]:
    """Return the Python files below a folder of the repository."""
    return [path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts]


@cache
def reject_codes() -> frozenset[str]:
    """Return the codes that the target itself gives rejected records."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in code_in("target_selligent"))
    found = re.findall(r'\bcode(?:: str)? ?= ?"([a-z_]+)"', code)
    return frozenset(found) | {NO_SEGMENT, NOT_IN_LIST}


@cache
def messages() -> str:
    """Return all texts of the target's code, one a line, with `…` where a value is put in."""
    texts = []
    for path in (ROOT / "target_selligent").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
                texts.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value.replace("%s", "…"))
    return "\n".join(texts)


def test_generated_parts_are_current() -> None:
    """Settings, the session of the README, Meltano's files and `.env.example` are as `make docs` writes them."""
    command = [sys.executable, str(ROOT / "scripts" / "generate_docs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_meltano_knows_the_kinds_of_settings() -> None:
    """Every `kind` in `meltano.yml` is one that Meltano has: with another one, no command of Meltano works."""
    kinds = set(re.findall(r"^ +kind: (\w+)$", (ROOT / "meltano.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert kinds <= {"array", "boolean", "integer", "object", "options", "password", "string"}


def test_the_version_is_in_the_changelog() -> None:
    """The package's version is the changelog's newest entry, released or about to be."""
    found = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert found[1] == target_selligent.__version__


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented(setting: SettingDefinition) -> None:
    """Each setting has its row in `docs/settings.md`, and an entry in the files of Meltano and `.env.example`."""
    name = setting.name
    assert f"| `{name}` |" in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for file in ("meltano.yml", "meltano/target-selligent.yml"):
        assert f"- name: {name}\n" in (ROOT / file).read_text(encoding="utf-8")
    assert f"TARGET_SELLIGENT_{name.upper()}=" in (ROOT / ".env.example").read_text(encoding="utf-8")


def test_every_page_is_linked() -> None:
    """README links each page of the docs; the list of decisions links each decision."""
    pages = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")}
    assert pages <= set(re.findall(r"\]\((docs/[\w-]+\.md)\)", README))
    decisions = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (decisions / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in decisions.glob("[0-9]*.md"))


@each_document
def test_links_lead_somewhere(document: Path) -> None:
    """A relative link in a document leads to a file or folder of this repository, and to a heading that is there."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        file = document.parent / path if path else document
        if not file.exists() or (anchor and anchor not in headings(file)):
            broken.append(link)
    assert broken == []


def headings(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@each_document
def test_named_files_exist(document: Path) -> None:
    """A file of ours that a document names in code exists: by its path, or by its name where that is all."""
    code = " ".join([*(f"`{span}`" for span in spans(document)), *commands(document)])
    named = set(re.findall(r"`([\w./-]+\.(?:py|toml|yml|md|txt|sql|svg)|\.[\w./]+[a-z])`", code))
    named |= set(
        re.findall(r"(?<![\w/.-])((?:tests|docs|scripts|e2e|benchmarks|examples|target_selligent)/[\w./-]*)", code)
    )
    ends = {"/".join(path.parts[start:]) for path in TRACKED for start in range(len(path.parts))}
    known = ends | _IGNORED | {".env"}
    assert {name for name in named if name.rstrip("/") not in known} == set()


@each_document
def test_named_make_targets_exist(document: Path) -> None:
    """A `make` command that a document shows is in the Makefile, with a line of help."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {command.split()[1] for command in commands(document) if re.match(r"make [a-z]", command)}
    assert targets <= set(re.findall(r"^([a-z0-9-]+):.*## \S", makefile, re.MULTILINE))


@each_document
def test_named_commands_and_options_exist(document: Path) -> None:
    """A command of ours that a document shows exists and has the options that are shown with it."""
    unknown = []
    for command in commands(document):
        program, *_ = command.split() or [""]
        if re.match(r"target-selligent($|-)", program) and program not in console_scripts():
            unknown.append(program)
        elif program in console_scripts():
            options = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", command))
            unknown += [f"{program} {option}" for option in options - options_of(program)]
        elif program.startswith("--"):
            ours = frozenset().union(*map(options_of, console_scripts()))
            unknown += [option for option in re.findall(r"--[a-z][\w-]*", command) if option not in ours]
    assert unknown == []


@each_document
def test_named_settings_exist(document: Path) -> None:
    """Configs in a document hold settings that the target accepts; environment variables are those of settings."""
    configs = [json.loads(block) for language, block in blocks(document) if language == "json"]
    for config in configs:
        if isinstance(config, dict):
            assert set(config) <= set(DEFINITIONS) | SDK_SETTINGS
            Settings.from_config({**REQUIRED, **config, "api_key": "key", "api_secret": "secret"})
    code = [*spans(document), *(block for _, block in blocks(document))]
    variables = {name for text in code for name in re.findall(r"\bTARGET_SELLIGENT_(\w+)", text)}
    assert {name.lower() for name in variables} <= set(DEFINITIONS)


@pytest.mark.parametrize("document", USER_PAGES, ids=lambda path: path.name)
def test_what_looks_like_a_setting_is_one(document: Path) -> None:
    """On a page for users, a name like `batch_size_rows`, alone or before its value, is that of a setting."""
    found = [re.match(r'"?([a-z]+(?:_[a-z]+)+)"?(?:$|: )', span) for span in spans(document)]
    names = {match[1] for match in found if match}
    assert names - set(DEFINITIONS) - SDK_SETTINGS - OTHER_NAMES - reject_codes() == set()


@each_document
def test_named_names_are_in_the_code(document: Path) -> None:
    """A name in code style that looks like one of a setting, class or function is in the code."""
    words = {
        word for span in spans(document) if "/" not in span and ".py" not in span for word in re.findall(r"\w+", span)
    }
    names = {word for word in words if re.search(r"[a-z]_[a-z]|[a-z][A-Z]", word)}
    assert names - names_in_code() == set()


def test_documented_exit_codes() -> None:
    """The table of exit codes has those of the target; a wrong option ends it with 2."""
    table = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").partition("## Exit codes")[2].partition("##")[0]
    codes = set(map(int, re.findall(r"^\| `(\d+)` \|", table, re.MULTILINE)))
    assert codes == {0, 1, 2, 128 + signal.SIGINT, 128 + signal.SIGTERM}
    script = str(Path(sys.executable).parent / "target-selligent")
    assert subprocess.run([script, "--no-such-option"], capture_output=True, check=False).returncode == 2


def test_documented_reject_codes() -> None:
    """The table of reject codes has all that the target itself gives."""
    table = (
        (ROOT / "docs" / "rejects.md").read_text(encoding="utf-8").partition("| Code | Fault |")[2].partition("##")[0]
    )
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == reject_codes()


def test_documented_names_of_a_report() -> None:
    """The tables of the report's page explain each name of the JSON file, and no other."""
    rows = (ROOT / "docs" / "report.md").read_text(encoding="utf-8").partition("## The JSON file")[2].splitlines()
    cells = [row.split("|")[1:3] for row in rows if row.startswith("| `")]
    first = {name for cell, _ in cells for name in re.findall(r"`(\w+)`", cell)}
    assert first == set(RunSummary.__struct_fields__) | set(TimeSpent.__struct_fields__)
    named = {name for cell in cells for text in cell for name in re.findall(r"`(\w+)`", text)}
    assert {field for kind in REPORT_PARTS for field in kind.__struct_fields__} <= named


def test_quoted_messages_are_the_codes() -> None:
    """Each message that the page for troubles quotes is in the code."""
    table = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = [
        span
        for line in table.splitlines()
        if line.startswith("| `")
        for span in re.findall("`([^`]+)`", line.split("|")[1])
    ]
    patterns = [
        ".*".join(map(re.escape, message.strip("…").split("…"))) for message in quoted if message not in COMPOSED
    ]
    assert len(patterns) > 30
    assert [pattern for pattern in patterns if not re.search(pattern, messages())] == []
