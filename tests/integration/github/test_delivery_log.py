"""GitHub's log of deliveries is read, and what is in it sent again."""

import json
from contextlib import aclosing

import pytest
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.deliveries.delivery import QuotedDelivery
from core.domain.provider_errors import NotVisible
from tests.support.builders import github_answers as answers
from tests.support.fakes.github import ScriptedGitHub, refusal, reply


async def test_reads_the_delivery_log_as_far_as_requested(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Newest first, by cursor. Further pages are not fetched."""
    path = "/app/hook/deliveries"
    next_page = f'<{known.url}{path}?per_page=100&cursor=v1_5>; rel="next"'
    timed_out = answers.delivery(
        4, status="timed out", status_code=0, installation_id=None, repository_id=None, action="opened"
    )
    known.answers(f"GET {path}", reply([answers.delivery(6), answers.delivery(5)], link=next_page), reply([timed_out]))

    async with aclosing(provider.list_deliveries()) as log:
        newest = await anext(log)
        assert len(known.received) == 1
        rest = [logged async for logged in log]

    assert [newest.id, *(logged.id for logged in rest)] == [6, 5, 4]
    assert (newest.guid, newest.event_type, newest.source_key) == ("0b989ba4-242f-11e5-81e1-000000000006", "push", "41")
    assert newest.repo_id == "7"
    assert newest.succeeded
    assert not rest[-1].succeeded
    assert (rest[-1].source_key, rest[-1].repo_id, rest[-1].action) == (None, None, "opened")
    assert known.received[1].query == {"per_page": "100", "cursor": "v1_5"}


async def test_keeps_the_text_of_a_logged_payload(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Numbers, order and escapes stay as GitHub wrote them."""
    text = b'{"b": 1.50, "a": "\\u00fc", "n": 12345678901234567890}'
    detail = b'{"id": 6, "guid": "g-6", "event": "push", "request": {"headers": null, "payload": %b}}' % text
    known.answers("GET /app/hook/deliveries/6", Response(detail, media_type="application/json"))

    assert await provider.get_delivery(6) == QuotedDelivery("github", "g-6", "push", text)


async def test_unquotes_a_payload_of_a_form(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub logs forms as text."""
    detail = {"guid": "g-6", "event": "push", "request": {"payload": "payload=%7B%7D"}}
    known.answers("GET /app/hook/deliveries/6", reply(detail))

    assert (await provider.get_delivery(6)).body == b"payload=%7B%7D"


async def test_reads_large_payloads(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Up to 25 MB, far more than any list."""
    text = json.dumps({"blob": "x" * 25_000_000}).encode()
    detail = b'{"guid": "g-6", "event": "push", "request": {"payload": %b}}' % text
    known.answers("GET /app/hook/deliveries/6", Response(detail, media_type="application/json"))

    assert (await provider.get_delivery(6)).body == text


@pytest.mark.parametrize(
    ("headers", "left"),
    [({}, None), ({"limit": "5000", "remaining": "1250"}, 0.25), ({"limit": "0", "remaining": "0"}, None)],
)
async def test_returns_the_remaining_rate_limit(
    headers: dict[str, str], left: float | None, known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """From the last response about the log; servers without limits report none."""
    detail = {"guid": "g-6", "event": "push", "request": {"payload": {}}}
    answer = reply(detail)
    answer.headers.update({f"x-ratelimit-{name}": value for name, value in headers.items()})
    known.answers("GET /app/hook/deliveries/6", answer)
    assert provider.get_remaining_calls() is None

    await provider.get_delivery(6)

    assert provider.get_remaining_calls() == left


@pytest.mark.parametrize(
    "answer", [refusal(404, "Not Found"), refusal(422, "no"), reply({"guid": "g-6", "event": "push", "request": {}})]
)
async def test_expired_delivery_is_not_found(answer: Response, known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub deletes it after three days."""
    known.answers("GET /app/hook/deliveries/6", answer)

    with pytest.raises(NotVisible):
        await provider.get_delivery(6)


async def test_requests_a_redelivery(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Once for each call."""
    known.answers("POST /app/hook/deliveries/6/attempts", reply({}, 202))

    await provider.redeliver(6)

    assert len(known.received) == 1


async def test_returns_the_webhook_without_its_secret(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub masks it anyway."""
    config = {"url": "https://git.example/hooks", "content_type": "form", "secret": "********"}
    known.answers("GET /app/hook/config", reply(config))

    found = await provider.get_webhook_config()

    assert (found.url, found.content_type) == ("https://git.example/hooks", "form")
