"""Keys and records of a whole run: which rows of a batch are the first of their key, and the last record of a key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_selligent.run_store import FirstRows, LoadedKeys


@given(
    st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.booleans(), st.booleans()), max_size=12),
    st.integers(1, 5),
)
def test_the_first_good_row_of_each_key(rows: list[tuple[bytes, bool, bool]], size: int) -> None:
    """Over all batches, the first good row of a key is sent and none after it. Each row not sent is counted."""
    seen = LoadedKeys()
    sent: list[int] = []
    left_out = 0
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        usable = [index for index, (_, _, is_lost) in enumerate(batch) if not is_lost]
        firsts = FirstRows([key for key, _, _ in batch], usable, seen)
        refused: set[int] = set()
        to_send = firsts.indexes
        while to_send:
            assert len({batch[index][0] for index in to_send}) == len(to_send)
            assert to_send == sorted(to_send)
            sent += [start + index for index in to_send]
            new = {index for index in to_send if not batch[index][1]}
            refused |= new
            to_send = firsts.replacements_for(new)
        left_out += firsts.finish(refused)

    wanted: list[int] = []
    loaded: set[bytes] = set()
    for number, (key, good, is_lost) in enumerate(rows):
        if not is_lost and key not in loaded:
            wanted.append(number)
            if good:
                loaded.add(key)
    assert sorted(sent) == wanted
    assert left_out == sum(not is_lost for _, _, is_lost in rows) - len(wanted)
