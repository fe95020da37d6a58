"""Input that ends after a number of records, wherever its chunks end."""

from __future__ import annotations

import io

import pytest

from target_selligent.limited_input import LimitedInput

SCHEMA = b'{"type": "SCHEMA", "stream": "a", "schema": {"properties": {"type": {"const": "RECORD"}}}}\n'
RECORD = b'{"stream": "a", "record": {"type": "STATE"}, "type": "RECORD"}\n'
STATE = b'{"type": "STATE", "value": {"type": "RECORD"}}\n'


def read(content: bytes, records: int, chunk: int) -> bytes:
    """Return what a reader gets that asks for chunks of some size."""
    source = LimitedInput(io.BytesIO(content), records)
    found = bytearray()
    buffer = bytearray(chunk)
    while count := source.readinto1(memoryview(buffer)):
        found += buffer[:count]
    return bytes(found)


@pytest.mark.parametrize("chunk", [1, 7, 64, 4096])
def test_it_ends_after_the_last_record(chunk: int) -> None:
    """Only RECORD messages count, at whatever place of a chunk a line ends."""
    lines = [SCHEMA, RECORD, STATE, RECORD, STATE, RECORD]
    assert read(b"".join(lines), 2, chunk) == b"".join(lines[:4])


@pytest.mark.parametrize("chunk", [1, 64, 4096])
def test_all_of_a_shorter_input_is_read(chunk: int) -> None:
    """An input with fewer records is read to its end, with what is no message."""
    content = SCHEMA + RECORD + b"not JSON\n\xff\n" + RECORD.strip()
    assert read(content, 5, chunk) == content


@pytest.mark.parametrize("chunk", [1, 7, 64, 4096])
def test_records_of_a_batch_count_in_their_place(chunk: int) -> None:
    """Those behind it do not count before it, although they come in the same chunk."""
    batch = b'{"type": "BATCH", "stream": "a"}\n'
    lines = [RECORD, batch, RECORD, STATE, RECORD, RECORD]
    source = LimitedInput(io.BytesIO(b"".join(lines)), 5)
    found, buffer = b"", bytearray(chunk)
    while count := source.readinto1(memoryview(buffer)):
        found += buffer[:count]
        if found == b"".join(lines[:2]):
            assert [source.take(1), source.take(1)] == [1, 1]
    assert found == b"".join(lines[:5])
    assert source.take(1) == 0
