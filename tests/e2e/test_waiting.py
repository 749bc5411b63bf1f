"""Delayed connections: the account is connected elsewhere, or its owner has to approve."""

from playwright.sync_api import Page

from tests.support.scenarios.dashboard import Person, Site, ask_an_owner

OWNER = "oona-field-away"
MEMBER = "mara-okafor-acme"
ACCOUNT = "orbital-works"


def test_explains_an_account_of_another_organization(site: Site) -> None:
    """The page and the card explain that the account is connected to another organization."""
    with site.person("outsider", refusals=frozenset({404, 409})) as person:
        page, organization = _at_integrations(site, person)
        existing = f"/api/v1/git/github/install?organization_id={organization}&mode=existing"
        page.goto(f"{site.url}{existing}")
        page.get_by_role("button", name="Continue").click()  # a confirmation, because the address was typed
        page.get_by_role("button", name="Authorize crewkit").click()
        page.get_by_role("link", name="Back to crewkit").click()
        page.wait_for_url(f"**/kit/{organization}/settings/integrations*")
        person.sees("Connected elsewhere")
        person.sees("is connected to another organization in crewkit")
        assert person.violations() == []
        page.get_by_role("button", name="Choose another account").click()
        page.wait_for_url("**/installations/new*")
        person.open("settings/integrations", organization=organization).sees("Not connected")


def test_waits_for_the_approval_of_an_owner(site: Site) -> None:
    """After a member's request, the card shows that it waits, and connects when the owner approves."""
    with site.person("outsider", refusals=frozenset({404})) as person:
        page, organization = _at_integrations(site, person)
        ask_an_owner(page, ACCOUNT)
        page.wait_for_url(f"**/kit/{organization}/settings/integrations*")
        person.sees("Waiting for approval")
        assert person.violations() == []
        [request] = site.control("GET", "/_sandbox")["requests"]
        site.act(OWNER, "approve_request", request=request["id"])
        person.sees(f"Connected to {ACCOUNT}. Pushes and pull requests are delivered to linked projects.")


def _at_integrations(site: Site, person: Person) -> tuple[Page, str]:
    """Open the Integrations page of an organization without a connection, as a member of the account."""
    with site.api("outsider") as api:
        organization = str(api.get("/api/v1/user").json()["organizations"][0]["id"])
    person.sign_in_at_sandbox(MEMBER)
    person.open("settings/integrations", organization=organization).sees("Not connected")
    return person.page, organization
