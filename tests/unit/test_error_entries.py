"""Each error message that the code can give has an entry in docs/troubleshooting.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

import target_selligent
from target_selligent import errors

PACKAGE = Path(target_selligent.__file__).parent
PAGE = (PACKAGE.parent / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ERRORS = {
    name
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, errors.TargetSelligentError)
} | {"CatalogError", "Failure", "RecordBeforeSchemaError", "SettingsFailure"}
"""The classes of errors. What is wrong with a single record, a `RejectedRecord`, is in docs/rejects.md by its code."""

COMPOSED: dict[tuple[str, str], str] = {
    ("api/responses.py", "BadRequestError"): "400 Bad Request",
    ("api/responses.py", "ServerError"): "500 Internal Server Error",
    ("api/transport.py", "ApiTimeoutError"): "the body was not sent within … s: the line is slow",
    ("api/transport.py", "UnsafeConnectionError"): "its certificate is not trusted",
    ("api/transport.py", "UploadTooSlowError"): "the body was not sent within … s: the line is slow",
    ("api/unreachable.py", "FatalApiError"): "refuses to connect with status",
    ("loading/delivery.py", "DestinationError"): "Segment … of List … does not exist",
    ("loading/list_fields.py", "DestinationError"): "List … has no such fields",
}
"""Messages without fixed words where they are raised: module and class to a message on the page."""

PASSED_ON = {"Failure", "RejectedRecord", "SettingsError"}
"""Classes that take what another error or function says. Problems of settings are looked for by themselves."""


class Message(NamedTuple):
    """A message of the code; text is None if it has no fixed words where it is raised."""

    module: str
    name: str
    text: str | None


def fixed_text(node: ast.expr) -> str | None:
    """Return a text with `…` for each value in it; None if it is no text."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp):
        return (fixed_text(node.left) or "…") + (fixed_text(node.right) or "…")
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def raised_by(call: ast.Call) -> str | None:
    """Return the class of the error that a call creates; None if it creates none."""
    names = [node.id for node in ast.walk(call.func) if isinstance(node, ast.Name)]
    known = next((name for name in names if name in ERRORS), None)
    if known is None and any(keyword.arg == "call" for keyword in call.keywords) and names[:1] == ["error_class"]:
        return "ApiError"
    return known if isinstance(call.func, (ast.Name, ast.IfExp)) else None


def messages_of(module: str, tree: ast.AST) -> list[Message]:
    """Return the messages of the errors that a module creates, and of the problems that it finds in settings."""
    found = []
    for node in ast.walk(tree):
        texts: list[ast.expr] = []
        name = "problem of settings"
        if isinstance(node, ast.Call) and (raised := raised_by(node)):
            texts, name = node.args[:1], raised
        elif module.startswith("settings/"):
            if (isinstance(node, ast.Yield) and node.value is not None) or (
                isinstance(node, ast.Return) and isinstance(node.value, ast.JoinedStr)
            ):
                texts = [node.value]
            elif isinstance(node, (ast.List, ast.ListComp)):
                texts = node.elts if isinstance(node, ast.List) else [node.elt]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
                texts = node.args
        for one in texts:
            text = fixed_text(one)
            has_words = text is not None and re.search(r"\w", text) is not None
            if name != "problem of settings":
                found.append(Message(module, name, text if has_words else None))
            elif text is not None and len(re.findall(r"[A-Za-z_]{2,}", text)) > 1:
                found.append(Message(module, name, text))
    return found


MESSAGES = sorted(
    {
        message
        for path in PACKAGE.rglob("*.py")
        if "emulator" not in path.parts
        for module in [path.relative_to(PACKAGE).as_posix()]
        for message in messages_of(module, ast.parse(path.read_text(encoding="utf-8")))
    },
    key=str,
)
QUOTED = [
    span for line in PAGE.splitlines() if line.startswith("| `") for span in re.findall("`([^`]+)`", line.split("|")[1])
]


def has_entry(text: str) -> bool:
    """Return whether the page quotes a message, or the fixed words by which it is recognized."""
    patterns = [".*".join(map(re.escape, quoted.strip("…").split("…"))) for quoted in QUOTED]
    return any(re.search(pattern, text) for pattern in patterns)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{message.module}: {message.text}"[:80])
def test_each_error_message_has_an_entry(message: Message) -> None:
    """Who looks for the words of a message finds why it comes and what to do."""
    if message.text is None:
        composed = COMPOSED.get((message.module, message.name))
        assert message.name in PASSED_ON or composed in QUOTED
    elif message.name != "RejectedRecord":
        assert has_entry(message.text)


def test_a_new_message_needs_an_entry() -> None:
    """An error that nobody has described is found, however it is raised."""
    code = """
raise DestinationError(f"List {name} is on fire")
raise ApiError(reason, call=label)
raise (FatalApiError if final else ServerError)("the moon is full", call=label)
"""
    found = messages_of("loading/new.py", ast.parse(code))
    assert [(message.name, message.text) for message in found] == [
        ("DestinationError", "List … is on fire"),
        ("ApiError", None),
        ("FatalApiError", "the moon is full"),
    ]
    assert not any(message.text and has_entry(message.text) for message in found)
    assert (
        messages_of("settings/new.py", ast.parse("def find():\n    yield 'it is on fire'"))[0].text == "it is on fire"
    )


def test_an_entry_has_words_of_its_own() -> None:
    """A single word would stand for messages that it does not explain."""
    assert [quoted for quoted in QUOTED if len(re.findall(r"[A-Za-z]{2,}", quoted)) < 2] == []
