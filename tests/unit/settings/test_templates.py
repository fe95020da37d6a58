"""Texts with placeholders."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.settings.templates import find_static_problems, parse_template

VALUES = {"stream": "people", "segment": "vip", "run_id": "r1", "run_started_at": "2026-05-01T10:15:00Z"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("crm", "crm"),
        ("crm/{stream}/{segment}", "crm/people/vip"),
        ("{run_id}{run_id}", "r1r1"),
        ("{{stream}}", "{stream}"),
        ("{{{stream}}}", "{people}"),
        ("a }} b {{ c", "a } b { c"),
    ],
    ids=str,
)
def test_templates(text: str, wanted: str) -> None:
    """Placeholders are replaced; double braces are single ones."""
    assert parse_template(text).render(VALUES) == wanted


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_written(text: str) -> None:
    """With doubled braces, a text stands for itself."""
    template = parse_template(text.replace("{", "{{").replace("}", "}}"))
    assert (template.render({}), template.placeholders) == (text, frozenset())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{run}", "{run} is not one of {stream}, {segment}, {run_id}, {run_started_at}"),
        ("{Run_ID}", "did you mean {run_id}?"),
        ("{}", "{} is not one of"),
        ("{ stream }", "{ stream } is not one of"),
        ("a{b", "the brace { at character 2 stands alone"),
        ("a}}}", "the brace } at character 4 stands alone"),
        ("{stream", "the brace { at character 1"),
        ("\ud800", "not valid Unicode"),
    ],
    ids=ascii,
)
def test_texts_that_are_no_template(text: str, words: str) -> None:
    """The message says what is wrong."""
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_template(text)


@pytest.mark.parametrize(
    ("text", "varies", "is_date_time"),
    [
        ("{stream} {segment}", False, False),
        ("{{run_id}}", False, False),
        ("from {run_id}", True, False),
        ("{run_started_at}", True, True),
        ("at {run_started_at}", True, False),
    ],
    ids=str,
)
def test_what_varies_by_run(text: str, varies: bool, is_date_time: bool) -> None:  # noqa: FBT001 - a case
    """A text with the run's id or time; one that is this time alone is a date-time."""
    template = parse_template(text)
    assert (template.varies_by_run, template.is_date_time) == (varies, is_date_time)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"A": 12}, 'field A must be text, such as "12"'),
        ({"A": "{x}"}, "field A: {x} is not one of"),
        ({" ": "x"}, "' ' cannot be a field name"),
        ({"A,B": "x"}, "'A,B' cannot be a field name"),
        ({"Id": "5"}, "must not name Id, the List's own record number"),
        ({"A": "x", "a": "y"}, "names A and a, which are the same field"),
    ],
    ids=str,
)
def test_problems(texts: dict[str, Any], words: str) -> None:
    """Each names the field."""
    (problem,) = find_static_problems(texts)
    assert "static_fields" in problem
    assert words in problem


def test_no_problems() -> None:
    """Null takes a field of the run away."""
    assert not list(find_static_problems({"A": "{stream}", "B": None, "C": ""}))
