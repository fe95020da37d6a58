"""A stream that is not loaded: its records are counted."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from target_selligent.errors import RejectedRecord
from target_selligent.loading.ignored_stream import IgnoredStream


def test_every_record_is_counted_once() -> None:
    """However it comes, and whatever is wrong with it."""
    counts: Counter[str] = Counter()
    chunks: list[None] = []

    def count(stream: str, number: int) -> None:
        counts[stream] += number

    ignored = IgnoredStream("orders", count, lambda: chunks.append(None))
    assert dict(counts) == {"orders": 0}
    assert ignored.message_type is not None
    line = b'{"type": "RECORD", "stream": "orders", "record": {"any": [1, 2]}}'
    ignored.process_messages([msgspec.json.decode(line, type=ignored.message_type)] * 3, [line] * 3)
    ignored.process_dict({}, line)
    ignored.process_transformed({}, line)
    ignored.process_deleted({}, line)
    ignored.process_member({}, line)
    ignored.reject(RejectedRecord("a stream map fails on it", code="stream_map"), line)
    ignored.flush()
    assert counts == {"orders": 8}
    ignored.take(iter([{"a": 1}, {"a": 2}]))
    assert counts == {"orders": 10}
    assert len(chunks) == 1
    assert ignored.records_read == 10


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb"])
def test_a_name_that_json_must_escape(name: str) -> None:
    """Records of a stream with such a name come as dicts."""
    assert IgnoredStream(name, lambda *_: None, lambda: None).message_type is None
