"""Tests of the error tree: its drawing, its docstrings, and the names that messages suggest."""

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
TWENTY = [f"F{number}" for number in range(20)]


def drawn_parents() -> dict[str, str]:
    """Return the parent of each class, as drawn in the module docstring."""
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
def test_each_docstring_says_when_the_error_is_raised(found: type[errors.TargetSelligentError]) -> None:
    """Each docstring says when the error is raised."""
    doc = found.__doc__ or ""
    assert doc.startswith("Raised ") or found is errors.TargetSelligentError or issubclass(found, errors.ApiError)
    assert doc.splitlines()[0].endswith((".", ",", ":")) or "\n" in doc


def test_an_api_error_names_its_call_first() -> None:
    """The message of an API error starts with the call. Status and code are attributes."""
    error = errors.BadRequestError("no", call="GET lists/x", status=400, code="Failed")
    assert str(error) == "GET lists/x: no"
    assert (error.call, error.status, error.code) == ("GET lists/x", 400, "Failed")


def test_settings_errors_hold_every_problem() -> None:
    """The message lists all problems; the attribute holds them one by one."""
    error = errors.SettingsError(["a is wrong", "b is wrong"])
    assert str(error) == "a is wrong; b is wrong"
    assert error.problems == ["a is wrong", "b is wrong"]


@pytest.mark.parametrize(
    ("existing", "unknown", "text"),
    [
        ([], ["MAIL"], "none"),
        (["NAME", "E_MAIL"], ["MAIL"], "E_MAIL, NAME"),
        (["First_Name", "MAIL"], ["firstname"], "First_Name, MAIL"),
        (TWENTY, ["MAIL"], ", ".join(TWENTY)),
        ([*TWENTY, "E_MAIL"], ["MAIL"], ", ".join(["E_MAIL", *TWENTY[:-1]]) + " and 1 more"),
    ],
    ids=["none", "similar first", "case", "twenty", "more than twenty"],
)
def test_similar_names_are_suggested_first(existing: list[str], unknown: list[str], text: str) -> None:
    """A message lists at most 20 names, similar ones first, and says how many it leaves out."""
    assert errors.suggest_names(existing, unknown) == text
