"""Findings as a table, as JSON and as a chart. Pure; no I/O."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.findings import Bars, Finding, Results

_VERDICTS = {True: "met", False: "MISSED", None: ""}
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}"
 font-family="system-ui, sans-serif" font-size="14">
<style>
text {{ fill: #1f2328 }} .foot {{ fill: #59636e; font-size: 12px }} .title {{ font-weight: 600 }}
.bar {{ fill: #9198a1 }} .ours {{ fill: #1a7f37 }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #f0f6fc }} .foot {{ fill: #9198a1 }} .bar {{ fill: #656c76 }} .ours {{ fill: #3fb950 }}
}}
</style>"""
_WIDTH, _LABELS, _FIGURES, _ROW, _HEAD, _FOOT = 760, 200, 110, 34, 46, 34


def as_text(results: Results, *, quick: bool) -> str:
    """Return the tables to print: ratios first, then the runs behind them.

    Args:
        results: What was found.
        quick: Whether fewer records were measured: figures to be reached by more of them are not judged then.
    """
    notes = {
        note: number
        for number, note in enumerate(dict.fromkeys(found.note for found in results.findings if found.note), 1)
    }
    rows = [("figure", "is", "rounds", "reach", "")]
    rows += [
        (
            f"{finding.what} [{notes[finding.note]}]" if finding.note else finding.what,
            _figure(finding.value, finding.unit),
            "" if finding.spread is None else " to ".join(f"{value:.2f}" for value in finding.spread),
            _reach(finding),
            "" if quick else _VERDICTS[finding.met],
        )
        for finding in results.findings
    ]
    runs = [("run", "time", "CPU", "peak", "List loads", "Segment loads", "other calls")]
    runs += [
        (
            timing.run,
            f"{timing.wall:.2f} s",
            f"{timing.cpu:.2f} s",
            f"{timing.peak_mb:.0f} MB",
            str(timing.list_loads),
            str(timing.segment_loads),
            str(timing.other_calls),
        )
        for timing in results.timings
    ]
    foot = [*(f"[{number}] {note}" for note, number in notes.items()), *results.notes]
    return "\n\n".join(filter(None, [_table(rows), _table(runs), "\n".join(foot)]))


def as_json(results: Results, about: Mapping[str, Any]) -> str:
    """Return everything as JSON text.

    Args:
        results: What was found.
        about: On what it was measured, and how.
    """
    document = {
        "about": about,
        "findings": [{**asdict(finding), "met": finding.met} for finding in results.findings],
        "runs": [asdict(timing) for timing in results.timings],
        "notes": results.notes,
    }
    return json.dumps(document, indent=2) + "\n"


def as_chart(groups: Sequence[Bars], title: str, foot: str) -> str:
    """Return an SVG of horizontal bars in groups; light or dark as the reader's screen is.

    Args:
        groups: The groups, each with a scale of its own.
        title: What is shown.
        foot: How it was measured.
    """
    height = sum(_HEAD + _ROW * len(group.values) for group in groups) + _FOOT
    parts = [_SVG.format(width=_WIDTH, height=height, title=escape(title))]
    top = 0
    for group in groups:
        parts.append(f'<text class="title" x="0" y="{top + 22}">{escape(group.title)}</text>')
        top += _HEAD
        widest = max(group.values.values())
        for label, value in group.values.items():
            width = max(2.0, (_WIDTH - _LABELS - _FIGURES) * value / widest)
            kind = "bar ours" if label == group.ours else "bar"
            parts += [
                f'<text x="{_LABELS - 10}" y="{top + 17}" text-anchor="end">{escape(label)}</text>',
                f'<rect class="{kind}" x="{_LABELS}" y="{top}" width="{width:.1f}" height="{_ROW - 10}" rx="3"/>',
                f'<text x="{_LABELS + width + 8:.1f}" y="{top + 17}">{_mark(value, group.unit)}</text>',
            ]
            top += _ROW
    parts += [f'<text class="foot" x="0" y="{height - 10}">{escape(foot)}</text>', "</svg>"]
    return "\n".join(parts) + "\n"


def _mark(value: float, unit: str) -> str:
    """Return a figure as it stands beside its bar."""
    if unit == "x":
        return f"{value:.1f}\N{MULTIPLICATION SIGN}"
    return f"{value:.1f} s" if unit == "s" else f"{value:,.0f} {unit}"


def _figure(value: float, unit: str) -> str:
    return f"{value:.2f}{unit if unit == 'x' else ' s'}" if unit in {"x", "s"} else f"{value:,.0f} {unit}"


def _reach(finding: Finding) -> str:
    if finding.at_most is not None:
        return f"at most {finding.at_most:,.4g}"
    return "" if finding.at_least is None else f"at least {finding.at_least:,.4g}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out under their head; nothing if there are none."""
    if len(rows) <= 1:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    return "\n".join([lines[0], _line(["-" * width for width in widths], widths), *lines[1:]])


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if index else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
