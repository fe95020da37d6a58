"""Memory does not grow with the input."""

from __future__ import annotations

from tests.support import RunningCommand, Tenant, encode, schema, state


def test_a_schema_that_flips_takes_no_more_memory(tenant: Tenant) -> None:
    """Sinks of schemas that were replaced are not kept."""
    wide = {f"column{number}": "string" for number in range(200)}
    flip = encode([schema({"key": "string", **wide}), schema({"key": "string", "other": "string", **wide})])
    peaks = []
    for count in (5, 50):
        tenant.start_over()
        with RunningCommand(tenant.config(create_list_if_not_exists=True)) as command:
            other = encode([schema({"key": "string", "other": "string"})])
            command.write(other + flip * count + encode([state({"position": count})]))
            command.wait_until(lambda: command.printed_count > 0)
            peaks.append(command.peak_memory())
    assert peaks[1] < peaks[0] + (32 << 20)
