"""The tree of errors: as its docstring draws it, each class saying when it is raised, none with a secret."""

from __future__ import annotations

import inspect
import re

import pytest

from target_selligent import errors

CLASSES = {
    name: found
    for name, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, errors.TargetSelligentError)
}


def drawn_parents() -> dict[str, str]:
    """Return class to parent, as the module's docstring draws them."""
    drawing = (errors.__doc__ or "").split("```")[1]
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in drawing.strip().splitlines():
        match = re.match(r"(?P<branch>[│├└ ]*)(?P<names>[A-Z]\w+(?:, [A-Z]\w+)*)", line)
        assert match is not None, line
        depth = len(match["branch"]) // 2
        for name in match["names"].split(", "):
            if depth:
                parents[name] = path[depth - 1]
        path[depth:] = [match["names"].split(", ")[0]]
    return parents


def test_the_drawing_is_the_tree() -> None:
    """The docstring draws every class below the root, each under its real parent."""
    found = {name: cls.__bases__[0].__name__ for name, cls in CLASSES.items() if cls is not errors.TargetSelligentError}
    assert drawn_parents() == found


@pytest.mark.parametrize("found", CLASSES.values(), ids=CLASSES)
def test_each_says_when(found: type[errors.TargetSelligentError]) -> None:
    """Each class says in its docstring when it is raised."""
    doc = found.__doc__ or ""
    assert doc.startswith("When ") or found is errors.TargetSelligentError or issubclass(found, errors.ApiError)
    assert doc.splitlines()[0].endswith((".", ",", ":")) or "\n" in doc


def test_an_api_error_names_its_call_first() -> None:
    """An error of a call begins with the call, and keeps status and code."""
    error = errors.BadRequestError("no", call="GET lists/x", status=400, code="Failed")
    assert str(error) == "GET lists/x: no"
    assert (error.call, error.status, error.code) == ("GET lists/x", 400, "Failed")


def test_settings_errors_hold_every_problem() -> None:
    """All problems are in the message and apart."""
    error = errors.SettingsError(["a is wrong", "b is wrong"])
    assert str(error) == "a is wrong; b is wrong"
    assert error.problems == ["a is wrong", "b is wrong"]
