"""The emulator's packages: imports point one way, and a package's inner modules are its own."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

import target_selligent.emulator

NAME = "target_selligent.emulator"
ROOT = Path(target_selligent.emulator.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
PACKAGES = ("faults", "http", "tenant")

ARROWS: dict[str, set[str]] = {
    "cli": {"http", "options"},
    "pytest_plugin": {"client", "http", "options"},
    "http": {"emulator", "faults", "journal", "jsontext", "options", "refusals", "tenant"},
    "emulator": {"faults", "journal", "options", "refusals", "tenant"},
    "faults": {"jsontext", "refusals"},
    "tenant": {"jsontext", "refusals"},
    "journal": {"jsontext"},
    "refusals": {"jsontext"},
    "jsontext": set(),
    "client": {"options"},
    "options": set(),
}
"""Package or module to those that it imports. A name imports only names below it, so there is no circle."""


class Import(NamedTuple):
    """One `from target_selligent.emulator.<part> import <names>`."""

    module: str
    names: frozenset[str]

    @property
    def part(self) -> str:
        """The package or module of the emulator that it imports from."""
        return self.module.removeprefix(f"{NAME}.").partition(".")[0]


def _imports(path: Path) -> list[Import]:
    """Return what a file imports from the emulator, also inside functions and for types alone."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: an import names the whole module"
            module, names = node.module or "", frozenset(alias.name for alias in node.names)
            if module == NAME:
                found += [Import(f"{NAME}.{name}", frozenset()) for name in names]
            elif module.startswith(f"{NAME}."):
                found.append(Import(module, names))
        elif isinstance(node, ast.Import):
            found += [Import(alias.name, frozenset()) for alias in node.names if alias.name.startswith(NAME)]
    return found


def _part_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def test_every_part_has_its_place() -> None:
    """Each package and module of the emulator is in the table of arrows, and the table has no others."""
    assert {_part_of(path) for path in FILES} - {"__init__"} == set(ARROWS)
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == set(PACKAGES)


def test_arrows_point_down() -> None:
    """A part of the table imports only parts that stand below it."""
    order = list(ARROWS)
    for number, part in enumerate(order):
        assert ARROWS[part] <= set(order[number + 1 :])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_what_it_may(path: Path) -> None:
    """A file imports its own package, or those that the table allows, and from these only what they export."""
    part = _part_of(path)
    for imported in _imports(path):
        if part in {imported.part, "__init__"}:
            continue
        assert imported.part in ARROWS[part], f"{part} must not import {imported.part}"
        if imported.part in PACKAGES:
            assert imported.module == f"{NAME}.{imported.part}", f"{imported.module} is an inner module"
            assert imported.names <= set(import_module(imported.module).__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_exports_what_others_use(package: str) -> None:
    """A package says what it is for, and its `__all__` has what is used outside of it, and nothing else."""
    module = import_module(f"{NAME}.{package}")
    outside = [path for path in FILES if _part_of(path) != package]
    used = {name for path in outside for one in _imports(path) if one.part == package for name in one.names}
    assert module.__doc__
    assert set(module.__all__) == used
    assert all(hasattr(module, name) for name in module.__all__)


def test_importing_the_emulator_is_light() -> None:
    """Neither the package nor the module of the command loads the web framework; the package's exports do."""
    code = (
        "import sys, target_selligent.emulator, target_selligent.emulator.cli\n"
        "assert not {'fastapi', 'pydantic', 'uvicorn', 'sqlite3'} & set(sys.modules)\n"
        "from target_selligent.emulator import EmulatorOptions\n"
        "assert not {'fastapi', 'pydantic', 'uvicorn', 'sqlite3'} & set(sys.modules)\n"
        "from target_selligent.emulator import EmulatorServer, Tls\n"
        "assert 'fastapi' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_export_is_an_attribute_error() -> None:
    """The package has its exports and no others."""
    assert all(hasattr(target_selligent.emulator, name) for name in target_selligent.emulator.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = target_selligent.emulator.Nothing
