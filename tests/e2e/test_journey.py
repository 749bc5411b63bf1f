"""From the installation to a live push: what owners and members do in the dashboard."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.support.scenarios.dashboard import Person, Site

THEIR_LOGIN = "oona-field-away"
ACCOUNT = "orbital-works"


def test_shows_a_push_live_after_installing(site: Site) -> None:
    """Install, import and push; the card follows a suspension and a resumption on GitHub."""
    site.act(THEIR_LOGIN, "create_repository", owner=ACCOUNT, name="lander", private=True)
    # Their organization is not the organization of the demo.
    # The sandbox's pages have no icon, so the browser's request for it fails.
    with site.person("outsider", refusals=frozenset({404})) as person:
        page = person.page
        with site.api("outsider") as api:
            organization = api.get("/api/v1/user").json()["organizations"][0]["id"]
        person.sign_in_at_sandbox(THEIR_LOGIN)

        person.open("settings/integrations", organization=organization)
        person.sees("Not connected")
        page.get_by_role("button", name="Install on GitHub").click()
        page.get_by_role("link", name=ACCOUNT, exact=True).click()
        page.get_by_role("button", name=re.compile("Install")).click()
        page.wait_for_url(f"**/kit/{organization}/settings/integrations*")
        person.sees(f"Connected to {ACCOUNT}. Pushes and pull requests are delivered to linked projects.")

        _import(person, "lander")
        expect(page.get_by_role("link", name=f"{ACCOUNT}/lander on GitHub")).to_be_visible()

        page.get_by_role("navigation", name="Main").get_by_role("link", name="Events").click()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        site.act(THEIR_LOGIN, "push", repository=f"{ACCOUNT}/lander", messages=["Lift off"])
        pushed = page.get_by_role("list", name="Events").get_by_role("link", name="push")
        expect(pushed).to_have_count(1)
        pushed.click()
        detail = page.get_by_role("dialog")
        expect(detail.get_by_text("Lift off")).to_be_visible()
        expect(detail.get_by_role("list", name="Results")).to_contain_text("Delivered")
        detail.get_by_role("button", name="Close").click()
        expect(detail).to_be_hidden()

        person.open("settings/integrations", organization=organization)
        with site.api("outsider") as api:
            known = api.get(f"/api/v1/{organization}/git-integrations/github").json()
        installation = int(known["installation_id"])
        site.act(THEIR_LOGIN, "suspend", installation=installation)
        person.sees("Suspended on GitHub")
        site.act(THEIR_LOGIN, "unsuspend", installation=installation)
        person.sees(f"Connected to {ACCOUNT}. Pushes and pull requests are delivered to linked projects.")

        page.get_by_role("button", name="Disconnect").click()
        page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
        person.sees("Links and history are kept")
        page.get_by_role("button", name="Reconnect GitHub").click()
        page.wait_for_url(f"**/kit/{organization}/settings/integrations*")
        person.sees(f"Connected to {ACCOUNT}. Pushes and pull requests are delivered to linked projects.")


def _import(person: Person, name: str) -> None:
    page = person.page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Import").click()
    page.get_by_role("combobox", name="Search repositories").fill(name)
    _repositories(page).get_by_role("option", name=re.compile(name)).click()
    page.get_by_role("button", name="Import", exact=True).dblclick()
    page.wait_for_url("**/repository")


def _repositories(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Repositories")


def test_imports_by_keyboard_and_explains_a_duplicate_name(site: Site) -> None:
    """The error is at its field, and a double click creates one project."""
    with site.person("member", refusals=frozenset({409})) as person:
        page = person.open("projects/import").page
        search = page.get_by_role("combobox", name="Search repositories")
        search.fill("guid")
        expect(_repositories(page).get_by_role("option")).to_have_count(1)
        search.press("Enter")
        page.get_by_label("Project name").fill("Flight guidance")
        page.get_by_role("button", name="Import", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("project_name_taken")
        page.get_by_label("Project name").fill("Guidance again")
        page.get_by_role("button", name="Import", exact=True).dblclick()
        page.wait_for_url("**/repository")
        with site.api() as api:
            listed = api.get(f"/api/v1/{site.organization}/projects?limit=100").json()["data"]
        assert [one["name"] for one in listed].count("Guidance again") == 1


def test_viewer_sees_disabled_controls_with_a_reason(site: Site) -> None:
    """Keyboard users can read the reason, too."""
    with site.person("viewer") as person:
        page = person.open("settings/integrations").page
        disconnect = page.get_by_role("button", name="Disconnect")
        expect(disconnect).to_have_attribute("aria-disabled", "true")
        disconnect.focus()
        person.sees("disconnect GitHub. Ask an owner or admin of the organization.")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
        person.open("audit").sees("view the audit log. Ask an owner or admin")
        person.open("projects/import").sees("link or import repositories. Ask an owner or admin")


def test_shows_the_last_list_during_an_outage_of_the_provider(site: Site) -> None:
    """With its age."""
    site.faults([{"kind": "error", "path": "*", "status": 500}])
    with site.person() as person:
        page = person.open("projects/import").page
        expect(_repositories(page).get_by_role("option").first).to_be_visible()
        person.sees(re.compile("Updated"))
    site.faults([])
