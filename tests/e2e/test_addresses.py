"""Returning from another site, and addresses without an organization."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.scenarios.dashboard import Site


@pytest.mark.parametrize("path", ["settings/integrations", "projects/import", "projects", "events", "audit"])
def test_pages_without_an_organization_open_the_last_one(site: Site, path: str) -> None:
    """For documentation and bookmarks. The parameters of the address are kept."""
    with site.person() as person:
        person.page.goto(f"{site.url}/kit/{path}?q=x")
        person.page.wait_for_url(re.compile(f"/kit/{site.organization}/{path}"))
        expect(person.page.get_by_role("heading", level=1)).not_to_have_text("Page not found")
    with site.person() as person:
        person.page.goto(f"{site.url}/kit/projects/import?q=launch")
        expect(person.page.get_by_role("combobox", name="Search repositories")).to_have_value("launch")


@pytest.mark.parametrize(
    ("path", "name", "request_path"),
    [
        ("projects/import", "Adjust access on GitHub", "**/manage?*"),
        ("account/connections", "Connect GitHub", "**/authorize?*"),
    ],
)
def test_button_works_again_after_back(site: Site, path: str, name: str, request_path: str) -> None:
    """After Back, the browser restores the page with the button disabled."""
    with site.person("member" if path.startswith("account") else "owner") as person:
        page = person.page
        page.route(request_path, lambda route: route.fulfill(json={"redirect_url": "#left"}))
        person.open(path)
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        page.wait_for_url("**#left")
        expect(page.get_by_role("button", name="GitHub…")).to_be_disabled()
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
        expect(button).to_be_enabled()
