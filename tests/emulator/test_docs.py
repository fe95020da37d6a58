"""`docs/emulator.md` tells of every switch, fault and admin endpoint, and of none that is not there."""

import re
from pathlib import Path
from typing import get_args

from fastapi.routing import APIRoute

import target_selligent.emulator
from target_selligent.emulator.cli import main
from target_selligent.emulator.emulator import Emulator
from target_selligent.emulator.faults.rules import FaultRule, Kind
from target_selligent.emulator.http.routes import admin
from target_selligent.emulator.options import EmulatorOptions

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")


def _section(heading: str) -> str:
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _names(table: str) -> set[str]:
    """Return what stands as code in the first column of a table's rows."""
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    return {name for line in rows for name in re.findall(r"`([^`]+)`", line.split("|")[1])}


def test_every_switch_is_documented() -> None:
    """The table has the command's switches, and marks those that can be changed while it runs."""
    switches = {option for param in main.params for option in param.opts} - {"--version"}
    assert _names(_section("Switches")) == switches
    marked = set(re.findall(r"`--([a-z-]+)` ●", TEXT))
    emulator = Emulator(EmulatorOptions())
    emulator.store.close()
    renamed = {"organizations": "organization"}
    for name in vars(emulator.options):
        try:
            emulator.change_options({name: getattr(emulator.options, name)})
        except ValueError:
            changes = False
        else:
            changes = True
        assert (renamed.get(name, name).replace("_", "-") in marked) is changes, name


def test_every_fault_is_documented() -> None:
    """The tables have each kind of fault and each part of a rule."""
    kinds, _, parts = _section("Fault rules").partition("| Part |")
    assert _names(kinds) - {"kind"} == set(get_args(Kind))
    assert _names(parts) == set(FaultRule.model_fields) - {"kind"}


def test_every_admin_endpoint_is_documented() -> None:
    """The table has each method and path under /_emulator."""
    routes = [route for route in admin.router.routes if isinstance(route, APIRoute)]
    wanted = {f"{method} {route.path}" for route in routes for method in route.methods or ()}
    assert _names(_section("While it runs")) == wanted


def test_every_module_is_documented() -> None:
    """The map of the emulator has each of its modules."""
    root = Path(target_selligent.emulator.__file__).parent
    files = [path.relative_to(root).with_suffix("") for path in root.rglob("*.py") if path.stem != "__init__"]
    assert _names(_section("Its parts")) == {".".join(path.parts) for path in files}
