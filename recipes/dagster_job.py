"""A nightly Dagster job: one run of `nightly.sh`, whose log and exit code are those of the job.

SELLIGENT_FOLDER is the folder with config.json and state.json; SELLIGENT_TAP is the tap's command.
"""

import os
import shlex
import subprocess
from pathlib import Path

import dagster

NIGHTLY = Path(__file__).with_name("nightly.sh")


@dagster.op
def load_selligent(context: dagster.OpExecutionContext) -> None:
    """Run tap and target once; fail with the target's own error."""
    command = [NIGHTLY, os.environ["SELLIGENT_FOLDER"], *shlex.split(os.environ["SELLIGENT_TAP"])]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        lines = [line.rstrip() for line in process.stderr or ()]
        for line in lines:
            context.log.info(line)
    if process.returncode:
        raise dagster.Failure(description=lines[-1] if lines else f"exit code {process.returncode}")


@dagster.job
def selligent_job() -> None:
    """The customers of the warehouse, in Selligent."""
    load_selligent()


definitions = dagster.Definitions(
    jobs=[selligent_job],
    schedules=[dagster.ScheduleDefinition(job=selligent_job, cron_schedule="0 3 * * *", name="nightly")],
)
