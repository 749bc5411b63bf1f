"""What happens between two clicks: concurrent changes, ended sessions, network failures, odd addresses."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.scenarios.dashboard import PHONE, Site


def test_unlinks_only_the_link_that_the_page_shows(site: Site) -> None:
    """If another person changed the repository meanwhile, their link stays and the page reports it."""
    project = site.demo["projects"][0]["id"]
    with site.person(refusals=frozenset({409})) as person, site.api() as api:
        page = person.open(f"projects/{project}/repository").page
        page.get_by_role("button", name="Unlink").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Unlink acme-rockets/launchpad?")
        # Fast enough that the page has not polled the change yet.
        [other] = _repositories(api, site, "guidance")
        change = {"repo_id": other["id"], "replace": True}
        changed = api.post(f"/api/v1/{site.organization}/projects/{project}/repository", json=change)
        assert changed.is_success, changed.text
        dialog.get_by_role("button", name="Unlink").click()
        person.sees("Not unlinked")
        link = api.get(f"/api/v1/{site.organization}/projects/{project}").json()["repository"]
        assert link["full_name"] == "acme-rockets/guidance"


def test_ended_session_leads_to_sign_in_and_back(site: Site) -> None:
    """At the next request, without a reload of the page."""
    with site.person(refusals=frozenset({401})) as person:
        page = person.open("projects").page
        page.wait_for_load_state("networkidle")
        person.context.clear_cookies()
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Audit").click()
        page.get_by_role("button", name="owner", exact=True).click()
        page.wait_for_url(f"**/kit/{site.organization}/audit")
        expect(person.find_heading("Audit")).to_be_visible()


def test_first_tab_shows_the_user_who_signed_in_in_another_tab(site: Site) -> None:
    """Nothing of the previous user stays."""
    with site.person(refusals=frozenset({403})) as person:
        person.open("projects")
        person.sees("Mara Okafor")
        second = person.context.new_page()
        second.goto(f"{site.url}/dev/sign-in?return_to=/healthz")
        second.get_by_role("button", name="viewer", exact=True).click()
        second.wait_for_url("**/healthz")
        second.close()
        person.page.wait_for_timeout(5000)  # the current user is cached for this long
        person.page.get_by_role("navigation", name="Main").get_by_role("link", name="Events").click()
        expect(person.page.get_by_text("Mara Okafor")).to_have_count(0)


def test_retry_loads_a_part_that_failed_to_load(site: Site) -> None:
    """The error is readable, and the retry does not use the failure that the browser remembers."""
    with site.person() as person:
        page = person.open("projects/import").page
        page.route("**/assets/ImportForm-*.js", lambda route: route.abort())
        page.get_by_role("option", name=re.compile("guidance")).click()
        person.sees("Part of this page")
        page.unroute("**/assets/ImportForm-*.js")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_label("Project name")).to_be_visible()
        # The browser logs the failed request, and React the failed import.
        assert person.complaints
        person.complaints.clear()


def test_reports_a_response_from_another_server(site: Site) -> None:
    """The sign-in page of a network responds with 200 and HTML."""
    with site.person() as person:
        page = person.page
        page.route(
            "**/git-integrations/github",
            lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Wi-Fi</h1>"),
        )
        person.open("settings/integrations")
        person.sees("The service returned an unexpected response.")


@pytest.mark.parametrize("code", ["__proto__", "constructor", "<b>no</b>"])
def test_every_error_code_has_a_text(site: Site, code: str) -> None:
    """For any code in the address."""
    with site.person() as person:
        person.open(f"account/connections?refused={code}")
        person.sees("connected. Nothing was changed.")


def test_explains_unknown_addresses(site: Site) -> None:
    """An organization alone opens its projects; an unknown project is reported as not found."""
    with site.person(refusals=frozenset({404})) as person:
        person.open("")
        person.page.wait_for_url("**/projects")
        person.open("projects/garbage/repository").sees("Project not found")
        person.open(f"events?event={'x' * 300}").sees("Webhook deliveries from GitHub")
        expect(person.page.get_by_role("alert")).to_have_count(0)
        person.open("events?event=release")
        expect(person.page.get_by_label("Type")).to_have_value("release")


def test_long_name_does_not_make_a_phone_scroll_sideways(site: Site) -> None:
    """On its own page and in lists."""
    with site.api() as api:
        free = next(one for one in _repositories(api, site) if not one["archived"])
        body = {"name": "W" * 100, "repo_id": free["id"], "default_branch": free["default_branch"]}
        made = api.post(f"/api/v1/{site.organization}/projects/import", json=body)
        assert made.is_success, made.text
        project = made.json()["id"]
    with site.person(size=PHONE) as person:
        for path in (f"projects/{project}/repository", "attribution", "projects"):
            person.open(path).sees(re.compile("W{100}") if path == "projects" else re.compile("."))
            person.page.get_by_role("heading", level=1).first.wait_for()
            wide = person.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, path


def _repositories(api: httpx.Client, site: Site, text: str = "") -> list[dict[str, Any]]:
    path = f"/api/v1/{site.organization}/git-integrations/github/repos"
    return list(api.get(path, params={"q": text}).json()["data"])
