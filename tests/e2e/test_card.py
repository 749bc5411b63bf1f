"""The integration card: each problem while it lasts, and no longer."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from adapters.github.registration import NEEDS
from sandbox.state.sandbox_app import APP_SLUG
from tests.support.scenarios.dashboard import Person, Site

OWNER = "oona-field-away"
ACCOUNT = "orbital-works"
CONNECTED = f"Connected to {ACCOUNT}. Pushes and pull requests are delivered to linked projects."
WHOLE = {**NEEDS.permissions, **NEEDS.personal}


@pytest.fixture
def owner(site: Site) -> Iterator[Person]:
    """Return an owner on the Integrations page of their organization, signed in to GitHub too."""
    with site.api("outsider") as api:
        organization = api.get("/api/v1/user").json()["organizations"][0]["id"]
    # The sandbox's pages have no icon, so the browser's request for it fails.
    with site.person("outsider", refusals=frozenset({404})) as person:
        person.sign_in_at_sandbox(OWNER)
        yield person.open("settings/integrations", organization=organization)


def test_shows_missing_permissions_until_an_owner_accepts_them(site: Site, owner: Person) -> None:
    """The card links to the page where missing permissions are granted, and updates afterwards."""
    granted = {name: level for name, level in WHOLE.items() if name != "pull_requests"}
    site.control("PATCH", f"/_sandbox/apps/{APP_SLUG}", permissions=granted)
    page, card = owner.page, owner.page.url
    page.get_by_role("button", name="Install on GitHub").click()
    page.get_by_role("link", name=ACCOUNT, exact=True).click()
    page.get_by_role("button", name=re.compile("Install")).click()
    page.wait_for_url(f"{card}*")
    owner.sees("Permissions needed")
    assert owner.violations() == []
    site.control("PATCH", f"/_sandbox/apps/{APP_SLUG}", permissions=WHOLE)
    page.get_by_role("link", name="Review on GitHub").click()
    page.get_by_role("button", name="Accept new permissions").click()
    page.goto(card)
    owner.sees(CONNECTED)


def test_shows_a_rate_limit_differently_from_an_outage(site: Site, owner: Person) -> None:
    """The last list stays, and the card shows why it is not updated."""
    owner.sees(CONNECTED)
    with site.api("outsider") as api:
        organization = owner.page.url.split("/kit/")[1].split("/")[0]
        known = api.get(f"/api/v1/{organization}/git-integrations/github").json()
    installation = int(known["installation_id"])
    site.act(OWNER, "suspend", installation=installation)
    owner.sees("Suspended on GitHub")
    site.faults([{"kind": "primary_limit", "path": "*", "seconds": 3600}])
    # Resuming starts a sync.
    site.act(OWNER, "unsuspend", installation=installation)
    owner.sees("GitHub is rate limiting crewkit")
    assert owner.violations() == []
    site.faults([])


def test_shows_the_age_of_the_status_while_offline(owner: Person) -> None:
    """Offline, the last known status stays with its age; online, it is updated again."""
    owner.sees(f"Connected to {ACCOUNT}")
    owner.context.set_offline(True)
    owner.sees("Showing data from")
    owner.sees(f"Connected to {ACCOUNT}")
    assert owner.violations() == []
    owner.context.set_offline(False)
    owner.sees(f"Connected to {ACCOUNT}")
    owner.page.get_by_text("Showing data from").wait_for(state="detached")
    # The browser logs each request that failed without a network.
    assert owner.complaints
    assert all("net::ERR_INTERNET_DISCONNECTED" in one for one in owner.complaints)
    owner.complaints.clear()


def test_does_not_show_a_list_without_a_sync_as_syncing(owner: Person) -> None:
    """D10: only a running sync is shown as such."""
    page = owner.page
    state: dict[str, object] = {"sync": None}
    page.route(
        re.compile(r"/git-integrations/github$"), lambda route: route.fulfill(json={**route.fetch().json(), **state})
    )
    page.reload()
    expect(_fact(page, "Repository list")).to_have_text("Not synced yet")
    running = {"state": "running", "synced_at": None, "age_seconds": None}
    state["sync"] = {**running, "requested_at": None, "error": None, "retry_at": None}
    expect(_fact(page, "Repository list")).to_have_text("Syncing…")


def test_disconnected_card_shows_nothing_of_the_former_account(site: Site, owner: Person) -> None:
    """D9, D10: no data of the disconnected account. A rejected account has its own name."""
    page, card = owner.page, owner.page.url
    expect(_fact(page, "Account")).to_have_text(ACCOUNT)
    organization = card.split("/kit/")[1].split("/")[0]
    with site.api("outsider") as api:
        assert api.delete(f"/api/v1/{organization}/git-integrations/github").is_success
    owner.sees("Disconnected")
    expect(page.locator("dl")).to_have_count(0)
    page.goto(f"{card}?refused=installation_bound_elsewhere&account=acme-rockets")
    owner.sees("Connected elsewhere")
    owner.sees("The GitHub account acme-rockets is connected to another organization")
    expect(page.locator("main")).not_to_contain_text(ACCOUNT)
    assert owner.violations() == []


def _fact(page: Page, name: str) -> Locator:
    """Return the value of a fact on the card."""
    return page.locator("dl > div").filter(has=page.get_by_text(name, exact=True)).locator("dd")
