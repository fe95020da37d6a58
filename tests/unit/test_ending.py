"""The end of a run: one summary, and an end of the process that nothing can hold up."""

from __future__ import annotations

import subprocess
import sys
import threading

from target_selligent.ending import Ending

SCRIPT = """
import os, threading
from target_selligent.ending import Ending

def report(text):
    os.write(1, f"{{text}}\\n".encode())  # whole, although two threads write

ending = Ending(lambda: report("frozen"), lambda: report("summary"))
{before}
ending.end_process_after(0.01, 7, {reason}, {report})
threading.Event().wait()
"""


def run_script(
    reason: str = "lambda: report('reason')", before: str = "", report: str = "lambda: None"
) -> tuple[int, list[str]]:
    """Run a process that would never end by itself; return its exit code and what it printed."""
    script = SCRIPT.format(before=before, reason=reason, report=report)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.split()


def test_the_summary_is_printed_once() -> None:
    """Whichever threads ask for it."""
    printed: list[str] = []
    ending = Ending(lambda: None, lambda: printed.append("summary"))
    threads = [threading.Thread(target=ending.print_summary_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert printed == ["summary"]


def test_the_process_ends_with_summary_and_reason() -> None:
    """STATE is frozen first; the reason comes last; the exit code is the given one."""
    assert run_script() == (7, ["frozen", "summary", "reason"])


def test_a_summary_that_is_printed_is_not_repeated() -> None:
    """A run that has ended its loading may still wait for something."""
    assert run_script(before="ending.print_summary_once()") == (7, ["summary", "frozen", "reason"])


def test_a_reason_that_cannot_be_printed_does_not_hold_up_the_end() -> None:
    """Who reads the log may have stopped reading."""
    shorter = "import target_selligent.ending as ours; ours._LAST_MESSAGES_SECONDS = 0.2"
    assert run_script(reason="threading.Event().wait", before=shorter) == (7, ["frozen", "summary"])


def test_the_report_is_written_while_messages_are_held_up() -> None:
    """Who reads the log may have stopped reading; the report is a file, and needs nobody to read it."""
    written = "lambda: (threading.Event().wait(0.05), report('report'))"
    assert run_script(report=written) == (7, ["frozen", "summary", "reason", "report"])
    shorter = "import target_selligent.ending as ours; ours._LAST_MESSAGES_SECONDS = 1"
    held_up = run_script(reason="threading.Event().wait", report="lambda: report('report')", before=shorter)
    assert (held_up[0], sorted(held_up[1])) == (7, ["frozen", "report", "summary"])
