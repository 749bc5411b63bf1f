"""Server-sent events: what a reader receives, and when the stream ends."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from core.domain.streams.domain_event import DomainEventType
from tests.support.clients.event_source import Browser
from tests.support.scenarios.edge import WholeEdge, check_error
from tests.support.scenarios.streaming import DATA, happen, open_browser, words


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


async def test_event_is_the_envelope_of_the_contract(edge: WholeEdge, url: str) -> None:
    """One line of JSON with its type, and its id as the cursor. Events of other organizations are never sent."""
    browser = await open_browser(edge, url)
    await happen(edge, "other", edge.other)
    project = await edge.world.add_project(edge.organization)
    await happen(edge, "line\nbreaks", project_id=project.id)
    await browser.wait(browser.events)
    await browser.close()
    [event] = browser.all_events
    assert (event.type, event.last_event_id) == ("git.link.created", str(event.data["id"]))
    assert event.data == {
        "id": event.data["id"],
        "type": "git.link.created",
        "version": 1,
        "organization_id": str(edge.organization.external_id),
        "project_id": str(project.external_id),
        "occurred_at": event.data["occurred_at"],
        "recorded_at": event.data["recorded_at"],
        "source_event_id": None,
        "data": {"link_id": str(DATA.link_id), "repo_id": "1", "full_name": "acme/widgets", "reason": "line\nbreaks"},
    }


async def test_headers_prevent_buffering(edge: WholeEdge, url: str) -> None:
    """No proxy collects, changes or stores the stream, and nothing compresses it."""
    headers = edge.of("viewer") | {"accept-encoding": "gzip"}
    async with httpx.AsyncClient() as client, client.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store, no-transform"
        assert answer.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in answer.headers
        assert "content-length" not in answer.headers
        lines = answer.aiter_lines()
        assert [await anext(lines) for _ in range(3)] == ["retry: 2000", "id: 0", ""]


@pytest.mark.parametrize("how", ["header", "query"])
async def test_continues_from_a_cursor(edge: WholeEdge, url: str, how: str) -> None:
    """Later events come first. The browser's header has precedence over the address."""
    for number in range(60):
        await happen(edge, str(number))
    beginning = await open_browser(edge, f"{url}?cursor=0")
    await beginning.wait(lambda: len(beginning.events()) == 60)
    cursor = beginning.events()[20].last_event_id
    again = Browser(
        f"{url}?cursor={cursor if how == 'query' else beginning.events()[0].last_event_id}", edge.of("viewer")
    )
    again.last_event_id = cursor if how == "header" else ""
    await again.open()
    await happen(edge, "60")
    await again.wait(lambda: words(again)[-1:] == ["60"])
    assert words(again) == [str(number) for number in range(21, 61)]
    await asyncio.gather(beginning.close(), again.close())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("type=git.link.removed", ["removed"]),
        ("type=git.link.removed,%20git.link.created", ["a", "b", "none", "removed"]),
        ("project_id={project}", ["a", "removed"]),
        ("project_id={project}&type=git.link.created", ["a"]),
        ("project_id={foreign}", []),
        ("project_id={unknown}", []),
    ],
)
@pytest.mark.parametrize("is_live", [True, False], ids=["live", "kept"])
async def test_filters_by_type_and_project(
    edge: WholeEdge, url: str, query: str, expected: list[str], *, is_live: bool
) -> None:
    """For live events and for earlier ones."""
    project, other = [await edge.world.add_project(edge.organization, name) for name in ("One", "Other")]
    foreign = await edge.world.add_project(edge.other)
    query = query.format(project=project.external_id, foreign=foreign.external_id, unknown=uuid4())
    await happen(edge, "before")
    browser = Browser(f"{url}?{query}", edge.of("member"))
    if is_live:
        await browser.open()
    else:
        async with edge.world.unit_of_work() as tx:
            browser.last_event_id = str((await tx.domain_events.get_bounds()).newest)
    await happen(edge, "a", project_id=project.id)
    await happen(edge, "b", project_id=other.id)
    await happen(edge, "none")
    await happen(edge, "other", edge.other, project_id=foreign.id)
    await happen(edge, "removed", type=DomainEventType.LINK_REMOVED, project_id=project.id)
    if not is_live:
        await browser.open()
    await browser.wait(lambda: len(words(browser)) >= len(expected))
    edge.application.stream_events.close()
    await browser.wait(lambda: browser.all_events[-1:] and browser.all_events[-1].type == "stream.ended")
    assert words(browser) == expected
    await browser.close()


async def test_advances_the_cursor_of_an_idle_reader(edge: WholeEdge, url: str) -> None:
    """The cursor does not expire while no event matches."""
    browser = await open_browser(edge, f"{url}?type=git.push")
    await happen(edge, "for others")
    for _ in range(2):
        await happen(edge, "elsewhere", edge.other)
    async with edge.world.unit_of_work() as tx:
        newest = (await tx.domain_events.get_bounds()).newest

    await browser.wait(lambda: edge.application.stream_events.follower._buffers.position == newest)
    edge.application.stream_events.close()
    await browser.wait(lambda: browser.all_events)
    assert browser.all_events[0].data == {"reason": "draining", "cursor": str(newest)}
    await browser.close()


async def test_members_and_services_with_the_scope_can_stream(edge: WholeEdge, url: str) -> None:
    async with httpx.AsyncClient() as client:
        check_error(await client.get(url), 401, "token_invalid")
        check_error(await client.get(url, headers=edge.service("git.read")), 403, "action_forbidden")
        answers = []
        for address in (url, url.replace(str(edge.organization.external_id), str(uuid4()))):
            body = check_error(await client.get(address, headers=edge.of("outsider")), 404, "organization_not_found")
            answers.append({**body, "request_id": ""})
        assert answers[0] == answers[1]
        assert (await client.head(url, headers=edge.of("viewer"))).status_code == 405
    service = Browser(url, edge.service("git.events"))
    await service.open()
    await service.close()


@pytest.mark.parametrize(
    ("query", "last_event_id", "status", "code"),
    [
        ("cursor=x", "", 400, "cursor_invalid"),
        ("cursor=-1", "", 400, "cursor_invalid"),
        ("cursor=9999999999999999999", "", 400, "cursor_invalid"),
        ("cursor=0", "½", 400, "cursor_invalid"),
        ("cursor=7", "", 410, "cursor_expired"),
        ("type=git.nothing", "", 400, "query_invalid"),
        ("type=git.push,,", "", 400, "query_invalid"),
        ("project_id=1", "", 400, "query_invalid"),
        ("limit=1", "", 400, "query_invalid"),
    ],
)
async def test_rejects_invalid_parameters(
    edge: WholeEdge, url: str, *, query: str, last_event_id: str, status: int, code: str
) -> None:
    """Before the stream starts."""
    given = {**edge.of("viewer"), "last-event-id": last_event_id}
    headers = {name.encode(): value.encode("latin-1") for name, value in given.items()}
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{url}?{query}", headers=headers)
    check_error(answer, status, code)


async def test_rejects_an_expired_cursor(edge: WholeEdge, url: str) -> None:
    """Continuing would leave a gap. The oldest stored cursor works."""
    for number in range(5):
        await happen(edge, str(number))
    facts = edge.world.database.committed.domain_events
    oldest, second, kept, *_ = sorted(facts)
    del facts[oldest], facts[second]
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{url}?cursor={oldest}", headers=edge.of("viewer"))
    assert "Start a new stream" in check_error(answer, 410, "cursor_expired")["detail"]
    browser = await open_browser(edge, f"{url}?cursor={kept}")
    await browser.wait(lambda: words(browser) == ["3", "4"])
    await browser.close()
