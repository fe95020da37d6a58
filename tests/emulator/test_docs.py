"""`docs/emulator.md` has every switch, fault, endpoint and module, and none that does not exist. Its example works."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from fastapi.routing import APIRoute

import target_selligent.emulator
from target_selligent.emulator.cli import main
from target_selligent.emulator.emulator import Emulator
from target_selligent.emulator.faults.rules import FaultRule, Kind
from target_selligent.emulator.http.routes import admin, browse, data, lists, relations, segments
from target_selligent.emulator.options import EmulatorOptions
from tests.emulator.support import ApiClient

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")


def _section(heading: str) -> str:
    return TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _names(table: str) -> set[str]:
    """Return the names in code style in the first column of a table."""
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    return {name for line in rows for name in _codes(line.split("|")[1])}


def test_every_switch_is_documented() -> None:
    """The table has all switches of the command, and marks those that can be changed while it runs."""
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
    """The tables have all kinds of fault and all parts of a rule."""
    kinds, _, parts = _section("Fault rules").partition("| Part |")
    assert _names(kinds) - {"kind"} == set(get_args(Kind))
    assert _names(parts) == set(FaultRule.model_fields) - {"kind"}


def test_every_admin_endpoint_is_documented() -> None:
    """The table has every method and path of `/_emulator`."""
    found = [*admin.router.routes, *browse.router.routes]
    routes = [route for route in found if isinstance(route, APIRoute)]
    wanted = {f"{method} {route.path}" for route in routes for method in route.methods or ()}
    assert _names(_section("While it runs")) == wanted


def test_every_module_is_documented() -> None:
    """The map has every module of the emulator."""
    root = Path(target_selligent.emulator.__file__).parent
    files = [path.relative_to(root).with_suffix("") for path in root.rglob("*.py") if path.stem != "__init__"]
    assert _names(_section("Its parts")) == {".".join(path.parts) for path in files}


def test_every_endpoint_is_documented() -> None:
    """The table has the operationId, method and path of every endpoint of the API."""
    documented = set()
    for line in _section("Endpoints").splitlines():
        if line.startswith("| `"):
            _, ids, call, _ = line.split("|")
            methods = [code for code in _codes(call) if not code.startswith("/")]
            (path,) = [code for code in _codes(call) if code.startswith("/")] or [""]
            documented |= {(one, method, path) for one, method in zip(_codes(ids), methods, strict=True)}
    modules = (lists, data, relations, segments)
    routes = [route for module in modules for route in module.router.routes if isinstance(route, APIRoute)]
    assert documented == {
        (route.operation_id, method, route.path) for route in routes for method in route.methods or ()
    }


def test_the_example_works(tmp_path: Path) -> None:
    """The example for the tests of other projects passes as it is printed."""
    (example,) = re.findall(r"```python\n(.*?)```", _section("In the tests of another project"), re.DOTALL)
    (tmp_path / "test_example.py").write_text(example, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_every_failure_to_rehearse_can_be_set(api: ApiClient) -> None:
    """Each fault of the table is accepted as it is printed, and each switch exists."""
    table = _section("Rehearsing failures")
    codes = [code for line in table.splitlines() if line.startswith("| ") for code in _codes(line.split("|")[2])]
    rules = [json.loads(code) for code in codes if code.startswith("{")]
    switches = {code.partition(" ")[0] for code in codes if code.startswith("--")}
    assert len(rules) > 5
    for rule in rules:
        api.fault(**rule)
    assert switches <= {option for param in main.params for option in param.opts}
    assert len(switches) > 2
