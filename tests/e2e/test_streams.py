"""The stream of events in the dashboard: shared by tabs, reconnecting, and ended with the session."""

import re
from collections.abc import Callable
from time import monotonic

from playwright.sync_api import Page, Request, Route, expect

from tests.support.conditions import wait_until
from tests.support.scenarios.dashboard import Site

# Browsers open six connections to a host over HTTP/1.1.
TABS = 8
_STREAM = re.compile(r"/api/v1/[^/]+/events(\?|$)")


def test_eight_tabs_of_one_browser_stay_live(site: Site) -> None:
    """All tabs load and show a push, and the other tabs continue when one is closed."""
    with site.person() as person:
        pages = [person.page, *(person.context.new_page() for _ in range(TABS - 1))]
        streams: list[Request] = []
        person.context.on("request", lambda one: streams.append(one) if _STREAM.search(one.url) else None)
        for page in pages:
            page.goto(f"{site.url}/kit/{site.organization}/events?event=push")
            expect(page.get_by_text("Live", exact=True)).to_be_visible()
        assert len(streams) == 1
        _push(site, pages)
        for page in pages[: TABS // 2]:
            page.close()
        rest = pages[TABS // 2 :]
        _push(site, rest)
        for page in rest:
            page.goto(f"{site.url}/kit/{site.organization}/projects/import")
            listed = page.get_by_role("listbox", name="Repositories").get_by_role("option")
            expect(listed.first).to_be_visible()


def _push(site: Site, pages: list[Page]) -> None:
    rows = [page.get_by_role("list", name="Events").get_by_role("listitem") for page in pages]
    before = [row.count() for row in rows]
    site.deliver("push/branch.json")
    for row, count in zip(rows, before, strict=True):
        expect(row).to_have_count(count + 1)


def test_hidden_tab_passes_the_stream_to_a_visible_tab(site: Site) -> None:
    """Mobile browsers suspend hidden tabs, so a visible tab must not wait for them."""
    with site.person() as person:
        first, second = person.open("events").page, person.context.new_page()
        expect(first.get_by_text("Live", exact=True)).to_be_visible()
        second.goto(first.url)
        expect(second.get_by_text("Live", exact=True)).to_be_visible()
        with second.expect_request(_STREAM):
            first.evaluate(
                "() => { Object.defineProperty(document, 'visibilityState', {value: 'hidden'});"
                " document.dispatchEvent(new Event('visibilitychange')); }"
            )
        _push(site, [second])


def test_reopens_a_rejected_stream(site: Site) -> None:
    """After 502, 503 and 429, but not before Retry-After. New repositories are shown then."""
    refusals = [(502, None), (503, None), (429, "2")]
    times: list[float] = []

    def refuse(route: Route) -> None:
        times.append(monotonic())
        if len(times) > len(refusals):
            route.continue_()
            return
        status, retry_after = refusals[len(times) - 1]
        headers = {"retry-after": retry_after} if retry_after else {}
        route.fulfill(status=status, headers=headers, body="")

    with site.person(refusals=frozenset({502, 503, 429})) as person:
        person.page.route(_STREAM, refuse)
        person.open("projects/import")
        wait_until(_calls(person.page, lambda: len(times) > len(refusals)), seconds=30)
        assert times[3] - times[2] >= 2.0
        installation = int(site.demo["installation_id"])
        site.act("mara-okafor-acme", "choose_repositories", installation=installation, selection="all")
        site.act("mara-okafor-acme", "create_repository", owner="acme-rockets", name="after-refusals")
        person.sees("acme-rockets/after-refusals")


def test_ended_session_sends_no_requests(site: Site) -> None:
    """The page stays and offers sign-in, and sends no request for ten minutes."""
    with site.person(refusals=frozenset({401})) as person:
        page = person.page
        page.clock.install()
        person.open("events")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        person.context.clear_cookies()
        # Within a minute the service notices that a session ended; a dropped connection is noticed at once.
        page.clock.run_for(20_000)
        person.sees("Your session has ended.")
        assert person.violations() == []
        requests: list[str] = []
        page.on("request", lambda one: requests.append(one.url) if "/api/" in one.url else None)
        page.clock.run_for(600_000)
        assert requests == []
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="owner", exact=True).click()
        page.wait_for_url(f"**/kit/{site.organization}/events")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_sign_in_in_another_tab_resumes_a_page(site: Site) -> None:
    """After sign-in in another tab, the page continues when it has the focus."""
    with site.person(refusals=frozenset({401})) as person:
        page = person.open("settings/integrations").page
        person.sees("Connected to")
        person.context.clear_cookies()
        person.sees("Your session has ended.")
        other = person.context.new_page()
        other.goto(f"{site.url}/dev/sign-in?return_to=/healthz")
        other.get_by_role("button", name="owner", exact=True).click()
        other.wait_for_url("**/healthz")
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(page.get_by_text("Your session has ended.")).to_have_count(0)


def _calls(page: Page, condition: Callable[[], bool]) -> Callable[[], bool]:
    """Let the browser process its events before each check."""

    def holds() -> bool:
        page.wait_for_timeout(100)
        return condition()

    return holds
