"""The line with which the command ends: once, on the terminal or in the log."""

from __future__ import annotations

import logging
import sys

import pytest

from target_selligent.failure import Failure, to_one_line


def test_several_lines_become_one() -> None:
    """Line breaks and blanks become one blank, and the length is limited."""
    assert to_one_line(ValueError("a\n  b\t\r\nc ")) == "a b c"
    assert len(to_one_line("x" * 5000)) == 2000


def test_the_terminal_gets_it_if_there_is_no_log_config(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """It is the last line, and not logged besides."""
    monkeypatch.delenv("SINGER_SDK_LOG_CONFIG", raising=False)
    failure = Failure("no such\nList")
    handler = logging.StreamHandler(sys.stderr)
    logging.root.addHandler(handler)
    try:
        failure.show()
    finally:
        logging.root.removeHandler(handler)
    assert failure.exit_code == 1
    assert capsys.readouterr().err == "Error: no such List\n"
    assert caplog.messages == []


@pytest.mark.parametrize(("log_on_terminal", "printed"), [(True, ""), (False, "Error: no such List\n")])
def test_the_log_gets_it_if_there_is_a_log_config(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    log_on_terminal: bool,  # noqa: FBT001 - a case
    printed: str,
) -> None:
    """The terminal gets it besides only if the log goes elsewhere."""
    monkeypatch.setenv("SINGER_SDK_LOG_CONFIG", "logging.yml")
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.CRITICAL)
    if log_on_terminal:
        logging.root.addHandler(handler)
    try:
        Failure("no such List").show()
    finally:
        logging.root.removeHandler(handler)
    assert [(record.levelname, record.message) for record in caplog.records] == [("ERROR", "no such List")]
    assert capsys.readouterr().err == printed
