"""Writes several DataFrames, each to its List, some at a time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from pyspark import inheritable_thread_target

from target_selligent.spark.options import as_options, check_secrets
from target_selligent.spark.order import arrange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame


def write_lists(frames: Mapping[str, DataFrame], config: Mapping[str, Any], *, lists_at_a_time: int = 2) -> None:
    """Write DataFrames to their Lists, each with one task, and several Lists at a time.

    Selligent allows one bulk operation for each List. So the DataFrames of one List are written one after the other,
    those of different Lists at the same time. Lists that are a parent of others come first. The writes share the quota
    of the API key.

    Args:
        frames: The DataFrames, by the names of their streams. `streams` of the config says which List is whose.
        config: The config, as in `config.json`. Environment variables are used for what it lacks: secrets are those of
            the driver, which is another machine with Spark Connect.
        lists_at_a_time: How many Lists are written at the same time. As many tasks of Spark run at the same time.

    Raises:
        SettingsError: If the config cannot be used.
        Exception: What the first write that failed has raised. All others have ended then.
    """
    if any(type(frame).__module__.startswith("pyspark.sql.connect") for frame in frames.values()):
        check_secrets(name for name, value in config.items() if value is not None)
    waves, requests_per_minute = arrange(frames, config, os.environ, lists_at_a_time)

    def write(streams: Sequence[str]) -> None:
        for stream in streams:
            options = as_options({**config, "stream": stream, "tasks": 1, "requests_per_minute": requests_per_minute})
            frame = frames[stream]
            # Spark looks for a data source in the session that is active in the thread, and this makes it so.
            frame.sparkSession.createDataFrame([], "nothing int")
            frame.repartition(1).write.format("selligent").options(**options).mode("append").save()

    with ThreadPoolExecutor(lists_at_a_time) as threads:
        for wave in waves:
            writes = [
                threads.submit(inheritable_thread_target(frames[streams[0]].sparkSession)(write), streams)
                for streams in wave
            ]
            errors = [error for one in writes if (error := one.exception()) is not None]
            if errors:
                raise errors[0]
