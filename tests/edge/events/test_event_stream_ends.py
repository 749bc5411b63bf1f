"""How streams end: with the server, the token, the membership, or a reader who takes nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from starlette.types import Message

from entrypoints.rest.resources.event_stream import EventStreamResponse
from tests.support.conditions import until
from tests.support.scenarios.edge import WholeEdge, check_error
from tests.support.scenarios.streaming import happen, open_browser, words


@pytest.fixture
async def edge() -> WholeEdge:
    """Give an organization with its people."""
    edge = WholeEdge()
    await edge.populate()
    return edge


@pytest.fixture
async def url(edge: WholeEdge) -> AsyncIterator[str]:
    """Give the address of its stream, served for real."""
    async with edge.serve_http() as url:
        yield url + edge.path("/events")


async def test_stopping_server_sends_the_last_cursor(edge: WholeEdge, url: str) -> None:
    """New readers get a retry time instead of an error, which would end the browser's retries."""
    browser = await open_browser(edge, url, reconnects=False)
    await happen(edge, "one")
    await browser.wait(browser.events)
    edge.application.stream_events.close()
    await browser.wait(lambda: browser.has_ended)
    farewell = browser.all_events[-1]
    assert (farewell.type, farewell.data["reason"]) == ("stream.ended", "draining")
    assert farewell.data["cursor"] == browser.last_event_id == str(browser.events()[-1].data["id"])
    late = await open_browser(edge, url, reconnects=False)
    await late.wait(lambda: late.has_ended)
    assert (late.answers, late.all_events[0].data["reason"]) == ([200], "draining")


async def test_ends_with_the_token(edge: WholeEdge, url: str) -> None:
    """An expired token opens no stream, and keeps none open."""
    browser = await open_browser(edge, url)
    edge.later(hours=2)
    await happen(edge, "last")
    await browser.wait(lambda: browser.has_ended)
    assert (words(browser), browser.all_events[-1].data["reason"]) == (["last"], "sign_in_expired")
    assert browser.answers == [200, 401]


@pytest.mark.parametrize("person", ["member", "viewer"])
async def test_ends_with_the_membership(edge: WholeEdge, url: str, person: str) -> None:
    """Within a minute. A new request is rejected."""
    browser, other = await open_browser(edge, url, person), await open_browser(edge, url, "owner")
    edge.later(seconds=61)
    await happen(edge, "still a member")
    await browser.wait(browser.events)
    state = edge.world.database.committed
    del state.memberships[edge.people[person].user_id, edge.organization.id]
    await happen(edge, "not for them until they are asked about again")
    await browser.wait(lambda: len(browser.events()) == 2)
    edge.later(seconds=61)
    await happen(edge, "the last")
    await browser.wait(lambda: browser.has_ended)
    await happen(edge, "never")
    await other.wait(lambda: words(other)[-1:] == ["never"])
    assert words(browser)[-1] == "the last"
    assert browser.all_events[-1].data["reason"] == "access_ended"
    assert browser.answers == [200, 404]
    await other.close()


async def test_limits_streams_per_caller(edge: WholeEdge, url: str) -> None:
    """Closing a stream makes room."""
    edge.application.stream_events.limits._max_streams_of_one = 2
    first, second = await open_browser(edge, url), await open_browser(edge, url)
    async with httpx.AsyncClient() as client:
        answer = await client.get(url, headers=edge.of("viewer"))
        check_error(answer, 429, "too_many_streams")
        assert answer.headers["retry-after"] == "10"
        await (await open_browser(edge, url, "member")).close()
        await first.close()

        async def has_room() -> bool:
            async with client.stream("GET", url, headers=edge.of("viewer")) as answer:
                return answer.status_code == 200

        await until(has_room)
    await second.close()


async def test_closes_the_stream_of_a_reader_who_stops_reading(edge: WholeEdge) -> None:
    """The reader can continue from the last cursor."""
    stream_events = edge.application.stream_events
    viewer = edge.people["viewer"]
    until_then = edge.clock.now() + timedelta(hours=1)
    stream = await stream_events(viewer, organization_id=edge.organization.external_id, until=until_then)
    taken: list[Message] = []

    async def send(message: Message) -> None:
        taken.append(message)
        if len(taken) > 2:
            await asyncio.Event().wait()

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    response = EventStreamResponse(stream, heartbeat_seconds=0.01, send_timeout_seconds=0.01)
    await asyncio.wait_for(response({"type": "http"}, receive, send), 5)
    assert [message.get("body") for message in taken] == [None, b"retry: 2000\nid: 0\n\n", b":\nid: 0\n\n"]
    assert stream_events.limits._open == 0
