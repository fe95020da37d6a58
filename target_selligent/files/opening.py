"""Opens a file: of this machine, or of a storage that fsspec knows, such as `s3://bucket/customers.parquet`."""

from __future__ import annotations

import gzip
import io
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_GZIP = b"\x1f\x8b"
"""The first bytes of each gzip file (RFC 1952)."""
_SCHEME = "://"


@contextmanager
def open_file(address: str, options: Mapping[str, Any]) -> Iterator[IO[bytes]]:
    """Open a file for reading, and close it after the block.

    Args:
        address: Its path or URL.
        options: What fsspec needs to open it, such as credentials. Files of this machine need nothing.

    Yields:
        The file, which can be read at any place.

    Raises:
        Exception: Whatever the storage raises if the file cannot be opened.
    """
    if (path := find_local_path(address)) is not None:
        with path.open("rb") as file:
            yield file
        return
    # It comes with the SDK. Only files of other storages need it.
    from fsspec.core import url_to_fs  # noqa: PLC0415

    storage, inner_path = url_to_fs(address, **options)
    with storage.open(inner_path, "rb") as file:
        yield file


def find_local_path(address: str) -> Path | None:
    """Return the path of a file of this machine; None if another storage has it.

    Args:
        address: A path, or a URL such as `file:///tmp/customers.jsonl`.
    """
    if _SCHEME not in address:
        return Path(address)
    parts = urlsplit(address)
    if parts.scheme != "file":
        return None
    # The SDK writes a blank as `%20`, other writers leave it as it is.
    path = Path(address.partition(_SCHEME)[2])
    unquoted = Path(unquote(str(path)))
    return path if path.exists() else unquoted


def name_file(address: str) -> str:
    """Return the path or URL of a file for messages: without a password, a token or a signature that it may contain.

    Args:
        address: The path or URL.
    """
    if _SCHEME not in address:
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}{_SCHEME}{parts.netloc.rpartition('@')[2]}{parts.path}"


def unzip(file: IO[bytes]) -> IO[bytes]:
    """Return the content of a file: unzipped if it is a gzip file, whatever its name is.

    Args:
        file: The file. It is read from its start.
    """
    start = file.read(len(_GZIP))
    file.seek(0)
    raw = gzip.GzipFile(fileobj=file) if start == _GZIP else file
    # Lines of a buffered reader are much faster to read.
    return raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", raw))
