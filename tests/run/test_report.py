"""The report of a run: it says what the summary says, however the run ends, and nothing that is secret or personal."""

from __future__ import annotations

import dataclasses
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from target_selligent import LoadRun, Settings
from target_selligent.reports import RunSummary
from tests.support import LIST, SECRET, STATE_SOON, RunningCommand, encode, record, records, schema, state
from tests.support.browser import running_browser

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Request

    from tests.support import Tenant

SCHEMA = schema({"key": "string", "mail": {"type": "string", "maxLength": 20}, "audience": "string"})
ROWS = records(
    "key mail audience",
    ("a", "ann@example.com", "vip"),
    ("b", "bob@example.com", "vip"),
    ("c", "someone.with.a.long.name@example.com", "vip"),
    ("d", "dan@example.com", None),
    (None, "eve@example.com", "vip"),
)
CREATE: dict[str, Any] = {
    "create_list_if_not_exists": True,
    "create_segment_if_not_exists": True,
    "segment_column": "audience",
}


def read_report(path: Path) -> RunSummary:
    """Return a report. Its page must be there as well, and neither may hold values of records or the secret."""
    page = path.with_suffix(".html").read_text(encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    for secret in (SECRET, "example.com", "demo-key"):
        assert secret not in page
        assert secret not in text
    return msgspec.json.decode(text, type=RunSummary)


def test_a_run_with_rejects(tenant: Tenant, tmp_path: Path) -> None:
    """Counts by List and Segment are those of the summary; rejects have their reasons; times add up."""
    path = tmp_path / "report.json"
    run = tenant.run([SCHEMA, *ROWS, state({"position": 5})], report_path=str(path), **CREATE).succeeded()
    report = read_report(path)
    assert (report.verdict, report.reason) == ("rejects", None)
    assert (report.read, report.acknowledged, report.rejected) == (5, 5, 3)
    (contacts,) = report.lists
    for name in ("read", "sent", "inserted", "rejected_before_sending"):
        count = contacts.counts[name]
        assert any(f"{count} {name.replace('_', ' ')}" in line for line in run.log if f"List {LIST}:" in line)
    assert contacts.counts["read"] == 5
    assert [(one.list, one.segment, one.counts["sent"]) for one in report.segments] == [(LIST, "vip", 2)]
    assert {(one.stream, one.field, one.code, one.rejected) for one in report.reasons} == {
        ("customers", "mail", "schema", 1),
        ("customers", "audience", "no_segment", 1),
        ("customers", "key", "missing_key", 1),
    }
    assert all("replay" in one.how_to_mend for one in report.reasons)
    assert report.calls == sum(one.calls for one in report.endpoints) == len(tenant.calls())
    assert [(one.stream, one.batches) for one in report.batches] == [("customers", 1)]
    assert sum(msgspec.structs.asdict(report.time).values()) == pytest.approx(report.seconds, abs=0.01)
    assert report.samples[-1].acknowledged == 5
    assert report.seconds_since_state is not None
    settings = report.settings
    assert settings["segment_column"] == "audience"
    assert settings["max_removals"] == "50.0000%"
    assert not {"api_key", "api_secret"} & set(settings)


def test_a_run_in_which_all_is_well(tenant: Tenant, tmp_path: Path) -> None:
    """Its verdict says so. Another run writes its report in place of the first."""
    path = tmp_path / "report.json"
    for rows in (ROWS[:1], ROWS[:2]):
        tenant.run([SCHEMA, *rows], report_path=str(path), **CREATE).succeeded()
    report = read_report(path)
    assert (report.verdict, report.read, report.reasons) == ("succeeded", 2, [])


@pytest.mark.parametrize(
    ("messages", "settings", "words"),
    [
        ([SCHEMA, *ROWS], {"api_secret": "wrong"}, "401"),
        ([SCHEMA, *ROWS], {"max_rejects": 1}, "more than 1 records were rejected"),
        ([SCHEMA, *ROWS], {"skip_invalid_records": False}, "skip_invalid_records"),
        ([SCHEMA, *ROWS[:2], {"type": "BATCH", "stream": "customers"}], {}, "lacks encoding, manifest"),
    ],
    ids=["no right", "too many rejects", "first reject", "wrong input"],
)
def test_a_run_that_fails(
    tenant: Tenant, tmp_path: Path, messages: list[Any], settings: dict[str, Any], words: str
) -> None:
    """The report has the error with which the command ends."""
    path = tmp_path / "report.json"
    run = tenant.run(messages, report_path=str(path), **{**CREATE, **settings})
    report = read_report(path)
    assert report.verdict == "failed"
    assert words in (report.reason or "")
    assert run.error_line() == f"Error: {report.reason}"


def test_a_run_that_is_stopped(tenant: Tenant, tmp_path: Path) -> None:
    """A signal ends the run in order; what was loaded until then is in the report."""
    path = tmp_path / "report.json"
    config = tenant.config(report_path=str(path), **CREATE, **STATE_SOON)
    with RunningCommand(config) as command:
        command.write(encode([SCHEMA, *ROWS[:2], state({"position": 2})]))
        command.write(encode([SCHEMA, *ROWS[:2]]))
        command.read_state()
        command.process.send_signal(signal.SIGTERM)
        assert command.finish().returncode == 128 + signal.SIGTERM
    report = read_report(path)
    assert report.verdict == "stopped"
    assert report.acknowledged == report.read >= 2
    assert "that starts from the last STATE" in (report.reason or "")


def test_a_run_that_must_be_ended(tenant: Tenant, tmp_path: Path) -> None:
    """If a call hangs, the process ends after its limit all the same, with a report of what is loaded."""
    path = tmp_path / "report.json"
    tenant.add_fault("hang", path="/data/load$", times=0)
    soon = """
import target_selligent.target as ours
ours._STOP_SECONDS = 0.2
from target_selligent.__main__ import main
main()
"""
    config = tenant.config(report_path=str(path), **CREATE, **STATE_SOON)
    with RunningCommand(config, program=(sys.executable, "-c", soon)) as command:
        command.write(encode([SCHEMA, *ROWS]))
        command.wait_until(lambda: tenant.count_faults() > 0)
        command.process.send_signal(signal.SIGTERM)
        assert command.finish().returncode == 128 + signal.SIGTERM
    report = read_report(path)
    assert report.verdict == "stopped"
    assert report.acknowledged < report.read


def test_a_python_program(tenant: Tenant, tmp_path: Path) -> None:
    """Leaving the block writes the report; an exception of the program is named by its kind alone."""
    path = tmp_path / "report.json"
    settings = Settings.from_config(tenant.config(report_path=str(path), create_list_if_not_exists=True))
    properties = {"properties": {"key": {"type": "string"}}}
    with LoadRun(settings) as run:
        run.open_stream("customers", properties, ["key"]).take([{"key": "a"}])
    assert read_report(path).verdict == "succeeded"
    with pytest.raises(ValueError, match=r"example\.com"), LoadRun(settings):
        raise ValueError("eve@example.com is wrong")
    report = read_report(path)
    assert (report.verdict, report.reason) == ("failed", "ValueError: see the log")


def test_a_path_that_cannot_be_written(tenant: Tenant, tmp_path: Path) -> None:
    """It ends the run with one line before any call."""
    run = tenant.run([SCHEMA, *ROWS], report_path=str(tmp_path / "nowhere" / "report.json"), **CREATE)
    assert "report_path" in run.error_line()
    assert tenant.calls() == []
    run = tenant.run([SCHEMA, *ROWS], report_path="report.html", **CREATE)
    assert "report_path must not end with .html" in run.stderr


def test_a_report_that_cannot_be_written_fails_no_run(tenant: Tenant, tmp_path: Path) -> None:
    """The records are loaded: the run is green, and a warning names the setting."""
    folder = tmp_path / "reports"
    folder.mkdir()
    config = tenant.config(report_path=str(folder / "report.json"), **CREATE, **STATE_SOON)
    with RunningCommand(config) as command:
        command.write(encode([SCHEMA, *ROWS[:2], state({"position": 2})]))
        command.write(encode([SCHEMA, *ROWS[:1]]))
        command.read_state()
        folder.rmdir()
        run = command.finish().succeeded()
    assert "The report (report_path) cannot be written: No such file or directory" in run.stderr


def test_every_count_is_in_the_report(tenant: Tenant, tmp_path: Path) -> None:
    """A new count of the summary is one of the report, too."""
    from target_selligent.loading.report import Counts  # noqa: PLC0415 - not a part of what users see

    path = tmp_path / "report.json"
    tenant.run([SCHEMA, record({"key": "a", "audience": "vip"})], report_path=str(path), **CREATE).succeeded()
    assert set(read_report(path).lists[0].counts) == {slot.name for slot in dataclasses.fields(Counts)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_in_a_browser(tenant: Tenant, tmp_path: Path, scheme: Any) -> None:
    """It fits a phone and a desk, asks the network for nothing, and every text can be told from its background."""
    path = tmp_path / "report.json"
    tenant.run([SCHEMA, *ROWS], report_path=str(path), **CREATE).succeeded()
    with running_browser() as browser:
        for width in (390, 1280):
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            asked: list[str] = []
            page.on("request", partial(_note_url, asked))
            page.goto(path.with_suffix(".html").as_uri())
            page.get_by_text("Settings", exact=True).click()
            assert page.get_by_text("segment_column", exact=True).is_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert asked == [path.with_suffix(".html").as_uri()]
            assert page.evaluate(_LOWEST_CONTRAST) >= 4.5
            page.close()


def _note_url(urls: list[str], request: Request) -> None:
    urls.append(request.url)


_LOWEST_CONTRAST = """() => {
  const light = colour => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
      .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!/rgba\\(.*, 0\\)/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.querySelectorAll('body *')].filter(
    one => [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
  return Math.min(...texts.map(one => {
    const pair = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  }));
}"""
"""The lowest ratio of a text's brightness to that of its background, as WCAG 2 defines it; it asks for 4.5."""
