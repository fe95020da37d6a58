"""The page in a real browser: a person clicks through it, and sees a run as it goes on."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from target_selligent.emulator.faults.rules import Kind
from tests.emulator.support import ApiClient
from tests.support.browser import running_browser

WIDE, NARROW = 1280, 390
PARTS = ("#lists", "#lists/my_org/contacts", "#lists/my_org/contacts/fields", "#lists/my_org/contacts/segments")
ALL_PARTS = (*PARTS, "#lists/my_org/contacts/records/vip", "#calls", "#faults", "#switches")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for all of these tests."""
    with running_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, api: ApiClient) -> Iterator[Page]:
    """An open page. The test fails if a script of the page fails, or if it asks for anything of another server."""
    problems: list[str] = []
    with browser.new_context(viewport={"width": WIDE, "height": 900}) as context:
        opened = context.new_page()
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on("console", lambda message: problems.append(message.text) if _is_problem(message) else None)
        opened.on(
            "request",
            lambda request: None if request.url.startswith((api.base_url, "data:")) else problems.append(request.url),
        )
        opened.goto(api.base_url)
        expect(opened.get_by_role("status")).to_have_text("live")
        yield opened
    assert problems == []


def _is_problem(message: ConsoleMessage) -> bool:
    """Return whether the console has an error other than a refusal of the emulator, which the page shows."""
    return message.type == "error" and "status of 400" not in message.text


def _prepare(api: ApiClient, records: int = 120) -> None:
    """Create a List with a Segment and some records; one of them has markup in a value, and one a long value."""
    api.create_list(columns=("CID", "NOTE", "BIG", "PRICE", "MOMENT"))
    api.create_segment()
    rows = [[f"c{n}", f"Note {n}", 2**60 + n, n / 4, "2026-01-31T10:00:00Z"] for n in range(1, records + 1)]
    rows[0][1] = "<img src=x onerror=alert(1)><b>bold</b>"
    rows[1][1] = "long" * 300
    api.load("CID,NOTE,BIG,PRICE,MOMENT", rows)
    api.load_segment([["c7"], ["c8"], ["c9"], ["c10"]])


def test_a_person_browses_lists_records_and_segments(page: Page, api: ApiClient) -> None:
    """Lists lead to records, fields and Segments; a Segment shows the keys of its members, and leads to them."""
    expect(page.get_by_text("No Lists yet")).to_be_visible()
    _prepare(api)
    row = page.locator("#lists tbody tr")
    expect(row).to_contain_text("120")
    page.get_by_role("link", name="contacts", exact=True).click()
    records = page.locator("#list tbody tr")
    expect(records).to_have_count(50)
    expect(page.locator("#range")).to_have_text("1 to 50 of 120")
    expect(records.first).to_contain_text(str(2**60 + 1))
    expect(records.first).to_contain_text("<img src=x onerror=alert(1)><b>bold</b>")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#range")).to_have_text("51 to 100 of 120")
    expect(records.first).to_contain_text("c51")
    page.get_by_role("button", name="Next").click()
    expect(records).to_have_count(20)
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.get_by_role("button", name="Back").click()
    expect(records.first).to_contain_text("c51")
    page.get_by_role("link", name="Fields", exact=True).click()
    expect(page.get_by_role("cell", name="Text(20)")).to_be_visible()
    page.get_by_role("link", name="Segments", exact=True).click()
    segment = page.locator("#list tbody tr").first
    expect(segment).to_contain_text("c7 · c8 · c9 …")
    expect(page.get_by_role("columnheader", name="First keys (CID)")).to_be_visible()
    page.get_by_role("link", name="vip").click()
    expect(page.get_by_text("Members of Segment vip")).to_be_visible()
    expect(records).to_have_count(4)
    assert [text.split()[0] for text in records.all_inner_texts()] == ["c7", "c8", "c9", "c10"]


def test_a_person_searches_records(page: Page, api: ApiClient) -> None:
    """A search finds a text in any value, in any case, and says if there is nothing."""
    _prepare(api)
    page.get_by_role("link", name="contacts", exact=True).click()
    records = page.locator("#list tbody tr")
    page.get_by_role("searchbox").fill("NOTE 11")
    expect(records).to_have_count(11)
    page.get_by_role("searchbox").fill(str(2**60 + 5))
    expect(records).to_have_count(1)
    expect(records).to_contain_text("c5")
    page.get_by_role("searchbox").fill("nowhere")
    expect(page.get_by_text("No records.")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(records).to_have_count(50)


def test_a_person_sees_a_run(page: Page, api: ApiClient) -> None:
    """While calls come, an open page shows them, with status, rows and time, and the records that they load."""
    api.create_list()
    page.get_by_role("link", name="contacts", exact=True).click()
    expect(page.get_by_text("No records.")).to_be_visible()
    api.load("CID", [["a"], ["b"]])
    expect(page.locator("#list tbody tr")).to_have_count(2)
    expect(page.locator("[data-counter=rows]")).to_have_text("2")
    page.get_by_role("link", name="Calls").click()
    call = page.locator("#part-calls tbody tr").first
    expect(call).to_contain_text("POST my_org/lists/contacts/data/load")
    assert call.locator("td").nth(2).inner_text() == "200"
    assert call.locator("td").nth(3).inner_text() == "2"
    assert float(call.locator("td").nth(4).inner_text()) > 0
    api.send("/data/load", "CID,NONE", [["c", 1]])
    expect(call).to_contain_text("400")
    for number in range(120):
        api.call("GET", f"/lists?skip={number}")
    expect(page.locator("#part-calls tbody tr")).to_have_count(100)
    api.admin("POST", "reset")
    expect(page.get_by_text("No calls yet.")).to_be_visible()


def test_a_person_sets_and_clears_a_fault(page: Page, api: ApiClient) -> None:
    """A fault is set with a form, hits a call, and is removed; one that is not valid is refused with its reason."""
    page.get_by_role("link", name="Faults").click()
    expect(page.get_by_text("No faults are set.")).to_be_visible()
    assert set(page.get_by_label("Kind").locator("option").all_inner_texts()) == set(get_args(Kind))
    page.get_by_label("Path (regular expression)").fill("(")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not a regular expression")
    page.get_by_label("Path (regular expression)").fill("/lists$")
    page.get_by_label("HTTP status").fill("502")
    page.get_by_label("How often").fill("0")
    page.get_by_role("button", name="Set", exact=True).click()
    rule = page.locator("[data-fault]")
    expect(rule).to_contain_text("status 502")
    expect(page.get_by_role("alert")).to_be_hidden()
    assert api.call("GET", "/lists").status_code == 502
    expect(rule.locator("td").nth(4)).to_have_text("1")
    rule.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No faults are set.")).to_be_visible()
    assert api.call("GET", "/lists").status_code == 200
    api.create_list()
    page.get_by_label("Kind").select_option("partial")
    page.get_by_label("Rows, by index").fill("0, 2")
    page.get_by_label("Field", exact=True).fill("CID")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(rule).to_contain_text("partial")
    assert api.load("CID", [["a"], ["b"], ["c"]])["number_of_failed_records"] == 2
    page.get_by_role("button", name="Remove all").click()
    expect(rule).to_have_count(0)


def test_a_person_turns_switches(page: Page, api: ApiClient) -> None:
    """Each switch that can be changed is on the page, shows what is in force, and changes it."""
    page.get_by_role("link", name="Switches").click()
    names = page.locator("#part-switches [name]").evaluate_all("all => all.map(one => one.name)")
    assert set(names) == set(api.admin("GET", "options")) - {"db", "journal_size", "faults"}
    page.get_by_label("Calls per window").fill("7")
    page.get_by_label("Parallel bulk calls on a List").check()
    page.get_by_label("Invalid rows are").select_option("whole")
    page.get_by_label("Organizations").fill("my_org, other")
    page.get_by_label("Organizations").press("Tab")
    page.get_by_label("Status of what is missing").select_option("400")
    expect(page.get_by_role("alert")).to_be_hidden()
    options = {"rate_limit": 7, "parallel_bulk": True, "invalid_rows": "whole", "organizations": ["my_org", "other"]}
    page.wait_for_function("fetch('/_emulator/options').then(r => r.json()).then(o => o.missing_status === 400)")
    found = api.admin("GET", "options")
    assert {name: found[name] for name in options} == options
    api.options(rate_limit=2500)
    expect(page.get_by_label("Calls per window")).to_have_value("2500")
    page.on("dialog", lambda dialog: dialog.accept())
    api.create_list()
    page.get_by_role("button", name="Reset the emulator").click()
    page.get_by_role("link", name="Lists").click()
    expect(page.get_by_text("No Lists yet")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_part_fits_the_screen(browser: Browser, api: ApiClient, tmp_path: Path, width: int, scheme: str) -> None:
    """Nothing is wider than the screen, and the colours are those that the system asks for."""
    _prepare(api)
    api.fault("status", path="/nowhere/of/any/list/with/a/long/name$", times=0)
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    background = {"light": "rgb(244, 245, 248)", "dark": "rgb(18, 21, 28)"}[scheme]
    with browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    ) as context:
        page = context.new_page()
        for number, part in enumerate((*ALL_PARTS, "/docs")):
            page.goto(f"{api.base_url}/{part}" if part.startswith("#") else api.base_url + part)
            if part != "/docs":
                expect(page.get_by_role("status")).to_have_text("live")
                open_part = page.locator(f"#part-{part.split('/')[0][1:]}")
                expect(open_part.locator("tbody tr, input, select").first).to_be_visible()
                if "/" in part:
                    expect(page.locator("#list tbody tr").first).to_be_visible()
            page.screenshot(path=folder / f"{number}-{width}-{scheme}.png")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, part
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
