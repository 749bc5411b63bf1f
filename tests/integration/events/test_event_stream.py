"""Server-sent domain events over a real server and a real database."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from core.domain.identifiers import RepoId
from core.domain.organizations import Organization, Role
from core.domain.streams.domain_event import LinkData
from testing.builders.entities import build_domain_event
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.builders import tokens
from tests.support.clients.event_source import Browser
from tests.support.servers.service import run_service

WRITERS, EACH = 8, 125
DATA = LinkData(UUID(int=1), RepoId("1"), "acme/widgets")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresStoreStage]:
    """Give an empty database."""
    world = PostgresStoreStage(database_url)
    yield world
    await world.database.close()


async def write(world: PostgresStoreStage, organization: Organization, *words: str) -> None:
    """Write an event for each word, in one transaction."""
    async with world.unit_of_work() as tx:
        await tx.domain_events.append(
            [build_domain_event(organization, data=replace(DATA, reason=word)) for word in words]
        )
        await tx.commit()


async def wait_for_events(browser: Browser, count: int) -> None:
    """Return when the browser has received so many events."""
    await browser.wait(lambda: len(browser.events()) >= count, 60)


async def bearer(world: PostgresStoreStage, organization: Organization) -> dict[str, str]:
    """Return the header of a new member's token."""
    user = await world.add_user(f"{organization.name}@crewkit.example")
    await world.add_member(user, organization, Role.VIEWER)
    claims = tokens.claims(datetime.now(UTC), sub=str(user.external_id))
    return {"authorization": f"Bearer {tokens.sign_token(claims, tokens.rsa_key())}"}


async def test_sends_each_event_once(world: PostgresStoreStage, redis_url: str) -> None:
    """To a steady reader and to a reader that reconnects repeatedly; none to another organization."""
    acme, zenith = await world.add_organization("Acme"), await world.add_organization("Zenith")
    member, stranger = await bearer(world, acme), await bearer(world, zenith)
    expected = sorted(f"{writer}/{number}" for writer in range(WRITERS) for number in range(EACH))

    async def write_events(writer: int) -> None:
        for number in range(EACH):
            await write(world, acme, f"{writer}/{number}")
            if number % 10 == 0:
                await write(world, zenith, f"other {writer}/{number}")
            # Something is left to write when the server is stopped, and when it is killed.
            due = (number > EACH * 0.6) + (number > EACH * 0.9)
            await restarted[due].wait()

    restarted = [asyncio.Event() for _ in range(3)]
    restarted[0].set()
    with run_service(world.url, redis_url, "api") as service:
        url = f"{service.url}/api/v1/{acme.external_id}/events"
        staying, leaving = Browser(url, member), Browser(url, member)
        foreign = Browser(f"{service.url}/api/v1/{zenith.external_id}/events", stranger)
        browsers = [staying, leaving, foreign]
        for browser in browsers:
            await browser.open()
        writers = [asyncio.create_task(write_events(number)) for number in range(WRITERS)]

        async def reconnect_repeatedly() -> None:
            while len(leaving.events()) < len(expected):
                await wait_for_events(leaving, min(len(leaving.events()) + 20, len(expected)))
                await leaving.break_off()

        breaking = asyncio.create_task(reconnect_repeatedly())
        await staying.wait(lambda: len(staying.events()) > 300)
        await asyncio.to_thread(service.stop)
        await asyncio.to_thread(service.start, "api")
        restarted[1].set()
        await staying.wait(lambda: len(staying.events()) > 750)
        await asyncio.to_thread(service.kill, "api")
        await asyncio.to_thread(service.start, "api")
        restarted[2].set()
        await asyncio.gather(*writers, breaking)
        for browser in browsers[:2]:
            await wait_for_events(browser, len(expected))
        await wait_for_events(foreign, WRITERS * 13)
        await write(world, acme, "last")
        await write(world, zenith, "last")
        for browser, count in zip(browsers, (1001, 1001, WRITERS * 13 + 1), strict=True):
            await wait_for_events(browser, count)
            await browser.close()
    for browser in browsers[:2]:
        events = browser.events()[:-1]
        assert sorted(one.data["data"]["reason"] for one in events) == expected
        ids = [one.data["id"] for one in events]
        assert ids == sorted(set(ids))
        assert {one.data["organization_id"] for one in events} == {str(acme.external_id)}
    assert len(leaving.answers) > len(staying.answers) > 2
    assert {one.type for one in staying.all_events} == {"git.link.created", "stream.ended"}
    # More than one if the reader reconnects before the stopping server has closed its listening socket.
    endings = [one for one in staying.all_events if one.type == "stream.ended"]
    assert all(one.data == {"reason": "draining", "cursor": one.last_event_id} for one in endings)
    assert len(foreign.events()) == WRITERS * 13 + 1
    assert all(one.data["organization_id"] == str(zenith.external_id) for one in foreign.events())


async def test_sends_an_event_within_a_quarter_of_a_second(world: PostgresStoreStage, redis_url: str) -> None:
    """After its commit, to all readers, with fifty open streams in the process."""
    acme = await world.add_organization("Acme")
    member = await bearer(world, acme)
    with run_service(world.url, redis_url, "api") as service:
        browsers = [Browser(f"{service.url}/api/v1/{acme.external_id}/events", member) for _ in range(50)]
        await asyncio.gather(*(browser.open() for browser in browsers))
        delays = []
        for number in range(1, 16):
            await write(world, acme, str(number))
            committed = time.monotonic()
            for browser in browsers:
                await wait_for_events(browser, number)
            delays.append(time.monotonic() - committed)
        await asyncio.gather(*(browser.close() for browser in browsers))
    assert statistics.median(delays) < 0.25, delays
