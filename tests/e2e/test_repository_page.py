"""The project page: one repository at a time, no lost input, readable reasons."""

import re
from typing import Any

import httpx
from playwright.sync_api import Locator, expect

from tests.support.scenarios.dashboard import PHONE, Person, Site


def test_shows_only_the_new_repository_after_a_change(site: Site) -> None:
    """The card and settings of the former repository are gone, and the buttons of the new card work."""
    project = import_project(site, "guidance", "Swap")
    with site.person() as person:
        page = person.open(f"projects/{project}/repository").page
        page.get_by_role("button", name="Change repository").click()
        page.get_by_role("combobox", name="Search repositories").fill("launchpad")
        page.get_by_role("option", name=re.compile("launchpad")).click()
        page.get_by_role("button", name="Replace repository").click()
        expect(page.get_by_role("link", name="acme-rockets/launchpad on GitHub")).to_be_visible()
        expect(page.get_by_role("button", name="Change repository")).to_have_count(1)
        expect(page.get_by_role("link", name="acme-rockets/guidance on GitHub")).to_have_count(0)
        expect(page.get_by_role("heading", name="Settings")).to_have_count(1)
        page.get_by_role("button", name="Unlink").click()
        expect(page.get_by_role("dialog")).to_contain_text("Unlink acme-rockets/launchpad?")


def test_shows_failed_deliveries_of_its_repository(site: Site) -> None:
    """A payload with an error has no result for a project, but it names the repository."""
    project = import_project(site, "launchpad", "Failures")
    with site.person() as person:
        person.open(f"projects/{project}/repository").sees("No events yet")
        site.deliver("push/branch.json", ref=5)
        row = person.page.get_by_role("list", name="Recent events").get_by_role("listitem")
        # The stream has no event for it, so the page shows it with its next poll, after up to 10 seconds.
        expect(row).to_have_count(1, timeout=15_000)
        expect(row).to_contain_text("failed", ignore_case=True)


def test_asks_before_unsaved_settings_are_lost(site: Site) -> None:
    """Staying keeps the input and leaving discards it. Saved settings need no confirmation."""
    project = import_project(site, "launchpad", "Unsaved")
    with site.person() as person:
        page = person.open(f"projects/{project}/repository").page
        root = page.get_by_label("Root directory")
        root.fill("apps/web")
        _leave(person)
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Discard unsaved changes?")
        assert person.violations() == []
        dialog.get_by_role("button", name="Keep editing").click()
        expect(root).to_have_value("apps/web")
        _leave(person)
        dialog.get_by_role("button", name="Discard changes").click()
        expect(person.find_heading("Events")).to_be_visible()

        page.go_back()
        expect(root).to_have_value("")
        root.fill("apps/api")
        page.get_by_role("button", name="Save").click()
        person.sees("Settings saved")
        _leave(person)
        expect(person.find_heading("Events")).to_be_visible()


def test_asks_before_an_unfinished_import_is_lost(site: Site) -> None:
    """A typed name needs a confirmation; an unchanged form and a finished import do not."""
    with site.person() as person:
        page = person.open("projects/import").page
        page.get_by_role("option", name=re.compile("guidance")).click()
        expect(page.get_by_label("Project name")).to_have_value("guidance")
        _leave(person)
        expect(person.find_heading("Events")).to_be_visible()
        page.go_back()
        page.get_by_label("Project name").fill("Typed name")
        _leave(person)
        page.get_by_role("dialog").get_by_role("button", name="Keep editing").click()
        page.get_by_role("button", name="Import", exact=True).click()
        page.wait_for_url("**/repository")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_reasons_stay_inside_the_page(site: Site) -> None:
    """The reason why a control is disabled is readable, on a phone and beside the sidebar."""
    project = import_project(site, "launchpad", "Reasons")
    for size in (PHONE, (1280, 800)):
        with site.person("viewer", size=size) as person:
            page = person.open(f"projects/{project}/repository").page
            for name in ("Change repository", "Unlink", "Save"):
                page.get_by_role("button", name=name).focus()
                reason = page.get_by_role("tooltip").filter(visible=True)
                expect(reason).to_have_count(1)
                _is_inside(reason, page.locator("main"))
            assert person.violations() == []
            page.keyboard.press("Escape")
            expect(page.get_by_role("tooltip").filter(visible=True)).to_have_count(0)


def _is_inside(element: Locator, container: Locator) -> None:
    inner, outer = element.bounding_box(), container.bounding_box()
    assert inner, "it is not shown"
    assert outer, "the container is not shown"
    assert inner["x"] >= outer["x"], (inner, outer)
    assert inner["x"] + inner["width"] <= outer["x"] + outer["width"], (inner, outer)


def _leave(person: Person) -> None:
    person.page.get_by_role("navigation", name="Main").get_by_role("link", name="Events").click()


def import_project(site: Site, repository: str, name: str) -> str:
    """Import a repository of the demo as a new project and return the project's id."""
    with site.api() as api:
        [found] = [one for one in _repositories(api, site, repository) if one["name"] == repository]
        body = {"name": name, "repo_id": found["id"], "default_branch": found["default_branch"]}
        answer = api.post(f"/api/v1/{site.organization}/projects/import", json=body)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])


def _repositories(api: httpx.Client, site: Site, text: str) -> list[dict[str, Any]]:
    path = f"/api/v1/{site.organization}/git-integrations/github/repos"
    return list(api.get(path, params={"q": text}).json()["data"])
