"""Rows of CSV files become RECORD messages of text."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_selligent.errors import InputError
from target_selligent.files import delimited
from target_selligent.files.delimited import read_messages, read_schema
from target_selligent.records import RecordLineWriter, UnwritableRecord, decode_record

WRITER = RecordLineWriter("people")


def columns_of(content: bytes) -> list[str]:
    """Return the names of the columns of a file."""
    return list(read_schema(io.BytesIO(content), "people")["properties"])


def read(content: bytes) -> list[Any]:
    """Return the records of a file; of a row that cannot be loaded, code, reason and record."""
    found: list[Any] = []
    for chunk in read_messages(io.BytesIO(content), "people", WRITER):
        if isinstance(chunk, UnwritableRecord):
            found.append((chunk.code, chunk.reason, decode_record(chunk.line)))
        else:
            found += map(decode_record, chunk)
    return found


def test_a_cell_is_text_or_null() -> None:
    """Digits stay as they are, an empty cell is null in quotes, too, and rows without a value are no rows."""
    content = b'\xef\xbb\xbfid, name ,note\r\n007,NULL,"a ""b"",\r\nc"\r\n,,\r\n\r\n8,"", x\r\n'
    assert read(content) == [
        {"id": "007", "name": "NULL", "note": 'a "b",\r\nc'},
        {"id": "8", "name": None, "note": " x"},
    ]
    assert read_schema(io.BytesIO(content), "people")["properties"]["id"] == {"type": ["string", "null"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_that_of_the_header(delimiter: str) -> None:
    """The one that makes the most columns, outside of quotes."""
    header, row = ["id", "a,b,c;d;e|f|g", "name"], ["1", "2", "x, y"]
    lines = [delimiter.join(f'"{cell}"' for cell in cells) for cells in (header, row)]
    assert read("\n".join(lines).encode()) == [dict(zip(header, row, strict=True))]


@pytest.mark.parametrize(("delimiter", "mark"), [(";", ""), (",", ""), ("\t", ""), ("^", ""), (";", "\ufeff")])
def test_a_first_line_may_say_the_delimiter(delimiter: str, mark: str) -> None:
    """As for Excel, which does not show the line: the row after it is row 1."""
    lines = [f"{mark}sep={delimiter}", delimiter.join(["id", "a,b;c"]), delimiter.join(["1", "x"]), "2"]
    if delimiter in ",;":
        lines[1] = delimiter.join(["id", '"a,b;c"'])
    assert read("\r\n".join(lines).encode()) == [
        {"id": "1", "a,b;c": "x"},
        ("bad_row", "row 3 has 1 cells, and the header 2", {"id": "2"}),
    ]


@pytest.mark.parametrize("line", ["SEP=;", '"sep=;"', "sep=; "])
def test_other_spellings_of_the_line_with_the_delimiter(line: str) -> None:
    """Programs differ."""
    assert read(f"{line}\r\nid;a,b\r\n1;x\r\n".encode()) == [{"id": "1", "a,b": "x"}]


def test_a_name_of_a_column_may_have_a_line_break() -> None:
    """The delimiter is found all the same, also if a quote is no more than a letter."""
    assert read(b'id;"first\nname"\n1;"x\ny"\n') == [{"id": "1", "first\nname": "x\ny"}]
    assert columns_of(b'id,screen 5",name\n1,HD;4K;OLED;HDR;60Hz,x\n') == ["id", 'screen 5"', "name"]


def test_rows_before_a_break_are_read() -> None:
    """Whatever breaks: here, UTF-16 with half a letter at its end."""
    content = "id\n".encode("utf-16") + "1\n".encode("utf-16-le") * 1500 + b"x"
    chunks = read_messages(io.BytesIO(content), "people", WRITER)
    found: list[Any] = []
    with pytest.raises(UnicodeDecodeError):
        found.extend(line for chunk in chunks if isinstance(chunk, list) for line in chunk)
    assert len(found) == 1500


def test_a_quote_in_the_header_that_is_never_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is not read to its end for it."""
    monkeypatch.setattr(delimited, "_MAX_CELL_LENGTH", 1000)
    file = io.BytesIO(b'id,"name\n' + b"1,x\n" * 1_000_000)
    read_so_far: list[int] = []
    close = file.close

    def note_and_close() -> None:
        read_so_far.append(file.tell())
        close()

    monkeypatch.setattr(file, "close", note_and_close)
    read_schema(file, "people")
    assert read_so_far[0] < 100_000


def test_utf_16_is_known_by_its_mark() -> None:
    """A table program writes such text files."""
    assert read("id\tname\r\n1\tZoë\r\n".encode("utf-16")) == [{"id": "1", "name": "Zoë"}]


def test_a_row_that_cannot_be_loaded_is_alone() -> None:
    """Rows around one with too many or too few cells, or with text in another encoding, are read."""
    rows = [b"1,a", b"2", b"3,c,d", b"4,\xe9", b"5,e"]
    assert read(b"\n".join([b"id,name", *rows])) == [
        {"id": "1", "name": "a"},
        ("bad_row", "row 3 has 1 cells, and the header 2", {"id": "2"}),
        ("bad_row", "row 4 has 3 cells, and the header 2", {"id": "3", "name": "c", "cell 3": "d"}),
        {"id": "4", "name": "\udce9"},
        {"id": "5", "name": "e"},
    ]


@pytest.mark.parametrize("fault", ['"never closed', '"a"b,c'])
def test_wrong_quotes_end_the_file(fault: str) -> None:
    """The rows before it come first."""
    lines = ["id,name", *(f"{number},x" for number in range(3000)), fault, "1,2"]
    chunks = read_messages(io.BytesIO("\n".join(lines).encode()), "people", WRITER)
    found: list[Any] = []
    with pytest.raises(InputError, match=r"row 3,002 of people cannot be read"):
        found.extend(line for chunk in chunks if isinstance(chunk, list) for line in chunk)
    assert len(found) == 3000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "its first row must name the columns"),
        (b"\n1,2\n", "its first row must name the columns"),
        (b'"id,name', "its first row must name the columns"),
        (b"17,bo@example.com\n", "its first row has values in it"),
        (b"Bo;1990-01-31\n", "its first row has values in it"),
        (b"id,\n1,2", "column 2 has no name"),
        (b"id,id\n", "two columns have the name id"),
        (b"id,pr\xe9nom\n", "not UTF-8"),
    ],
)
def test_a_header_that_cannot_be_used(content: bytes, words: str) -> None:
    """It is one line that names the file."""
    with pytest.raises(InputError, match=f"file people cannot be loaded: .*{words}"):
        columns_of(content)


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=3, max_size=3),
        max_size=20,
    )
)
def test_what_is_written_is_read(rows: list[list[str]]) -> None:
    """Whatever text a program writes into cells comes back, and no row is lost."""
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b", "c"], *rows])
    expected = [dict(zip("abc", (cell or None for cell in row), strict=True)) for row in rows if any(row)]
    assert json.dumps(read(text.getvalue().encode())) == json.dumps(expected)
