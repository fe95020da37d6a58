"""The files of a report: JSON, and a page beside it. Each is complete or not there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from target_selligent.errors import DestinationError

if TYPE_CHECKING:
    from target_selligent.reports.summary import RunSummary


class ReportFile:
    """The report of a run, as JSON and as a page.

    Args:
        path: The JSON file, as in the setting `report_path`. The page has the same name with `.html` at its end.

    Raises:
        DestinationError: If no file can be written there.
    """

    def __init__(self, path: str) -> None:
        try:
            self._path = Path(path).expanduser()
            if self._path.is_dir():
                raise IsADirectoryError(0, "it is a folder")
            # A new file shows that the folder is there and may be written; a report of an earlier run stays.
            self._temporary(self._path).touch()
            self._temporary(self._path).unlink()
        except (OSError, RuntimeError, ValueError) as error:
            # RuntimeError: `~` with an unknown user. ValueError: a NUL in the path.
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise DestinationError(f"report_path {path!r} cannot be written: {reason}") from None

    def write(self, summary: RunSummary) -> None:
        """Write both files, in place of those of an earlier run.

        Args:
            summary: What the report holds.

        Raises:
            OSError: If a file cannot be written. What was there before stays.
        """
        # Imported here, because most runs write no report.
        from target_selligent.reports.page import render  # noqa: PLC0415

        self._replace(self._path, summary.to_json())
        self._replace(self._path.with_suffix(".html"), render(summary).encode("utf-8", "replace"))

    def _replace(self, path: Path, content: bytes) -> None:
        temporary = self._temporary(path)
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _temporary(self, path: Path) -> Path:
        return path.with_name(f".{path.name}.{os.getpid()}.tmp")
