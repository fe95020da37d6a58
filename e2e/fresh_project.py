"""A new Meltano project that gets the target from its plugin definition, as a stranger would add it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from e2e.host import ROOT, TARGET

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.checks import Report
    from e2e.emulator import Emulator
    from e2e.host import Meltano

TAP = "tap-sample"
LIST = "subscribers"
_DEFINITION = ROOT / "meltano" / f"{TARGET}.yml"
_PEOPLE = ["mei@example.com", "dan@example.com", "lina@example.com"]
_MESSAGES = [
    {
        "type": "SCHEMA",
        "stream": "people",
        "schema": {"type": "object", "properties": {"email": {"type": "string", "maxLength": 100}}},
        "key_properties": ["email"],
    },
    *({"type": "RECORD", "stream": "people", "record": {"email": email}} for email in _PEOPLE),
    {"type": "STATE", "value": {"position": len(_PEOPLE)}},
]
_CONFIG = {
    "TARGET_SELLIGENT_LIST_API_NAME": LIST,
    "TARGET_SELLIGENT_FIELD_MAPPING": json.dumps({"email": "MAIL"}),
    "TARGET_SELLIGENT_SEGMENT": "newsletter",
}
_SECRETS = ("api_key", "api_secret")


def _write_tap(folder: Path) -> Path:
    """Write a tap that prints a few messages; return its plugin definition."""
    messages = folder / "messages.jsonl"
    messages.write_text("".join(json.dumps(message) + "\n" for message in _MESSAGES), encoding="utf-8")
    tap = folder / "tap.sh"
    tap.write_text(f"#!/bin/sh\nexec cat '{messages}'\n", encoding="utf-8")
    tap.chmod(0o755)
    definition = folder / f"{TAP}.yml"
    definition.write_text(f"name: {TAP}\nnamespace: tap_sample\nexecutable: {tap}\n", encoding="utf-8")
    return definition


def check_fresh_project(report: Report, meltano: Meltano, emulator: Emulator, folder: Path) -> None:
    """Add the target to a new project, look at its settings, check them, and run it.

    Args:
        report: Where to report.
        meltano: An installed Meltano, with the login of the emulator.
        emulator: Destination.
        folder: Where the project goes.
    """
    report.say("a new project: meltano init, add, config list, install, invoke, run")
    meltano.run_in(folder, "init", "project").must_succeed("meltano init")
    project = folder / "project"

    def run(*arguments: str, **more: str) -> str:
        finished = meltano.run_in(project, *arguments, more=_CONFIG | more, constraints=True)
        return finished.must_succeed(f"meltano {arguments[0]}").out

    for kind, definition in (("loader", _DEFINITION), ("extractor", _write_tap(folder))):
        run("add", definition.stem, "--plugin-type", kind, "--from-ref", str(definition), "--no-install")
    project_file = project / "meltano.yml"
    added = project_file.read_text(encoding="utf-8")
    # The package of this clone, instead of the one of an index.
    project_file.write_text(added.replace(f"pip_url: {TARGET}", f"pip_url: -e {ROOT}"), encoding="utf-8")
    listed = run("config", "list", TARGET)
    hidden = [name for name in _SECRETS if f"{name} [env: TARGET_SELLIGENT_{name.upper()}]" in listed]
    report.check(hidden == list(_SECRETS), "the settings are listed", listed.splitlines()[:9])
    shown = [value for value in ("demo-key", "demo-secret") if value in listed]
    report.check(not shown, "without the values of secrets", shown)
    run("install", TARGET)
    emulator.create_list(LIST)
    emulator.create_segment(LIST, "newsletter")
    checked = run("invoke", f"{TARGET}:check")
    report.check("ok" in checked, "the check of the settings finds nothing wrong", checked.splitlines()[-5:])
    report.check(not emulator.list_records(LIST, ["MAIL"]), "and writes nothing")
    run("run", TAP, TARGET)
    loaded = sorted(mail for (mail,) in emulator.list_records(LIST, ["MAIL"]))
    report.check(loaded == sorted(_PEOPLE), "a run loads the tap's records", loaded)
    members = sorted(mail for (mail,) in emulator.segment_members(LIST, "newsletter", ["MAIL"]))
    report.check(members == sorted(_PEOPLE), "and their Segment", members)
    file = folder / "people.csv"
    file.write_text("email\nzoe@example.com\n", encoding="utf-8")
    run("invoke", f"{TARGET}:load", str(file), TARGET_SELLIGENT_KEY_FIELDS="MAIL")
    loaded = sorted(mail for (mail,) in emulator.list_records(LIST, ["MAIL"]))
    report.check(loaded == sorted([*_PEOPLE, "zoe@example.com"]), "the command load loads a file", loaded)
