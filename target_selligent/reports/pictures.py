"""Pictures of a report as SVG, without text: their labels are text of the page, so that they stay readable. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_selligent.reports.summary import Sample

_WIDTH, _HEIGHT = 1000, 240


def draw_curves(samples: Sequence[Sample], names: Sequence[str]) -> str:
    """Return curves over time, from 0 to the largest value.

    Args:
        samples: How far the run was over time.
        names: The figures of a sample to draw; each is also the class of its curve.
    """
    end = max((sample.seconds for sample in samples), default=0) or 1
    top = highest(samples, names) or 1
    curves = []
    for name in names:
        points = [(0.0, 0), *((sample.seconds, getattr(sample, name)) for sample in samples)]
        places = " ".join(
            f"{_WIDTH * seconds / end:.1f},{_HEIGHT - _HEIGHT * value / top:.1f}" for seconds, value in points
        )
        curves.append(f'<polyline class="{name}" points="{places}"/>')
    lines = "".join(
        f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT * part / 4}" y2="{_HEIGHT * part / 4}"/>' for part in range(5)
    )
    return (
        f'<svg class="curves" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f"{lines}{''.join(curves)}</svg>"
    )


def highest(samples: Iterable[Sample], names: Sequence[str]) -> int:
    """Return the largest value that `draw_curves` draws."""
    return max((getattr(sample, name) for sample in samples for name in names), default=0)


def draw_shares(shares: Iterable[tuple[str, float]]) -> str:
    """Return one bar that is divided by shares.

    Args:
        shares: The class of each part, and its share, from 0 to 1.
    """
    parts, start = [], 0.0
    for name, share in shares:
        if share > 0:
            parts.append(f'<rect class="{name}" x="{start:.3%}" width="{share:.3%}" height="100%"/>')
        start += share
    return f'<svg class="shares" width="100%" height="28" aria-hidden="true">{"".join(parts)}</svg>'
