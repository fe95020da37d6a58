"""The shape of the code: imports point down only, foreign libraries stay where they belong, files stay short."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import target_selligent

PACKAGE = Path(target_selligent.__file__).parent
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))
OURS = "target_selligent"
EMULATOR = f"{OURS}.emulator"

OPEN = {
    "errors",
    "settings",
    "settings_table",
    "body",
    "batch",
    "flush_age",
    "rejection",
    "rejects",
    "report",
    "row_types",
}
"""Modules that all those above them may import."""

ARROWS: dict[str, set[str]] = {
    "__main__": {"target"},
    "target": {
        "ending",
        "environment",
        "failure",
        "fields",
        "output",
        "reader",
        "reject_lines",
        "run",
        "schemas",
        "sdk_errors",
        "sink",
        "stream_maps",
    },
    "sink": {"description", "reader", "run"},
    "stream_maps": {"fields"},
    "run": {
        "buffer",
        "checkpoints",
        "client",
        "deletions",
        "description",
        "destination",
        "list_workers",
        "pacer",
        "retries",
        "run_parts",
        "schemas",
        "spool",
        "stream",
        "stream_outcomes",
        "transport",
    },
    "stream": {
        "batch_filler",
        "buffer",
        "description",
        "destination",
        "exact_numbers",
        "fields",
        "record_lines",
        "record_type",
        "reject_lines",
        "rows",
        "run_parts",
        "segment_names",
    },
    "batch_filler": {"buffer", "run_parts", "run_store", "same_key", "segment_names", "spool"},
    "run_parts": {"checkpoints", "deletions", "list_workers", "spool", "stream_outcomes"},
    "description": {"fields", "schemas", "validation"},
    "record_lines": {"lenient_json"},
    "row_types": set(),
    "spool": {"run_store"},
    "replay": {"lenient_json", "reject_lines", "rejects_file"},
    "reject_lines": set(),
    "rejects_file": set(),
    "schemas": set(),
    "sdk_errors": set(),
    "deletions": {"fields", "spool"},
    "reader": {"exact_numbers", "lenient_json", "reject_lines"},
    "list_workers": {"client", "delivery", "destination", "same_key"},
    "delivery": {
        "client",
        "destination",
        "run_store",
        "loads",
        "segment_buffer",
        "parts",
        "record_lines",
        "redaction",
        "reject_lines",
        "same_key",
        "sizes",
    },
    "loads": {"client", "conversions", "outcomes", "reject_lines", "segment_buffer"},
    "parts": {"client", "destination", "index_probe", "loads", "outcomes", "refusals", "sizes"},
    "index_probe": {"client", "destination", "loads", "outcomes", "refusals", "same_key"},
    "outcomes": {"client", "refusals"},
    "sizes": set(),
    "refusals": {"conversions", "fields"},
    "destination": {"client", "fields"},
    "client": {"responses", "conversions", "fields", "refusals", "transport"},
    "transport": {
        "responses",
        "certificates",
        "connections",
        "pacer",
        "redaction",
        "retries",
        "unreachable",
        "uplink",
    },
    "connections": {"uplink"},
    "certificates": {"unreachable"},
    "uplink": set(),
    "responses": set(),
    "segment_buffer": {"pending_tickets"},
    "pending_tickets": set(),
    "same_key": {"conversions", "dates"},
    "rows": {"conversions", "dates", "exact_numbers", "fields", "record_type", "validation"},
    "record_type": {"column_types", "conversions", "fields", "validation"},
    "column_types": {"exact_numbers"},
    "fields": {"conversions", "exact_numbers"},
    "conversions": set(),
    "exact_numbers": set(),
    "dates": set(),
    "validation": set(),
    "checkpoints": set(),
    "ending": set(),
    "failure": set(),
    "flush_age": set(),
    "output": set(),
    "stream_outcomes": {"checkpoints", "fields"},
    "segment_names": set(),
    "run_store": set(),
    "lenient_json": {"exact_numbers"},
    "redaction": set(),
    "pacer": set(),
    "retries": set(),
    "unreachable": set(),
    "environment": set(),
    "rejection": {"reject_lines", "row_types", "same_key"},
    "rejects": {"reject_lines", "rejects_file", "same_key", "segment_names"},
    "report": {"client"},
    "batch": {"conversions"},
    "body": set(),
    "buffer": {"same_key"},
    "settings": set(),
    "settings_table": set(),
    "errors": set(),
}
"""Module to those that it may import besides the open ones."""

TYPES_ONLY: dict[str, set[str]] = {"loads": {"delivery"}}
"""Imports that point up, for type annotations alone: they are gone when the code runs."""

FOREIGN = {
    "singer_sdk": {"target", "reader", "sdk_errors", "sink", "stream_maps"},
    "requests": {"responses", "connections", "transport", "unreachable"},
    "urllib3": {"certificates", "connections", "transport", "unreachable"},
    "backoff": {"transport"},
}
"""Library to the modules that alone may import it."""

PURE = {
    "column_types",
    "batch",
    "body",
    "buffer",
    "checkpoints",
    "description",
    "environment",
    "errors",
    "fields",
    "flush_age",
    "lenient_json",
    "pending_tickets",
    "segment_buffer",
    "record_lines",
    "record_type",
    "rejection",
    "outcomes",
    "refusals",
    "retries",
    "rows",
    "same_key",
    "settings",
    "settings_table",
    "sizes",
    "uplink",
}
NO_IO = {"http", "io", "os", "requests", "shutil", "socket", "sqlite3", "subprocess", "urllib3"}


def imports(path: Path) -> dict[str, bool]:
    """Return the modules that a file imports, each with whether it is for types alone."""
    found: dict[str, bool] = {}

    def walk(node: ast.AST, *, typing: bool) -> None:
        for child in ast.iter_child_nodes(node):
            only = typing or (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING")
            names: list[str] = []
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}: imports name the whole module"
                module = child.module or ""
                names = [f"{module}.{alias.name}" if module == OURS else module for alias in child.names]
            for name in names:
                found[name] = found.get(name, True) and only
            walk(child, typing=only)

    walk(ast.parse(path.read_text(encoding="utf-8")), typing=False)
    return found


def own(names: dict[str, bool], *, types_only: bool | None = None) -> set[str]:
    """Return the modules of the target among imported names."""
    return {
        name.split(".")[1]
        for name, only in names.items()
        if name.startswith(f"{OURS}.") and (types_only is None or only is types_only)
    } - {"__version__"}


def test_every_module_has_its_place() -> None:
    """Each module is in the table of arrows, and the table has no others."""
    assert set(MODULES) == set(ARROWS)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    """A module imports only those below it; for types alone, also the few that are listed."""
    names = imports(PACKAGE / f"{module}.py")
    allowed = ARROWS[module] | OPEN - {module}
    assert own(names, types_only=False) <= allowed
    assert own(names) <= allowed | TYPES_ONLY.get(module, set())


def test_arrows_make_no_circle() -> None:
    """The table itself points down: modules can be put in an order in which each needs only earlier ones."""
    placed: set[str] = set()
    needs = {module: own(imports(PACKAGE / f"{module}.py"), types_only=False) for module in MODULES}
    while ready := [module for module in needs if module not in placed and needs[module] <= placed]:
        placed.update(ready)
    assert placed == set(MODULES)


@pytest.mark.parametrize("library", FOREIGN)
def test_libraries_stay_where_they_belong(library: str) -> None:
    """Only the listed modules import the library, and the emulator does not."""
    users = {path.stem for path in FILES if any(name.split(".")[0] == library for name in imports(path))}
    assert users == FOREIGN[library]
    assert not any(
        name.split(".")[0] == library for path in (PACKAGE / "emulator").rglob("*.py") for name in imports(path)
    )


@pytest.mark.parametrize("module", sorted(PURE))
def test_pure_modules_do_no_io(module: str) -> None:
    """What is pure imports nothing that reaches outside."""
    assert not {name.split(".")[0] for name in imports(PACKAGE / f"{module}.py")} & NO_IO


def test_target_and_emulator_meet_on_http_only() -> None:
    """Neither imports the other."""
    for path in FILES:
        names = imports(path)
        if "emulator" in path.relative_to(PACKAGE).parts:
            ours = {name for name in names if name.startswith(f"{OURS}.") and not name.startswith(EMULATOR)}
            assert ours <= {f"{OURS}.__version__"}, path
        else:
            assert not [name for name in names if name.startswith(EMULATOR)], path


@pytest.mark.parametrize("path", FILES + TESTS, ids=lambda path: str(path.relative_to(PACKAGE.parent)))
def test_no_file_is_long(path: Path) -> None:
    """A file of more than 400 lines is two files."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_package_itself_is_light() -> None:
    """Importing the package loads nothing of the SDK, and neither does the emulator's server."""
    code = (
        "import sys, target_selligent.emulator.http\nsys.exit({'singer_sdk', 'requests'} & set(sys.modules) != set())"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_python_program_needs_no_singer_sdk() -> None:
    """What the package exports loads without the SDK and click, and only when it is used."""
    code = (
        "import sys, target_selligent\n"
        "assert not {'requests', 'msgspec', 'target_selligent.run'} & set(sys.modules)\n"
        "from target_selligent import LoadRun, Settings\n"
        "assert not {'singer_sdk', 'click'} & set(sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
