"""Write the generated parts of the docs from the settings table, or check that they are up to date (`--check`)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from target_selligent.settings import SETTINGS, SettingDefinition

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


def settings_table() -> str:
    """Return the table of settings."""
    lines = ["| Setting | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    for setting in SETTINGS:
        default = (
            "**required**" if setting.required else f"`{_default(setting)}`" if setting.default is not None else ""
        )
        options = f" One of {', '.join(f'`{option}`' for option in setting.options)}." if setting.options else ""
        secret = " Secret." if setting.secret else ""
        kind = {"names": "text or array", "limit": "number or share", "streams": "object", "values": "object"}.get(
            setting.kind, setting.kind
        )
        lines.append(f"| `{setting.name}` | {kind} | {default} | {setting.description}{options}{secret} |")
    return "\n".join(lines)


def meltano_settings() -> str:
    """Return the settings of the loader in `meltano.yml`."""
    return "\n".join(["    settings:", *(line for setting in SETTINGS for line in _meltano_setting(setting))])


def meltano_plugin() -> str:
    """Return the definition of the loader in the format of Meltano Hub, for `meltano add --from-ref`.

    Its commands and capabilities are those of the loader in `meltano.yml`.
    """
    loader = next(
        plugin
        for plugin in yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))["plugins"]["loaders"]
        if plugin["name"] == "target-selligent"
    )
    head = {
        "name": "target-selligent",
        "variant": "target-selligent",
        "namespace": "target_selligent",
        "label": "Selligent",
        "description": "Customer engagement platform (Marigold Engage): Lists and static Segments from any tap.",
        "keywords": ["meltano_sdk", "reverse_etl"],
        "pip_url": "target-selligent",
        "executable": "target-selligent",
        "capabilities": loader["capabilities"],
        "commands": loader["commands"],
        "settings_group_validation": loader["settings_group_validation"],
    }
    lines = [
        "# Written by `make docs`. To add the target to a project: docs/meltano.md.",
        yaml.safe_dump(head, sort_keys=False, width=120).rstrip(),
        "settings:",
        *(line.removeprefix("    ") for setting in SETTINGS for line in _meltano_setting(setting)),
    ]
    return "\n".join(lines) + "\n"


def environment_example() -> str:
    """Return `.env.example`: every setting as an environment variable, optional ones commented out."""
    lines = ["# Settings as environment variables, read with --config=ENV and by Meltano. Copy to .env and fill in."]
    for setting in SETTINGS:
        lines += ["", f"# {setting.description.replace('`', '')}"]
        value = "" if setting.default is None else _default(setting)
        lines.append(f"{'' if setting.required else '# '}TARGET_SELLIGENT_{setting.name.upper()}={value}")
    return "\n".join(lines) + "\n"


def first_session() -> str:
    """Return the transcript of a first session, as a code block."""
    command = [sys.executable, str(ROOT / "scripts" / "first_session.py")]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout  # noqa: S603 - ours
    return f"```text\n{output.strip()}\n```"


def _between(text: str, begin: str, end: str, content: str) -> str:
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{content}\n{end}{tail}"


def generated(path: str, text: str) -> str:
    """Return a file's text with its generated part replaced by a new one."""
    if path == ".env.example":
        return environment_example()
    if path == "meltano/target-selligent.yml":
        return meltano_plugin()
    if path == "meltano.yml":
        return _between(text, "    # begin settings (make docs)", "    # end settings", meltano_settings())
    if path == "docs/settings.md":
        return _between(text, "<!-- begin settings (make docs) -->", "<!-- end settings -->", settings_table())
    return _between(text, "<!-- begin session (make docs) -->", "<!-- end session -->", first_session())


def main() -> int:
    """Write or check the files, and print which are out of date."""
    stale = []
    for path in ("README.md", "docs/settings.md", "meltano.yml", "meltano/target-selligent.yml", ".env.example"):
        file = ROOT / path
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        wanted = generated(path, text)
        if wanted != text:
            stale.append(path)
            if "--check" not in sys.argv:
                file.parent.mkdir(exist_ok=True)
                file.write_text(wanted, encoding="utf-8")
    if stale:
        sys.stdout.write(f"{'out of date' if '--check' in sys.argv else 'written'}: {', '.join(stale)}\n")
    return 1 if stale and "--check" in sys.argv else 0


def _default(setting: SettingDefinition) -> str:
    return setting.default if isinstance(setting.default, str) else json.dumps(setting.default)


def _meltano_setting(setting: SettingDefinition) -> Iterator[str]:
    yield f"    - name: {setting.name}"
    yield f"      label: {setting.title}"
    kind = (
        "options"
        if setting.options
        else {"names": "string", "limit": "string", "streams": "object", "values": "object"}.get(
            setting.kind, setting.kind
        )
    )
    yield f"      kind: {kind}"
    if setting.secret:
        yield "      sensitive: true"
    if setting.options:
        yield "      options:"
        for option in setting.options:
            yield f"      - label: {option}"
            yield f"        value: {option}"
    if setting.default is not None:
        yield f"      value: {json.dumps(setting.default)}"
    yield f"      description: {json.dumps(setting.description)}"


if __name__ == "__main__":
    sys.exit(main())
