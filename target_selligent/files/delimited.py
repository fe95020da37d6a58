"""CSV files: text in rows, with the names of the columns in the first one."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import contextmanager
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, cast

from target_selligent.errors import InputError
from target_selligent.records import UnwritableRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from target_selligent.records import RecordLineWriter

_DELIMITERS = ",;\t|"
_DELIMITER_LINE = re.compile(r'"?sep=([^\r\n"])"?\s*', re.IGNORECASE)
"""A first line that says the delimiter. Excel reads and hides it, so it is not counted as a row."""
_CHUNK_ROWS = 1024
_MAX_CELL_LENGTH = 1 << 24
"""A longer cell is probably a quote that is not closed: the rest of the file would be one text in memory."""
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_VALUE = re.compile(r".*@.*|[\d.,:/+ -]{5,}", re.DOTALL)
"""What is no name of a column: an e-mail address, a date, a telephone number, the number of a customer."""
_ROW_OF_FIRST_RECORD = 2
"""Rows are counted from 1, as programs for tables do, and the first one is the header."""


def read_schema(file: IO[bytes], name: str) -> Mapping[str, Any]:
    """Return the JSON Schema of the rows: every column is text or null.

    Args:
        file: The file.
        name: Its name, for messages.

    Raises:
        InputError: If it has no header, or if a column has no name, or one that another column has.
    """
    with _opened(file, name) as (columns, _):
        return {"type": "object", "properties": {column: {"type": ["string", "null"]} for column in columns}}


def read_messages(file: IO[bytes], name: str, writer: RecordLineWriter) -> Iterator[list[bytes] | UnwritableRecord]:
    """Yield the rows of a file as RECORD messages, many at once. An empty cell is null.

    A row without any value is left out. One that has another number of cells than the header is yielded by itself.

    Args:
        file: The file.
        name: Its name, for messages.
        writer: Writes the messages.

    Raises:
        InputError: If the header cannot be used, if quotes are wrong, or if a cell is too long. The rows before are
            yielded first.
        Exception: What the file raises, after the rows before.
    """
    number = _ROW_OF_FIRST_RECORD
    problem: Exception | None = None
    with _opened(file, name) as (columns, reader):
        while problem is None:
            rows: list[list[str]] = []
            try:
                # The rows before the one that raises stay in the list.
                rows.extend(islice(reader, _CHUNK_ROWS))
            except Exception as error:  # noqa: BLE001 - raised below
                problem = error
            yield from _write(rows, number, columns, writer)
            number += len(rows)
            if not rows and problem is None:
                return
    if not isinstance(problem, csv.Error):
        raise problem
    raise InputError(
        f"row {number:,} of {name} cannot be read ({problem}): a cell with a quote must stand in quotes, with two "
        "quotes for each in it"
    )


@contextmanager
def _opened(file: IO[bytes], name: str) -> Iterator[tuple[list[str], Iterator[list[str]]]]:
    """Yield the names of the columns, and an iterator over the other rows. The file is closed after the block."""
    csv.field_size_limit(_MAX_CELL_LENGTH)
    mark = file.read(2)
    file.seek(0)
    encoding = "utf-16" if mark in _UTF16_MARKS else "utf-8-sig"
    # What is not UTF-8 becomes lone surrogates, which no field accepts: only its row is rejected.
    with io.TextIOWrapper(cast("io.BufferedReader", file), encoding, "surrogateescape", newline="") as text:
        header = _read_header(text)
        if (said := _DELIMITER_LINE.fullmatch(header[0])) is not None:
            header = _read_header(text)
        delimiter = said[1] if said is not None else max(_DELIMITERS, key=lambda one: _count_cells(header, one))
        reader = csv.reader(chain(header, text), delimiter=delimiter, strict=True)
        try:
            columns = [column.strip() for column in next(reader)] if header[0].strip() else []
        except (csv.Error, StopIteration):
            columns = []
        if problem := _find_problem(columns):
            raise InputError(f"file {name} cannot be loaded: {problem}")
        yield columns, reader


def _read_header(text: IO[str]) -> list[str]:
    """Return the lines of the header. A line break in quotes is a part of a name."""
    lines = [text.readline()]
    quotes, length = lines[0].count('"'), len(lines[0])
    while quotes % 2 and length < _MAX_CELL_LENGTH and (line := text.readline()):
        lines.append(line)
        quotes += line.count('"')
        length += len(line)
    return lines


def _count_cells(lines: Sequence[str], delimiter: str) -> int:
    """Return how many cells a header has with a delimiter; 0 if its quotes are wrong then."""
    try:
        return len(next(csv.reader(lines, delimiter=delimiter, strict=True), []))
    except csv.Error:
        return 0


def _find_problem(columns: Sequence[str]) -> str | None:
    """Return what is wrong with the names of columns."""
    if not columns:
        return "its first row must name the columns"
    if any("\ud800" <= letter <= "\udfff" for column in columns for letter in column):
        return "the names of its columns are not UTF-8: save it as UTF-8"
    if any(map(_VALUE.fullmatch, columns)):
        # Later messages would show the names.
        return "its first row has values in it: put a row with the names of the columns above it"
    if "" in columns:
        return f"column {columns.index('') + 1} has no name in the first row: name it, or leave it out"
    double = next((column for column in columns if columns.count(column) > 1), None)
    return None if double is None else f"two columns have the name {double}: rename one"


def _write(
    rows: Sequence[Sequence[str]], number: int, columns: Sequence[str], writer: RecordLineWriter
) -> Iterator[list[bytes] | UnwritableRecord]:
    """Yield the messages of rows, the first of which has the number."""
    if {len(columns)}.issuperset(map(len, rows)):
        yield from _write_whole(rows, columns, writer)
        return
    start = 0
    for index, row in enumerate(rows):
        if row and len(row) != len(columns):
            yield from _write_whole(rows[start:index], columns, writer)
            start = index + 1
            if any(row):
                yield _mark(row, number + index, columns, writer)
    yield from _write_whole(rows[start:], columns, writer)


def _write_whole(
    rows: Iterable[Sequence[str]], columns: Sequence[str], writer: RecordLineWriter
) -> Iterator[list[bytes] | UnwritableRecord]:
    """Yield the messages of rows that have all cells, or none."""
    known = [row for row in rows if any(row)]
    if not known:
        return
    cells = [[cell or None for cell in column] for column in zip(*known, strict=True)]
    try:
        yield writer.write_columns(dict(zip(columns, cells, strict=True)))
    except UnicodeEncodeError:
        yield from writer.write_chunks(dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True))


def _mark(row: Sequence[str], number: int, columns: Sequence[str], writer: RecordLineWriter) -> UnwritableRecord:
    """Return a row with another number of cells than the header. Cells beyond it get names of their own."""
    names = [*columns, *(f"cell {index + 1}" for index in range(len(columns), len(row)))]
    line = writer.wrap(json.dumps(dict(zip(names, row, strict=False))).encode())
    return UnwritableRecord(f"row {number:,} has {len(row)} cells, and the header {len(columns)}", line, code="bad_row")
