"""JSON with and without msgspec."""

import subprocess
import sys

import pytest

CODE = r"""
import sys
if HIDDEN:
    sys.modules["msgspec"] = None
from target_selligent.emulator.jsontext import decode, encode
text = rb'[9007199254740993, 1.5, "\u0000", "\ud83d\ude00", null, true]'
assert decode(text) == [2**53 + 1, 1.5, chr(0), chr(0x1F600), None, True]
assert decode(encode({"a": [1, chr(233), False]})) == {"a": [1, chr(233), False]}
assert encode(chr(0xD800)) == rb'"\ud800"'
for text in (b"", b"[", b"[NaN]", rb'["\ud800"]', b'["\xff"]', b"[" * 100000):
    try:
        decode(text)
    except ValueError:
        continue
    raise AssertionError(text)
"""


@pytest.mark.parametrize("hidden", [False, True], ids=["msgspec", "json"])
def test_both_decoders_accept_and_refuse_the_same(hidden: bool) -> None:  # noqa: FBT001 - a case
    """Large integers and all Unicode pass. NaN, lone surrogates and endless nesting are refused."""
    code = CODE.replace("HIDDEN", str(hidden))
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
