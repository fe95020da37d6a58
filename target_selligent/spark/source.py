"""The data source `selligent` of Spark: the only part that Spark calls."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark import TaskContext
from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage

from target_selligent.spark.job import WriteJob, load_partition, open_job
from target_selligent.spark.results import TaskResult, check_results, summarize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql.types import StructType


class SelligentDataSource(DataSource):
    """Writes DataFrames into Lists of Selligent and their Segments.

    Register it with `spark.dataSource.register(SelligentDataSource)`, and write with
    `df.write.format("selligent").options(...).mode("append").save()`.
    """

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "selligent"

    def writer(self, schema: StructType, overwrite: bool) -> SelligentWriter:  # noqa: FBT001 - Spark's signature
        """Check a write, and its List, on the driver. The arguments are those of Spark.

        Raises:
            TargetSelligentError: If the options, the mode, the columns or the List cannot be used.
        """
        return SelligentWriter(open_job(self.options, os.environ, schema.jsonValue(), overwrite=overwrite))


@dataclass
class _Loaded(WriterCommitMessage):
    """What a task sends to the driver."""

    result: TaskResult


class SelligentWriter(DataSourceArrowWriter):
    """Loads the partitions of one write, and sums them up.

    Args:
        job: What all tasks share.
    """

    def __init__(self, job: WriteJob) -> None:
        self._job = job

    def write(self, iterator: Iterator[pa.RecordBatch]) -> _Loaded:
        """Load one partition, in a task."""
        task = TaskContext.get()
        if task is None:
            raise RuntimeError("write is called by Spark, in a task")
        return _Loaded(load_partition(self._job, iterator, task.partitionId(), task.taskAttemptId()))

    def commit(self, messages: Sequence[_Loaded | None]) -> None:
        """Print the summary of all tasks on the driver, and check it.

        Raises:
            RunStoppedError: If more rows were rejected than `max_rejects` allows, or if none was loaded.
        """
        results = [message.result for message in messages if message is not None]
        _print(f"Stream {self._job.options.stream} is written:", *summarize(results))
        check_results(results, self._job.options.max_rejects)

    def abort(self, messages: Sequence[_Loaded | None]) -> None:
        """Print on the driver what is in Selligent already."""
        results = [message.result for message in messages if message is not None]
        _print(
            f"Stream {self._job.options.stream} is not written whole: {len(results)} of {len(messages)} tasks have "
            "ended well. Rows of the others may be in Selligent, too. Write the DataFrame again: what is there is "
            "updated.",
            *summarize(results),
        )


def _print(*lines: str) -> None:
    """Print lines on standard error, which Spark puts into the log of the driver."""
    sys.stderr.write("".join(f"target-selligent: {line}\n" for line in lines))
    sys.stderr.flush()
