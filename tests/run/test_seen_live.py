"""A run as a person sees it on the emulator's page while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.support import LIST, RunningCommand, encode, records, schema
from tests.support.browser import running_browser

if TYPE_CHECKING:
    from tests.support import Tenant


def test_a_run_appears_while_it_goes_on(tenant: Tenant) -> None:
    """Each load of a run appears on an open page before the run ends: its call, its records and its members."""
    config = tenant.config(
        batch_size_rows=10,
        segment_batch_size_rows=10,
        segment="vip",
        create_list_if_not_exists=True,
        create_segment_if_not_exists=True,
    )
    with running_browser() as browser, RunningCommand(config) as command:
        page = browser.new_page()
        page.goto(tenant.base_url)
        expect(page.get_by_text("No Lists yet")).to_be_visible()
        command.write(encode([schema({"key": "string"}), *records("key", *((f"a{n}",) for n in range(10)))]))
        page.get_by_role("link", name=LIST, exact=True).click()
        expect(page.locator("#range")).to_have_text("1 to 10 of 10")
        command.write(encode(records("key", *((f"b{n}",) for n in range(10)))))
        expect(page.locator("#range")).to_have_text("1 to 20 of 20")
        page.get_by_role("link", name="Segments", exact=True).click()
        # Until the Segments are drawn, the rows are those of the records.
        expect(page.locator("#list tbody tr").first).to_contain_text("a0 · a1 · a2 …")
        page.get_by_role("link", name="Calls").click()
        expect(page.get_by_text(f"POST my_org/lists/{LIST}/data/load")).to_have_count(2)
        assert command.process.poll() is None
        command.finish().succeeded()
        expect(page.locator("[data-counter=segment_rows]")).to_have_text("20")
