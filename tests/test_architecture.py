"""The shape of the code: imports point down only, packages have borders, foreign libraries stay where they belong."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import target_selligent

PACKAGE = Path(target_selligent.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))
SCRIPTS = sorted(path for top in ("scripts", "benchmarks", "e2e") for path in (PACKAGE.parent / top).glob("*.py"))
OURS = "target_selligent"
EMULATOR = f"{OURS}.emulator"

ARROWS: dict[str, set[str]] = {
    "spark": {"loading", "rejects", "settings", "errors"},
    "commands": {"entry", "checks", "loading", "api", "rejects", "records", "settings", "errors"},
    "entry": {"checks", "files", "loading", "rejects", "batches", "records", "settings", "errors"},
    "files": {"records", "errors"},
    "checks": {"loading", "api", "records", "settings", "errors"},
    "loading": {"api", "reports", "rejects", "snapshot", "batches", "records", "settings", "errors"},
    "api": {"records", "errors"},
    "reports": {"errors"},
    "rejects": {"batches", "records", "settings", "errors"},
    "snapshot": {"batches", "records", "errors"},
    "batches": {"records", "errors"},
    "records": {"settings", "errors"},
    "settings": {"errors"},
    "errors": set(),
    "emulator": set(),
}
"""Package to the packages below it, which it may import. The entry points are the modules beside the packages; a
command may be another form of one of them."""

TYPES_ONLY: dict[str, set[str]] = {
    f"{OURS}.loading.loads": {f"{OURS}.loading.delivery"},
    f"{OURS}.loading.merged_loads": {f"{OURS}.loading.delivery"},
}
"""Imports of a module that point up within its package, for annotations alone: they are gone when the code runs."""

FOREIGN = {
    "singer_sdk": {
        "command",
        "commands.check",
        "metric_points",
        "reader",
        "sdk_errors",
        "sink",
        "stream_maps",
        "target",
    },
    "click": {"command", "commands.check", "commands.init", "dry_run", "failure", "load_command", "target"},
    "requests": {
        "api.connections",
        "api.planning",
        "api.responses",
        "api.transport",
        "api.unreachable",
        "reports.alert",
    },
    "urllib3": {"api.certificates", "api.connections", "api.transport", "api.unreachable"},
    "backoff": {"api.transport"},
    "fsspec": {"files.opening"},
    "jsonschema_rs": {"records.validation"},
    "pyarrow": {
        "batch_messages",
        "files.data_file",
        "files.parquet",
        "loading.column_path",
        "loading.ignored_stream",
        "loading.run",
        "loading.stream",
        "records.arrow_schema",
        "records.arrow_values",
        "records.column_json",
        "records.column_lines",
        "records.column_values",
        "sink",
        "spark.job",
        "spark.schema",
        "spark.source",
    },
    "pyspark": {"spark.lists", "spark.source"},
    "sqlite3": {"batches.run_store", "snapshot.file"},
    "tqdm": {"display"},
}
"""Library to the modules that alone may import it; the emulator is another program."""

IMPURE = {"api", "commands", "entry", "files", "loading", "rejects", "reports", "snapshot", "spark"}
"""Packages that may reach outside. Of the others, the module that alone uses SQLite may, too."""

NO_IO = {"http", "io", "os", "requests", "shutil", "socket", "sqlite3", "subprocess", "urllib3"}


def module_of(path: Path) -> str:
    """Return the full name of the module that a file holds."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}
TARGET = {module: path for module, path in MODULES.items() if not module.startswith(EMULATOR)}


def package_of(module: str) -> str:
    """Return the package that a module is in; `entry` for a module beside the packages, but for `errors`."""
    inner = module.split(".")[1:]
    if inner and inner[0] in ARROWS:
        return inner[0]
    return "entry"


@cache
def imports(path: Path) -> dict[str, tuple[bool, set[str]]]:
    """Return what a file imports: module to whether it is for types alone, and the names."""
    found: dict[str, tuple[bool, set[str]]] = {}

    def walk(node: ast.AST, *, typing: bool) -> None:
        for child in ast.iter_child_nodes(node):
            only = typing or (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING")
            if isinstance(child, ast.Import):
                names = {alias.name: set[str]() for alias in child.names}
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0 or PACKAGE not in path.parents, f"{path}: imports name the whole module"
                names = {}
                for alias in child.names:
                    inner = f"{child.module}.{alias.name}"
                    module, name = (inner, set[str]()) if inner in MODULES else (child.module or "", {alias.name})
                    names.setdefault(module, set()).update(name)
            else:
                names = {}
            for module, some in names.items():
                known_only, known = found.get(module, (True, set()))
                found[module] = known_only and only, known | some
            walk(child, typing=only)

    walk(ast.parse(path.read_text(encoding="utf-8")), typing=False)
    return found


def ours(path: Path) -> dict[str, tuple[bool, set[str]]]:
    """Return what a file imports of this package."""
    return {module: how for module, how in imports(path).items() if module.split(".")[0] == OURS and module != OURS}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_down(module: str) -> None:
    """A module imports only packages below its own; neither emulator nor target knows the other."""
    package = package_of(module)
    others = {package_of(imported) for imported in ours(MODULES[module])} - {package}
    assert others <= ARROWS[package]


def test_packages_make_no_circle() -> None:
    """The table itself points down: packages can be put in an order in which each needs only earlier ones."""
    placed: set[str] = set()
    while ready := [package for package in ARROWS if package not in placed and ARROWS[package] <= placed]:
        placed.update(ready)
    assert placed == set(ARROWS)


def test_modules_of_a_package_make_no_circle() -> None:
    """Within a package, too, modules can be put in an order in which each needs only earlier ones."""
    needs = {
        module: {
            imported
            for imported, (types_only, _) in ours(path).items()
            if package_of(imported) == package_of(module)
            and imported in TARGET
            and not (types_only and imported in TYPES_ONLY.get(module, set()))
        }
        for module, path in TARGET.items()
        if path.name != "__init__.py"
    }
    placed: set[str] = set()
    while ready := [module for module in needs if module not in placed and needs[module] <= placed]:
        placed.update(ready)
    assert placed == set(needs)


@pytest.mark.parametrize("module", sorted(TARGET))
def test_only_exported_names_cross_a_border(module: str) -> None:
    """Of another package, a module imports what its `__all__` has, from the package itself."""
    for imported, (_, names) in ours(TARGET[module]).items():
        package = package_of(imported)
        if package in {package_of(module), "entry", "errors"}:
            continue
        inner = imported.split(".")[2:]
        exported = set(importlib.import_module(f"{OURS}.{package}").__all__)
        # A module itself can be exported: its name stands where the name of a class would.
        assert (names | set(inner)) <= exported, f"{imported} is an inner module: import from {OURS}.{package}"


@pytest.mark.parametrize("package", sorted(set(ARROWS) - {"entry", "errors", "emulator"}))
def test_what_is_exported_is_used_outside(package: str) -> None:
    """A name in `__all__` is one that another package imports, or a test or script."""
    outside = [path for module, path in TARGET.items() if package_of(module) != package]
    used = set()
    for path in [*outside, *TESTS, *SCRIPTS]:
        for imported, (_, names) in ours(path).items():
            if package_of(imported) == package:
                used |= names | set(imported.split(".")[2:])
    assert set(importlib.import_module(f"{OURS}.{package}").__all__) <= used


@pytest.mark.parametrize("library", FOREIGN)
def test_libraries_stay_where_they_belong(library: str) -> None:
    """Only the listed modules import the library."""
    users = {
        module.removeprefix(f"{OURS}.")
        for module, path in TARGET.items()
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert users == FOREIGN[library]


@pytest.mark.parametrize("module", sorted(module for module in TARGET if package_of(module) not in IMPURE))
def test_pure_packages_do_no_io(module: str) -> None:
    """What is pure imports nothing that reaches outside."""
    reached = {name.split(".")[0] for name in imports(TARGET[module])} & NO_IO
    assert not reached or reached == {"sqlite3"}


@pytest.mark.parametrize("path", FILES + TESTS, ids=lambda path: str(path.relative_to(PACKAGE.parent)))
def test_no_file_is_long(path: Path) -> None:
    """A file of more than 400 lines is two files."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize(
    ("used", "unwanted"),
    [
        ("import target_selligent", {"singer_sdk", "requests", "msgspec", "target_selligent.loading"}),
        ("import target_selligent.emulator.http", {"singer_sdk", "requests"}),
        ("from target_selligent import LoadRun, Settings", {"singer_sdk", "click", "pyarrow"}),
        (
            "import target_selligent.command",
            {"pyarrow", "tqdm", "target_selligent.checks", "target_selligent.dry_run", "target_selligent.reports.page"},
        ),
        ("import target_selligent.commands.replay", {"singer_sdk", "requests", "target_selligent.loading"}),
    ],
    ids=["the package", "the emulator", "a Python program", "the command", "the replay"],
)
def test_what_is_used_loads_no_more_than_it_needs(used: str, unwanted: set[str]) -> None:
    """The package alone loads nothing, the emulator nothing of the target, a program nothing of Singer."""
    code = (
        f"import sys; {used}; sys.exit(str({unwanted!r} & set(sys.modules)) if {unwanted!r} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
