"""The order in which DataFrames are written to their Lists. Pure; no I/O."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from target_selligent.errors import SettingsError
from target_selligent.settings import Settings
from target_selligent.spark.options import as_options, parse_options, read_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SECRETS = {"TARGET_SELLIGENT_API_KEY": "unknown", "TARGET_SELLIGENT_API_SECRET": "unknown"}


def arrange(
    streams: Iterable[str], config: Mapping[str, Any], environment: Mapping[str, str], lists_at_a_time: int
) -> tuple[list[list[list[str]]], int]:
    """Return the order of some writes. All of them are checked first.

    Args:
        streams: The streams that are written.
        config: The config.
        environment: Environment variables, for settings that the config lacks. They need not have the secrets.
        lists_at_a_time: How many Lists are written at the same time.

    Returns:
        Groups that are written one after the other: first the parents of Lists, then their children. Each has the
        streams of each List. The second value is the calls a minute that each write may make.

    Raises:
        SettingsError: If the config cannot be used for one of the streams, or if no List may be written at a time.
    """
    if lists_at_a_time < 1:
        raise SettingsError(["lists_at_a_time must be at least 1"])
    # The driver has the secrets, and checks them.
    environment = {**_SECRETS, **environment}
    settings = Settings.from_config(read_config(as_options(config), environment))
    levels: defaultdict[int, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for stream in streams:
        parse_options(as_options({**config, "stream": stream}), environment)
        name = settings.for_stream(stream).list_api_name.casefold()
        levels[settings.load_levels.get(name, 0)][name].append(stream)
    calls = max(1, settings.requests_per_minute // lists_at_a_time)
    return [list(levels[level].values()) for level in sorted(levels)], calls
