"""What is learned of sizes: none that is known to be too large is sent again, none that was taken is ruled out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.batches.body import Body, encode_rows
from target_selligent.loading.sizes import Size, SizeLimit


def body_of(lengths: list[int]) -> Body:
    """Return a body with a row of about each length."""
    body = Body()
    body.append(encode_rows([("x" * length,) for length in lengths]), len(lengths))
    return body


def load(limit: SizeLimit, body: Body, *, max_bytes: int = 1 << 40, max_rows: int = 1 << 40) -> list[tuple[int, bool]]:
    """Load a body as the target does, at a server with limits; return each call's size and whether it was taken."""
    calls = []
    pending = [range(len(body))]
    while pending:
        part = pending.pop()
        parts = limit.cut(body, part, 1 << 40)
        if len(parts) > 1:
            pending += reversed(parts)
            continue
        size = Size(body.size_bytes_of(part), len(part))
        taken = size.bytes <= max_bytes and size.rows <= max_rows
        calls.append((size.bytes, taken or len(part) == 1))
        if taken:
            limit.note_accepted(size)
        elif len(part) > 1:  # a single row that is too large is rejected, and nothing is learned from it
            halves = body.halve(part)
            limit.note_too_large(size, max(Size(body.size_bytes_of(half), len(half)) for half in halves))
            pending += reversed(halves)
    return calls


@given(st.lists(st.integers(1, 60), min_size=2, max_size=80), st.integers(20, 1000))
def test_no_size_is_tried_again(lengths: list[int], max_bytes: int) -> None:
    """Each body that is refused is smaller than all that were refused before."""
    limit = SizeLimit(1 << 30)
    bodies = [body_of(lengths), body_of(lengths[::-1]), body_of(lengths)]
    refused = [size for body in bodies for size, taken in load(limit, body, max_bytes=max_bytes) if not taken]
    assert refused == sorted(set(refused), reverse=True)


def test_as_few_are_refused_as_halving_makes() -> None:
    """A limit of a sixteenth is found with four refusals, and later bodies are cut to it before they are sent."""
    limit, body = SizeLimit(1 << 30), body_of([50] * 160)
    first = load(limit, body, max_bytes=body.size_bytes // 15)
    assert [taken for _, taken in first].count(False) == 4
    second = load(limit, body, max_bytes=body.size_bytes // 15)
    assert [taken for _, taken in second] == [True] * 16


def test_a_limit_of_rows_is_told_from_one_of_bytes() -> None:
    """Small rows that are refused for their number, after larger bodies were taken, leave the limit of bytes alone."""
    limit = SizeLimit(1 << 30)
    wide, narrow = body_of([500] * 50), body_of([1] * 100)
    assert load(limit, wide, max_rows=60) == [(wide.size_bytes, True)]
    assert [taken for _, taken in load(limit, narrow, max_rows=60)].count(False) == 1
    assert limit.max_bytes == 1 << 30
    assert load(limit, wide, max_rows=60) == [(wide.size_bytes, True)]


def test_chance_changes_nothing() -> None:
    """A body that fails although one of its size was taken lowers no limit, the first time."""
    limit = SizeLimit(1000)
    limit.note_accepted(Size(900, 9))
    assert not limit.note_too_large(Size(900, 9), Size(450, 5))
    assert (limit.max_bytes, limit.max_rows > 1000) == (1000, True)
    assert limit.note_too_large(Size(900, 9), Size(450, 5))
    assert 450 <= limit.max_bytes < 900
