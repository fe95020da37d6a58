"""The report of a run as a page: one file, which needs nothing else and no network. Pure; no I/O."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from target_selligent.reports.pictures import draw_curves, draw_shares, highest
from target_selligent.reports.style import STYLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_selligent.reports.summary import CountsOf, RunSummary

_MAX_SEGMENTS = 1000
_SECONDS_PER_MINUTE = 60
_FEW_SECONDS = 10

_VERDICTS = {
    "succeeded": "All records are loaded",
    "rejects": "Loaded, except for rejected records",
    "failed": "The run failed",
    "stopped": "The run was stopped",
}
_TIMES = {
    "calls": ("Calls of Selligent", "Larger batches need fewer calls: batch_size_rows."),
    "quota": ("Waits for the quota", "Other systems use the API key, too, or requests_per_minute is low."),
    "busy_lists": ("Waits for busy Lists", "Other bulk operations ran on a List: run at another time."),
    "retries": ("Waits after failures", "The warnings in the log say what failed."),
    "tap": ("Waits for the tap", "The tap sent nothing: the source or the tap limits the run."),
    "own_work": ("The target's own work", "It read, checked and encoded records."),
}
_CURVES = {"read": "read", "acknowledged": "acknowledged", "rejected": "rejected"}


def render(summary: RunSummary) -> str:
    """Return the page of a report.

    Args:
        summary: What the report holds.
    """
    sections = [
        _header(summary),
        _figures(summary),
        _over_time(summary),
        _time_spent(summary),
        _rejects(summary),
        _counts("Lists", summary.lists),
        _counts("Segments", summary.segments),
        _ignored(summary),
        _batches(summary),
        _endpoints(summary),
        _settings(summary),
    ]
    title = f"{_VERDICTS[summary.verdict]} - {summary.started_at}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(section for section in sections if section)
        + f"\n<footer>target-selligent {escape(summary.target_version)}, run {escape(summary.run_id)}</footer>\n"
        "</main>\n</body>\n</html>\n"
    )


def _header(summary: RunSummary) -> str:
    reason = f'<p class="reason">{escape(summary.reason)}</p>' if summary.reason else ""
    return (
        f'<header class="{summary.verdict}"><h1>{_VERDICTS[summary.verdict]}</h1>{reason}'
        f"<p>{_time(summary.started_at)} to {_time(summary.ended_at)}</p></header>"
    )


def _figures(summary: RunSummary) -> str:
    state_age = summary.seconds_since_state
    figures = [
        ("read", f"{summary.read:,}"),
        ("acknowledged", f"{summary.acknowledged:,}"),
        ("rejected", f"{summary.rejected:,}"),
        ("rows a second", f"{summary.rows_per_second:,.0f}"),
        ("took", _duration(summary.seconds)),
        ("calls", f"{summary.calls:,}"),
        ("retries", f"{summary.retries:,}"),
        ("from last STATE to end", "no STATE" if state_age is None else _duration(state_age)),
    ]
    cards = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures)
    return f'<dl class="figures">{cards}</dl>'


def _over_time(summary: RunSummary) -> str:
    names = [name for name in _CURVES if name != "rejected" or summary.rejected]
    end = max((sample.seconds for sample in summary.samples), default=0)
    legend = "".join(f'<li><i class="{name}"></i>{_CURVES[name]}</li>' for name in names)
    top = highest(summary.samples, names)
    return (
        f'<section><h2>Records over time</h2><ul class="legend">{legend}</ul>'
        f'<div class="chart" role="img" aria-label="{top:,} records in {_duration(end)}">'
        f'<span class="top">{top:,}</span>{draw_curves(summary.samples, names)}'
        f'<span class="from">0 s</span><span class="to">{_duration(end)}</span></div></section>'
    )


def _time_spent(summary: RunSummary) -> str:
    seconds = {name: getattr(summary.time, name) for name in _TIMES}
    total = sum(seconds.values()) or 1
    rows = [
        (
            f'<i class="{name}"></i>{title}<br><span class="quiet">{hint}</span>',
            _duration(seconds[name]),
            f"{seconds[name] / total:.0%}",
        )
        for name, (title, hint) in _TIMES.items()
        if seconds[name] / total >= 0.0005  # noqa: PLR2004 - what would be 0 % is left out
    ]
    bar = draw_shares((name, value / total) for name, value in seconds.items())
    table = _table(("What", "Time", "Share"), rows, numbers={1, 2}, is_html=True)
    return (
        f"<section><h2>Time</h2>{bar}{table}"
        '<p class="quiet">If a run did several things at once, the first of these counts.</p></section>'
    )


def _rejects(summary: RunSummary) -> str:
    if not summary.reasons:
        return ""
    rows = [
        (reason.stream, reason.field or "", reason.code, reason.rejected, reason.example, reason.how_to_mend)
        for reason in summary.reasons
    ]
    table = _table(("Stream", "Field", "Code", "Records", "For example", "What to do"), rows, numbers={3})
    return f"<section><h2>Rejected records</h2>{table}</section>"


def _counts(title: str, items: Sequence[CountsOf]) -> str:
    if not items:
        return ""
    names = [name for name in items[0].counts if name == "read" or any(item.counts[name] for item in items)]
    heads = ["List", *(["Segment"] if items[0].segment else []), *(name.replace("_", " ") for name in names)]
    rows = [
        (item.list, *([item.segment] if item.segment else []), *(item.counts[name] for name in names))
        for item in items[:_MAX_SEGMENTS]
    ]
    more = len(items) - len(rows)
    rest = f'<p class="quiet">and {more:,} more, in the JSON file</p>' if more else ""
    first = len(heads) - len(names)
    return f"<section><h2>{title}</h2>{_table(heads, rows, numbers=set(range(first, len(heads))))}{rest}</section>"


def _ignored(summary: RunSummary) -> str:
    if not summary.ignored_streams:
        return ""
    table = _table(("Stream", "read"), [(one.stream, one.read) for one in summary.ignored_streams], numbers={1})
    return f"<section><h2>Ignored streams</h2>{table}</section>"


def _batches(summary: RunSummary) -> str:
    if not summary.batches:
        return ""
    rows = [
        (one.stream, one.batches, _duration(one.seconds), f"{one.seconds / one.batches:.2f} s")
        for one in summary.batches
    ]
    table = _table(("Stream", "Batches", "Together", "Each"), rows, numbers={1, 2, 3})
    return f"<section><h2>Batches</h2>{table}</section>"


def _endpoints(summary: RunSummary) -> str:
    if not summary.endpoints:
        return ""
    rows = [
        (one.endpoint, one.calls, one.retries, _duration(one.seconds), f"{one.seconds / max(one.calls, 1):.2f} s")
        for one in summary.endpoints
    ]
    table = _table(("Endpoint", "Calls", "Retries", "Together", "Each"), rows, numbers={1, 2, 3, 4})
    return f"<section><h2>Calls</h2>{table}</section>"


def _settings(summary: RunSummary) -> str:
    rows = [(name, _plain(value)) for name, value in summary.settings.items()]
    return f"<section><details><summary>Settings</summary>{_table(('Setting', 'Value'), rows)}</details></section>"


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Iterable[int] = (), is_html: bool = False
) -> str:
    """Return a table.

    Args:
        heads: The heads of its columns.
        rows: Its rows: text, or whole numbers.
        numbers: The columns that are aligned to the right.
        is_html: Whether texts are HTML already.
    """
    right = set(numbers)

    def cell(kind: str, column: int, value: object) -> str:
        text = f"{value:,}" if isinstance(value, int) else str(value)
        place = ' class="number"' if column in right else ""
        # On a narrow screen, each cell stands below the other, with the head of its column.
        head = f' data-head="{escape(heads[column])}"' if kind == "td" and not is_html else ""
        return f"<{kind}{place}{head}>{text if is_html else escape(text)}</{kind}>"

    head = "".join(cell("th", column, name) for column, name in enumerate(heads))
    body = "".join(f"<tr>{''.join(cell('td', *numbered) for numbered in enumerate(row))}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _plain(value: Any) -> str:  # noqa: ANN401 - JSON
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(moment: str) -> str:
    return f"<time>{escape(moment[:19].replace('T', ' '))} UTC</time>"


def _duration(seconds: float) -> str:
    if seconds < _FEW_SECONDS:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _SECONDS_PER_MINUTE)
    hours, minutes = divmod(minutes, _SECONDS_PER_MINUTE)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
