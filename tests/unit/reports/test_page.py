"""The page of a report: complete, alone, and free of what could be taken for markup."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from target_selligent.reports.page import render
from target_selligent.reports.summary import CountsOf, Reason, Verdict

from .example import COUNTS, summary


def text_of(page: str) -> str:
    """Return the text of a page, with a blank between its parts."""
    body = page.partition("<body>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_a_page_has_all_parts() -> None:
    """What became of the records, the time, the calls and the settings."""
    text = text_of(render(summary()))
    for words in (
        "Loaded, except for rejected records",
        "2026-11-29 02:00:00 UTC to 2026-11-29 02:02:05 UTC",
        "Calls of Selligent Larger batches need fewer calls: batch_size_rows. 1 min 14 s 59%",
        "customers EMAIL schema 1,200 text does not match the pattern Correct the value.",
        "master_contacts winback_of_the_last_quarter 300,000 300,000 2,000",
        "public-logs 17",
        "customers 480 1 min 12 s 0.15 s",
        "POST lists/{list}/data/load 483 3 1 min 1 s 0.13 s",
        "batch_size_rows 2500",
    ):
        assert words in text


@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_each_verdict(verdict: Verdict) -> None:
    """A run that did not do its job does not look as if it had, and its reason stands at the top."""
    page = render(summary(verdict=verdict, reason="the tap ended"))
    assert f'<header class="{verdict}">' in page
    assert text_of(page).startswith(
        {
            "succeeded": "All records are loaded",
            "rejects": "Loaded, except",
            "failed": "The run failed the tap ended",
            "stopped": "The run was stopped the tap ended",
        }[verdict]
    )


def test_a_run_that_did_nothing() -> None:
    """No records, no calls, no time."""
    nothing: dict[str, list[object]] = {name: [] for name in ("lists", "segments", "reasons", "batches", "endpoints")}
    page = render(summary(**nothing, samples=[], seconds=0.0, ignored_streams=[], seconds_since_state=None))
    assert "no STATE" in text_of(page)
    assert "Rejected records" not in page


def test_names_are_no_markup() -> None:
    """A Segment or a stream may have any name."""
    name = '<script>alert("x")</script>&'
    page = render(
        summary(
            reason=name,
            segments=[CountsOf("contacts", name, COUNTS)],
            reasons=[Reason(name, name, name, 1, name, name)],
            settings={name: name},
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 9


def test_a_page_needs_nothing_else() -> None:
    """It is readable without a network, and asks nobody for anything."""
    assert re.findall(r"\b(?:src|href|url|@import|link|script)\b\s*[=(:]?", render(summary())) == []
