"""The shell of every page: sign-in, navigation, themes, phones."""

import pytest
from playwright.sync_api import expect

from tests.support.scenarios.dashboard import PHONE, Site


def test_visitor_signs_in_and_returns(site: Site) -> None:
    """A deep link opens its page after sign-in."""
    page = site.browser.new_page()
    page.goto(f"{site.url}/kit/{site.organization}/events")
    page.get_by_role("button", name="viewer", exact=True).click()
    page.wait_for_url(f"**/kit/{site.organization}/events")
    expect(page.get_by_role("heading", level=1, name="Events")).to_be_visible()
    page.close()


def test_sidebar_opens_every_page(site: Site) -> None:
    """Each entry opens a page of that name and is marked as the current one."""
    with site.person() as person:
        person.open("projects")
        main = person.page.get_by_role("navigation", name="Main")
        for name in ("Import", "Events", "Attribution", "Audit", "Integrations", "Projects"):
            main.get_by_role("link", name=name).click()
            expect(person.page.get_by_role("heading", level=1).first).to_contain_text(name)
            expect(main.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")


def test_foreign_organization_is_not_found(site: Site) -> None:
    """The response is the same as for an organization that does not exist."""
    with site.person("owner") as person:
        person.open("projects", organization="4b1c8a3e-7d52-4c0e-9a52-5a0f2d3b6c11")
        person.sees("Page not found")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_theme_follows_the_system_until_the_user_chooses(site: Site, scheme: str) -> None:
    """The chosen theme stays after a reload."""
    other = "light" if scheme == "dark" else "dark"
    with site.person(scheme=scheme) as person:
        person.open("projects")
        html = person.page.locator("html")
        assert ("dark" in (html.get_attribute("class") or "")) is (scheme == "dark")
        person.page.get_by_role("button", name=f"{other} theme").click()
        person.page.reload()
        assert ("dark" in (html.get_attribute("class") or "")) is (other == "dark")


def test_phone_shows_all_entries_in_a_menu(site: Site) -> None:
    """No sideways scrolling, and a chosen entry closes the menu."""
    with site.person(size=PHONE) as person:
        person.open("projects")
        person.page.get_by_role("button", name="Menu").click()
        person.page.get_by_role("dialog").get_by_role("link", name="Events").click()
        expect(person.find_heading("Events")).to_be_visible()
        expect(person.page.get_by_role("dialog")).to_be_hidden()
        assert person.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
