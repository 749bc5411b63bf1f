"""Publish events, and read the streams of browsers."""

from dataclasses import replace
from uuid import UUID

from core.domain.identifiers import RepoId
from core.domain.organizations import Organization
from core.domain.streams.domain_event import LinkData
from testing.builders.entities import Fact, build_domain_event
from tests.support.clients.event_source import Browser
from tests.support.scenarios.edge import WholeEdge

DATA = LinkData(UUID(int=1), RepoId("1"), "acme/widgets")


async def happen(edge: WholeEdge, word: str, organization: Organization | None = None, **facts: Fact) -> None:
    """Let something happen, by default in our organization."""
    async with edge.world.unit_of_work() as tx:
        facts = {"data": replace(DATA, reason=word), **facts}
        await tx.domain_events.append([build_domain_event(organization or edge.organization, **facts)])
        await tx.commit()


async def open_browser(edge: WholeEdge, url: str, person: str = "viewer", *, reconnects: bool = True) -> Browser:
    """Return a browser that is connected."""
    browser = Browser(url, edge.of(person), reconnects)
    await browser.open()
    return browser


def words(browser: Browser) -> list[str]:
    """Return the received events."""
    return [one.data["data"]["reason"] for one in browser.events()]
