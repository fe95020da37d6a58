"""Hashes of keys and rows, to recognize a row that was sent before. Pure; no I/O.

A fingerprint is 12 bytes for the row with the names of its fields, then 8 bytes for the Segments that its record names.
A key is hashed to 8 bytes. Two keys with the same hash only cause rows to be sent again, because the row has the key,
too.
"""

from __future__ import annotations

import struct
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from target_selligent.batches import normalize_for_order, segment_tuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from target_selligent.batches import Route
    from target_selligent.records import Key, Segments

ROW_BYTES = 12
SEGMENTS_BYTES = 8
_KEY_BYTES = 8
FINGERPRINT_BYTES = ROW_BYTES + SEGMENTS_BYTES
_MAX_CACHED = 100_000
_PLAIN = frozenset({str, int})
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines


class ListHasher:
    """Hashes the keys and rows of one List.

    All hashes depend on the salt. Without it, nobody can tell from a hash which value it is of. Whoever has the salt
    can only test guesses.

    Args:
        salt: Random bytes, up to 64.
    """

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._key_hash = self._new_hash(_KEY_BYTES, b"key")
        self._row_hashes: dict[tuple[str, ...], blake2b] = {}
        self._segments: dict[Segments, bytes] = {}

    def hash_keys(self, route: Route, keys: Sequence[Key]) -> Sequence[int]:
        """Return a whole number of 64 bits for each key. Keys that could be the same to any tenant have the same one.

        Args:
            route: The route of the keys. The order of its key fields does not matter.
            keys: The keys.

        Raises:
            UnicodeEncodeError: If a key has text that is not valid Unicode.
        """
        forms = normalize_for_order(route.key_types, keys)
        names = [name.casefold() for name in route.key_fields]
        if names != sorted(names):
            order = sorted(range(len(names)), key=names.__getitem__)
            forms = [tuple(form[index] for index in order) for form in forms]  # type: ignore[index]
        if not _PLAIN.issuperset(map(type, forms)):
            forms = list(map(_canonical, forms))
        copy, digests = self._key_hash.copy, []
        for form in _encode_lines(forms).split(b"\n")[:-1]:
            one = copy()
            one.update(form)
            digests.append(one.digest())
        return struct.unpack(f"<{len(digests)}q", b"".join(digests))

    def hash_rows(self, fields: tuple[str, ...], rows_json: Sequence[bytes]) -> list[bytes]:
        """Return `ROW_BYTES` bytes for each row.

        Args:
            fields: The names of the fields, in row order. Rows with other fields have other hashes.
            rows_json: Each row as JSON.
        """
        base = self._row_hashes.get(fields)
        if base is None:
            base = self._row_hashes[fields] = self._new_hash(ROW_BYTES, b"row")
            base.update(_encode(fields))
        copy, digests = base.copy, []
        for row_json in rows_json:
            one = copy()
            one.update(row_json)
            digests.append(one.digest())
        return digests

    def hash_segments(self, segments: Segments) -> bytes:
        """Return `SEGMENTS_BYTES` bytes for the Segments that a record names, in any order.

        Args:
            segments: One or several Segments, or none.
        """
        known = self._segments.get(segments)
        if known is None:
            if len(self._segments) >= _MAX_CACHED:
                self._segments.clear()
            one = self._new_hash(SEGMENTS_BYTES, b"segments")
            one.update(_encode(sorted({*segment_tuple(segments)})))
            known = self._segments[segments] = one.digest()
        return known

    def _new_hash(self, size: int, purpose: bytes) -> blake2b:
        return blake2b(digest_size=size, key=self._salt, person=purpose)


def holds(stored: bytes, fingerprint: bytes) -> bool:
    """Return whether what is stored for a key includes a fingerprint: the same row, and its Segments.

    Args:
        stored: Empty, or a fingerprint, or one with the Segments of further records of the same row.
        fingerprint: The fingerprint of one record.
    """
    if stored == fingerprint or stored[:ROW_BYTES] != fingerprint[:ROW_BYTES]:
        return stored == fingerprint
    segments = fingerprint[ROW_BYTES:]
    return any(
        stored[start : start + SEGMENTS_BYTES] == segments for start in range(ROW_BYTES, len(stored), SEGMENTS_BYTES)
    )


def combine(stored: bytes, fingerprint: bytes) -> bytes:
    """Return what to store for a key after a further record of it was loaded.

    Args:
        stored: What earlier records of the same run have left; empty if they have left nothing.
        fingerprint: The fingerprint of the record; empty if nothing is known of it.
    """
    if stored[:ROW_BYTES] != fingerprint[:ROW_BYTES] or not stored:
        return fingerprint
    return stored if holds(stored, fingerprint) else stored + fingerprint[ROW_BYTES:]


def _canonical(form: Hashable) -> Hashable:
    """Return the same form for the same number, whatever its type."""
    if isinstance(form, tuple):
        return tuple(map(_canonical, form))
    if isinstance(form, Decimal):
        return int(form) if form == form.to_integral_value() else float(form)
    return form
