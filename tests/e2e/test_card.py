"""What the card says while something is amiss, and that it says so no longer than that."""

import re
from collections.abc import Iterator

import pytest

from adapters.github.needs import NEEDS
from entrypoints.sandbox.app_file import APP_SLUG
from tests.support.dashboard import Person, Site

OWNER = "oona-field-away"
ACCOUNT = "orbital-works"
CONNECTED = f"Connected to {ACCOUNT}. Pushes and pull requests are delivered to linked projects."
WHOLE = {**NEEDS.permissions, **NEEDS.personal}


@pytest.fixture
def owner(site: Site) -> Iterator[Person]:
    """Give the owner of an organization, at its page of integrations; they are signed in at GitHub, too."""
    with site.api("outsider") as api:
        organization = api.get("/api/v1/user").json()["organizations"][0]["id"]
    # The sandbox's own pages have no icon, which the browser asks for.
    with site.person("outsider", refusals=frozenset({404})) as person:
        person.sign_in_at_sandbox(OWNER)
        yield person.open("settings/integrations", organization=organization)


def test_permissions_that_are_missing_are_asked_for_until_they_are_accepted(
    site: Site, owner: Person
) -> None:
    """The app needs more than the account granted: the card leads to where it is granted, and follows."""
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


def test_a_limit_of_the_providers_is_told_from_an_outage(site: Site, owner: Person) -> None:
    """The list that was read before stays, and the card says why it grows old."""
    owner.sees(CONNECTED)
    with site.api("outsider") as api:
        organization = owner.page.url.split("/kit/")[1].split("/")[0]
        known = api.get(f"/api/v1/{organization}/git-integrations/github").json()
    installation = int(known["installation_id"])
    site.act(OWNER, "suspend", installation=installation)
    owner.sees("Suspended on GitHub")
    site.faults([{"kind": "primary_limit", "path": "*", "seconds": 3600}])
    # What is resumed is read anew.
    site.act(OWNER, "unsuspend", installation=installation)
    owner.sees("GitHub is rate limiting crewkit")
    assert owner.violations() == []
    site.faults([])


def test_what_is_shown_without_a_network_has_its_age(owner: Person) -> None:
    """The last that was known stays on the page, which says so; with the network it is as before."""
    owner.sees(f"Connected to {ACCOUNT}")
    owner.context.set_offline(True)
    owner.sees("Showing data from")
    owner.sees(f"Connected to {ACCOUNT}")
    assert owner.violations() == []
    owner.context.set_offline(False)
    owner.sees(f"Connected to {ACCOUNT}")
    owner.page.get_by_text("Showing data from").wait_for(state="detached")
    # The browser tells each request that found no network.
    assert owner.complaints
    assert all("net::ERR_INTERNET_DISCONNECTED" in one for one in owner.complaints)
    owner.complaints.clear()
