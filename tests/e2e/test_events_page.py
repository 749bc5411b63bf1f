"""The list of webhook events and the panel of one event: up to date, and usable by keyboard and pointer."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.support.clients.chromium import find_chromium
from tests.support.scenarios.dashboard import Site


def test_shows_the_result_of_a_retry(site: Site) -> None:
    """The panel and the list show the result of the retry without a reload."""
    site.deliver("push/branch.json", ref=5)
    with site.person() as person:
        page = person.open("events?status=failed").page
        row = page.get_by_role("list", name="Events").get_by_role("listitem").first
        row.get_by_role("link").click()
        panel = page.get_by_role("dialog")
        retry = panel.get_by_role("button", name="Retry")
        expect(retry).to_be_visible()
        page.route(re.compile(r"/git-webhook-events/[^/?]+$"), _Pending())
        retry.click()
        expect(panel.get_by_text("Pending", exact=True)).to_be_visible()
        expect(panel.get_by_text("Failed", exact=True)).to_be_visible()
        expect(retry).to_be_enabled()
        panel.get_by_role("button", name="Close").click()
        expect(row).to_be_visible()


class _Pending:
    """Answers the first request for an event as if its retry were still pending."""

    def __init__(self) -> None:
        self.has_answered = False

    def __call__(self, route: Route) -> None:
        if self.has_answered:
            route.continue_()
            return
        self.has_answered = True
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "status": "pending", "reason": None})


def test_focus_returns_after_a_dialog_closes(site: Site) -> None:
    """After Escape and after Close. If the address opened the dialog, the focus moves to the page's title."""
    site.deliver("push/branch.json")
    with site.person() as person:
        page = person.open("events").page
        opener = page.get_by_role("list", name="Events").get_by_role("link").first
        opener.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        address = page.url
        page.keyboard.press("Escape")
        expect(opener).to_be_focused()
        page.goto(address)
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        expect(person.find_heading("Events")).to_be_focused()

        page = person.open("settings/integrations").page
        disconnect = page.get_by_role("button", name="Disconnect")
        disconnect.click()
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        expect(disconnect).to_be_focused()


def test_whole_row_opens_an_event(site: Site) -> None:
    """Targets are at least 24 px high, and a row is a link that can be opened in a new tab."""
    site.deliver("push/branch.json")
    with site.person() as person:
        page = person.open("events").page
        row = page.get_by_role("list", name="Events").get_by_role("listitem").first
        box = row.bounding_box()
        assert box
        row.click(position={"x": box["width"] - 10, "y": box["height"] - 5})
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        with person.context.expect_page() as opened:
            row.get_by_role("link").click(modifiers=["ControlOrMeta"])
        expect(opened.value.get_by_role("dialog")).to_be_visible()
        for path in ("events", "projects"):
            person.open(path)
            page.get_by_role("listitem").first.wait_for()
            small = page.evaluate(_SMALL_TARGETS)
            assert small == [], path


# Rows that are too low, or whose link does not cover the row.
_SMALL_TARGETS = """() => [...document.querySelectorAll('main li a')].filter(link => {
  const row = link.closest('li').getBoundingClientRect();
  const at = document.elementFromPoint(row.left + row.width / 2, row.top + row.height - 3);
  return row.height < 24 || (at !== link && !link.contains(at));
}).map(link => link.textContent)"""


def test_dialogs_cover_the_page_to_its_edge(site: Site) -> None:
    """With scroll bars that take space, as on most devices."""
    engine = site.browser.browser_type.launch(
        executable_path=find_chromium(), args=["--no-sandbox"], ignore_default_args=["--hide-scrollbars"]
    )
    try:
        with Site(site.up, engine).person() as person:
            person.page.set_viewport_size({"width": 1280, "height": 400})
            page = person.open("settings/integrations").page
            page.get_by_role("button", name="Disconnect").click()
            page.get_by_role("dialog").wait_for()
            assert page.evaluate(_UNCOVERED) == 0
    finally:
        engine.close()


_UNCOVERED = """() => {
  const overlay = document.querySelector('[role=dialog]').previousElementSibling;
  return window.innerWidth - overlay.getBoundingClientRect().right;
}"""


def test_counts_use_singular_and_plural(site: Site) -> None:
    """Counts of one are singular: "1 attempt", "1 event"."""
    site.deliver("push/branch.json", ref=5)
    with site.person() as person:
        page = person.open("events?status=failed&event=push").page
        page.get_by_role("list", name="Events").get_by_role("link").first.click()
        expect(page.get_by_role("dialog").get_by_text(re.compile(r"1 attempt$"))).to_be_visible()
        page.keyboard.press("Escape")
        expected = page.get_by_role("list", name="Events").get_by_role("listitem").count()
        page.get_by_role("button", name="Retry all failed").click()
        words = "1 event" if expected == 1 else f"{expected} events"
        person.sees(f"Retrying {words}")


@pytest.mark.parametrize("hours", [-1, 1], ids=["slow", "fast"])
def test_times_have_a_zone_and_follow_the_clock_of_the_service(site: Site, hours: int) -> None:
    """If a device's clock is an hour wrong, a new delivery is still shown as new."""
    site.deliver("push/branch.json")
    with site.person() as person:
        page = person.page
        page.add_init_script(f"const now = Date.now; Date.now = () => now() + {hours} * 3600000;")
        person.open("events")
        time = page.get_by_role("list", name="Events").locator("time").first
        expect(time).to_have_text(re.compile("^(just now|[1-5] minutes? ago)$"))
        zone = page.evaluate("new Intl.DateTimeFormat('en', {timeZoneName: 'short'}).format().split(' ').pop()")
        assert zone in (time.get_attribute("title") or "")
