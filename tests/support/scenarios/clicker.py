"""A user at a browser who connects an installation, and the number of clicks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from playwright.sync_api import Locator, expect

from tests.support.scenarios.dashboard import Person, Site

LONG_MS = 60_000


@dataclass
class Clicker:
    """A person who counts what they press."""

    person: Person
    organization: str
    clicks: int = 0

    def click(self, target: Locator) -> None:
        """Press it."""
        self.clicks += 1
        target.click(timeout=LONG_MS)

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press the button of this name."""
        self.click(self.person.page.get_by_role("button", name=name))

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Press the link of this name."""
        self.click(self.person.page.get_by_role("link", name=name))

    def integrations(self) -> None:
        """Open the page to start from."""
        self.person.open("settings/integrations", organization=self.organization)
        self.clicks = 0

    def is_connected_to(self, account: str, *, clicks: int = 3) -> None:
        """Check that the Integrations page confirms it, and that it took no more than this."""
        page = self.person.page
        page.wait_for_url(f"**/kit/{self.organization}/settings/integrations?connected=github", timeout=LONG_MS)
        expect(page.get_by_role("status").filter(has_text=f"GitHub account connected: {account}")).to_be_visible()
        self.person.sees(f"Connected to {account}")
        assert self.clicks <= clicks, self.clicks


def sql(site: Site, *statements: str) -> None:
    """Change rows of the running service. PostgreSQL may end a statement because of a deadlock with it."""
    with psycopg.connect(site.demo["database_url"], autocommit=True) as connection:
        for statement in statements:
            while not _execute(connection, statement):
                pass


def _execute(connection: psycopg.Connection[Any], statement: str) -> bool:
    try:
        connection.execute(statement.encode())
    except psycopg.errors.DeadlockDetected:
        return False
    return True


def clicker(site: Site, role: str, login: str, *, authorized: bool = True) -> Iterator[Clicker]:
    """Give a person at a browser, signed in here and at GitHub."""
    with site.api(role) as api:
        organization = api.get("/api/v1/user").json()["organizations"][0]["id"]
    # The sandbox's own pages have no icon, which the browser asks for; refusals are pages with their status.
    with site.person(role, refusals=frozenset({403, 404, 409, 503})) as person:
        person.sign_in_at_sandbox(login)
        if authorized:
            person.open("account/connections", organization=organization)
            person.page.get_by_role("button", name="Connect GitHub").click()
            person.page.get_by_role("button", name="Authorize crewkit").click()
            person.page.wait_for_url("**/account/connections*")
        yield Clicker(person, organization)
