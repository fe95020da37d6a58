"""The system's Chromium, for tests of the emulator's page."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

# How long a page may take is a matter of the machine.
expect.set_options(timeout=60_000)

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run a browser without a window.

    Where none is installed, the test is skipped; with the variable BROWSER_REQUIRED, which CI sets, it fails.
    """
    executable = next(filter(None, map(shutil.which, _NAMES)), None)
    if executable is None:
        reason = "Chromium is not installed: apt-get install chromium"
        assert not os.environ.get("BROWSER_REQUIRED"), reason
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable)
        yield browser
        browser.close()
