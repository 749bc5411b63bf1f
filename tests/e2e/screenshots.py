"""Take the pictures in docs/screenshots: `make screenshots`."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from adapters.github.registration import NEEDS
from sandbox.state.sandbox_app import APP_SLUG
from tests.support.clients.chromium import find_chromium
from tests.support.scenarios.dashboard import DESKTOP, PHONE, Person, Site, ask_an_owner
from tests.support.servers.up import run_up

FOLDER = Path(__file__).parents[2] / "docs/screenshots"
OWNER = "mara-okafor-acme"
PAGES = {
    "projects": "projects",
    "import": "projects/import",
    "events": "events",
    "attribution": "attribution",
    "audit": "audit",
    "integrations": "settings/integrations",
    "connections": "account/connections",
}


def main() -> None:
    """Run the service, let a few things happen in it, and look at every page."""
    FOLDER.mkdir(exist_ok=True)
    with _site() as site:
        _arrange(site)
        for scheme in ("light", "dark"):
            with site.person(scheme=scheme, size=DESKTOP) as person:
                for name, path in PAGES.items():
                    _take(person.open(path), f"{name}-{scheme}")
        with site.person() as person:
            project = site.demo["projects"][0]["id"]
            _take(person.open(f"projects/{project}/repository"), "repository-light")
            person.open("events").page.get_by_role("list", name="Events").get_by_role("link").first.click()
            expect(person.page.get_by_role("dialog").get_by_role("list", name="Results")).to_be_visible()
            _take(person, "event-light")
        with site.person(size=PHONE) as person:
            for name in ("integrations", "import", "events"):
                _take(person.open(PAGES[name]), f"{name}-phone")
        with site.person("viewer") as person:
            _take(person.open(PAGES["integrations"]), "integrations-viewer")
        installation = int(site.demo["installation_id"])
        site.act(OWNER, "suspend", installation=installation)
        with site.person() as person:
            person.open(PAGES["integrations"]).sees("Suspended on GitHub")
            _take(person, "integrations-suspended")
            site.act(OWNER, "uninstall", installation=installation)
            person.sees("was uninstalled")
            _take(person, "integrations-uninstalled")
        with site.api("outsider") as api:
            other = api.get("/api/v1/user").json()["organizations"][0]["id"]
        with site.person("outsider", refusals=frozenset({404})) as person:
            person.sign_in_at_sandbox(OWNER)
            _take(person.open(PAGES["integrations"], organization=other), "integrations-not-connected")
            ask_an_owner(person.page, "orbital-works")
            person.sees("Waiting for approval")
            _take(person, "integrations-waiting")
            elsewhere = f"{PAGES['integrations']}?refused=installation_bound_elsewhere"
            person.open(elsewhere, organization=other).sees("Connected elsewhere")
            _take(person, "integrations-elsewhere")
            # They grant less than the app needs, as those do who accepted before it needed more.
            granted = {name: level for name, level in NEEDS.permissions.items() if name != "pull_requests"}
            site.control("PATCH", f"/_sandbox/apps/{APP_SLUG}", permissions=granted)
            [request] = site.control("GET", "/_sandbox")["requests"]
            site.act("oona-field-away", "approve_request", request=request["id"])
            person.open(PAGES["integrations"], organization=other).sees("Permissions needed")
            _take(person, "integrations-permissions")


@contextmanager
def _site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        with run_up(Path(home) / "home") as up:
            yield Site(up, browser)
        browser.close()


def _arrange(site: Site) -> None:
    """Let there be commits of known and unknown people, and something that nobody follows."""
    for message in ("Hold the countdown at T-9", "Read the wind sensors twice", "Release candidate 4"):
        site.act(OWNER, "push", repository="acme-rockets/launchpad", messages=[message])
    site.act(OWNER, "push", repository="acme-rockets/guidance", messages=["Smooth the pitch program"])
    for author in ("priya-raman-acme", "Sam Porter <sam@porter.example>", "launchpad-release[bot]"):
        site.act(OWNER, "push", repository="acme-rockets/launchpad", messages=["Log the wind"], authors=[author])
    site.control("POST", "/_sandbox/deliveries/drain")
    with site.person(refusals=frozenset({404})) as person:
        person.sign_in_at_sandbox(OWNER)
        page = person.open(PAGES["connections"]).page
        page.get_by_role("button", name="Connect GitHub").click()
        page.get_by_role("button", name="Authorize crewkit").click()
        person.sees("Verified emails used to match your commits")
        person.open("attribution?status=matched").sees("mara@acme-rockets.example")


def _take(person: Person, name: str) -> None:
    person.page.get_by_role("heading").first.wait_for()
    expect(person.page.locator(".animate-pulse")).to_have_count(0)
    person.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    main()
