"""What a run keeps in memory does not grow with what the tap sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import encode, peak_memory, schema, state

from .harness import Command

if TYPE_CHECKING:
    from .harness import Selligent


def test_a_schema_that_flips_takes_no_more_memory(selligent: Selligent) -> None:
    """Sinks of schemas that were replaced are not kept."""
    wide = {f"column{number}": "string" for number in range(200)}
    flip = encode([schema({"key": "string", **wide}), schema({"key": "string", "other": "string", **wide})])
    peaks = []
    for count in (5, 50):
        selligent.refresh()
        with Command(selligent.config(create_list_if_not_exists=True)) as command:
            other = encode([schema({"key": "string", "other": "string"})])
            command.write(other + flip * count + encode([state({"position": count})]))
            command.wait_until(lambda: command.printed > 0)
            peaks.append(peak_memory(command.process.pid))
    assert peaks[1] < peaks[0] + (32 << 20)
