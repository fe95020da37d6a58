"""One write of a DataFrame: what the driver prepares, and what each task loads. It does not need PySpark."""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_selligent.errors import InputError, NothingLoadedError, SettingsError, TargetSelligentError
from target_selligent.loading import LoadRun
from target_selligent.spark.options import check_secrets, parse_options
from target_selligent.spark.results import TaskResult
from target_selligent.spark.schema import to_arrow_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from target_selligent.spark.options import WriteOptions

logger = logging.getLogger("target-selligent")


@dataclass(frozen=True, slots=True)
class WriteJob:
    """What all tasks of one write share. It is sent to the executors.

    Args:
        options: The options of the write.
        schema: The columns of the DataFrame.
        write_id: Names the write in the names of rejects files.
    """

    options: WriteOptions
    schema: pa.Schema
    write_id: str


def open_job(
    options: Mapping[str, str], environment: Mapping[str, str], schema: Mapping[str, Any], *, overwrite: bool
) -> WriteJob:
    """Check a write, and check or create its List and its fields, on the driver before the tasks begin.

    Args:
        options: The options of the write.
        environment: The environment variables of the driver.
        schema: What `StructType.jsonValue()` returns.
        overwrite: Whether the mode is `overwrite`.

    Raises:
        SettingsError: If the options or the mode cannot be used.
        TargetSelligentError: If the DataFrame does not fit the List, or Selligent refuses a call.
    """
    if environment.get("SPARK_JOB_ARTIFACT_UUID", "default") != "default":
        # Set by Spark for sessions with files of their own: those of Spark Connect.
        check_secrets(options)
    if overwrite:
        raise SettingsError(["mode overwrite would have to empty the List: use mode append, which updates its records"])
    parsed = parse_options(options, environment)
    columns = to_arrow_schema(schema, parsed.stream)
    run = LoadRun(replace(parsed.settings, rejects_path=None))
    try:
        run.open_stream(parsed.stream, columns)
    finally:
        run.abandon()
    now = datetime.now(timezone.utc)
    return WriteJob(parsed, columns, f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}")


def load_partition(job: WriteJob, batches: Iterable[pa.RecordBatch], partition: int, attempt: int) -> TaskResult:
    """Load the rows of one partition, in a task.

    Args:
        job: What all tasks of the write share.
        batches: The rows.
        partition: The number of the partition, from 0.
        attempt: The number of the task, which is another if Spark runs it again.

    Returns:
        What was done. Rows that cannot be loaded are rejected.

    Raises:
        InputError: If the DataFrame has more partitions than the option `tasks` allows.
        TargetSelligentError: What has ended the loading.
    """
    options = job.options
    if partition >= options.tasks:
        raise InputError(
            f"stream {options.stream}: the DataFrame has more partitions than the option tasks allows "
            f"({options.tasks}). Selligent loads a List one call at a time: write df.repartition({options.tasks})"
        )
    settings = options.for_task(f"{job.write_id}-task{partition}-{attempt}")
    nothing_loaded = None
    run = LoadRun(settings)
    try:
        with run:
            loader = run.open_stream(options.stream, job.schema)
            loader.take_arrow(batches)
    except NothingLoadedError as error:
        # Other tasks may have loaded rows: the driver decides.
        nothing_loaded = str(error)
    except TargetSelligentError:
        logger.error("partition %d, until it failed: %s", partition, run.report)  # noqa: TRY400 - the error is raised
        raise
    finally:
        if settings.rejects_path is not None:
            _remove_if_empty(Path(settings.rejects_path))
    rejected = run.look().rejected
    return TaskResult(
        partition,
        run.report.lists,
        run.report.segments,
        run.report.count_rejected(),
        rejected,
        nothing_loaded,
        settings.rejects_path if rejected else None,
    )


def _remove_if_empty(path: Path) -> None:
    """Remove a rejects file without rejects: it was there to show at once that it can be written."""
    with suppress(OSError):
        if not path.stat().st_size:
            path.unlink()
