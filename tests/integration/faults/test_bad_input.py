"""Whatever arrives at the webhook address, the answer is the documented one and nobody else is harmed."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator
from random import Random
from urllib.parse import quote_plus
from uuid import uuid4

import pytest

from tests.support.builders.bad_deliveries import BODIES, GOOD, ODD_HEADERS, ODD_OBJECTS, SIGNATURES
from tests.support.builders.deliveries import INSTALLATION, SECRET, Delivery, list_accepted, post_all, push, pushes
from tests.support.clients.raw_http import Answer, ask, connect, head, request
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import EventStore
from tests.support.servers.service import Service, run_service

PROBLEM = {"type", "title", "status", "detail", "code", "request_id"}


@pytest.fixture(scope="module")
def service(urls: tuple[str, str]) -> Iterator[Service]:
    """Run the whole service."""
    with run_service(*urls, "api", "worker", "scheduler") as service:
        yield service


@pytest.fixture(autouse=True)
def _nothing_crashed(service: Service) -> Iterator[None]:
    """Check after each test that no process logged a stack trace or anything but JSON."""
    yield
    for name in ("api", "worker", "scheduler"):
        assert [entry for entry in service.log(name) if "exception" in entry or "text" in entry] == []


def check_refused(service: Service, answer: Answer, status: int, code: str, reason: str) -> None:
    """Check a refusal as callers see it, and that the log has one line with the reason."""
    problem = answer.problem
    assert (answer.status, problem["code"]) == (status, code)
    assert problem.keys() == PROBLEM
    assert problem["status"] == status
    assert problem["type"] == f"urn:problem-type:crewkit:{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]

    def lines() -> list[dict[str, object]]:
        refused = service.log_lines("api", "delivery_refused")
        return [line for line in refused if line["request_id"] == problem["request_id"]]

    wait_until(lines)
    [line] = lines()
    assert (line["reason"], line["status"], line["client"]) == (reason, status, "127.0.0.1")


async def all_statuses(service: Service, requests: list[bytes]) -> set[int]:
    """Send these at the same time, each on its own connection; each gets an error in the service's format."""
    answers = await asyncio.gather(*(ask(service.address, each) for each in requests))
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.problem.keys() == PROBLEM

    def log_lines() -> set[object]:
        lines = service.log_lines("api", "delivery_refused") + service.log_lines("api", "request_refused")
        return {line["request_id"] for line in lines}

    wait_until(lambda: log_lines() >= {answer.problem["request_id"] for answer in answers})
    return {answer.status for answer in answers}


@pytest.mark.parametrize(("signature", "reason"), SIGNATURES.values(), ids=SIGNATURES)
async def test_rejects_a_bad_signature(service: Service, signature: str | bytes | None, reason: str) -> None:
    """The response does not contain the reason."""
    answer = await ask(service.address, Delivery(GOOD).request({"x-hub-signature-256": signature}))
    check_refused(service, answer, 401, "webhook_signature_invalid", reason)


async def test_rejects_a_sha1_signature_alone(service: Service) -> None:
    """GitHub still sends the old header, but SHA-1 is not a proof."""
    sha1 = f"sha1={hmac.new(SECRET.encode(), GOOD, hashlib.sha1).hexdigest()}"
    for headers in (
        {"x-hub-signature-256": None, "x-hub-signature": sha1},
        {"x-hub-signature-256": sha1, "x-hub-signature": sha1},
    ):
        answer = await ask(service.address, Delivery(GOOD).request(headers))
        assert (answer.status, answer.problem["code"]) == (401, "webhook_signature_invalid")


@pytest.mark.parametrize(("body", "reason"), BODIES.values(), ids=BODIES)
async def test_rejects_a_signed_body_that_is_not_an_object(service: Service, body: bytes, reason: str) -> None:
    """A valid signature does not make it an event."""
    answer = await ask(service.address, Delivery(body).request())
    check_refused(service, answer, 400, "webhook_body_invalid", reason)


@pytest.mark.parametrize("body", ODD_OBJECTS.values(), ids=ODD_OBJECTS)
async def test_stores_and_fails_a_signed_object_with_wrong_types(
    service: Service, event_store: EventStore, body: bytes
) -> None:
    """It was signed, so it is stored for inspection. A retry would not help."""
    delivery = Delivery(body)
    assert (await ask(service.address, delivery.request())).status == 202
    wait_until(lambda: event_store.status(delivery.id) == "failed")
    [(message, attempts)] = event_store.rows(
        "SELECT error_message, attempts FROM git_webhook_events WHERE delivery_id = %s", (delivery.id,)
    )
    assert message.startswith("envelope_unreadable")
    assert attempts == 1


@pytest.mark.parametrize("header", ["x-github-event", "x-github-delivery"])
async def test_rejects_a_missing_header(service: Service, header: str) -> None:
    """Without event or id there is no delivery."""
    answer = await ask(service.address, Delivery(GOOD).request({header: None}))
    check_refused(service, answer, 400, "webhook_headers_invalid", "header_missing")


@pytest.mark.parametrize("header", ["x-github-event", "x-github-delivery"])
@pytest.mark.parametrize("value", ODD_HEADERS.values(), ids=ODD_HEADERS)
async def test_rejects_an_invalid_header_and_stores_its_group(
    service: Service, event_store: EventStore, header: str, value: bytes
) -> None:
    """Headers are not signed: no invalid value reaches a row or the rows of the same commit."""
    bad = [Delivery(GOOD).request({header: value}) for _ in range(8)]
    answers, statuses = await asyncio.gather(post_all(service.address, pushes(40)), all_statuses(service, bad))
    assert statuses == {400}
    assert len(list_accepted(answers)) == 40
    assert set(event_store.delivery_ids()) >= set(answers)
    assert not event_store.value(
        "SELECT count(*) FROM git_webhook_events WHERE event_type <> 'push' AND event_type <> 'ping'"
    )


@pytest.mark.parametrize("content_type", [None, "text/plain", "multipart/form-data", "application/jsonp", ""])
async def test_rejects_another_content_type(service: Service, content_type: str | None) -> None:
    """GitHub offers two content types."""
    answer = await ask(service.address, Delivery(GOOD).request({"content-type": content_type}))
    check_refused(service, answer, 415, "unsupported_media_type", "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
async def test_reads_parameters_and_case_of_content_types(service: Service, content_type: str) -> None:
    answer = await ask(service.address, Delivery(push()).request({"content-type": content_type}))
    assert answer.status == 202


async def test_stores_and_processes_a_form(service: Service, event_store: EventStore) -> None:
    """GitHub can be configured to send forms; the signature covers the encoded form."""
    form = Delivery(b"payload=" + quote_plus(GOOD).encode())
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (await ask(service.address, form.request(headers))).status == 202
    wait_until(lambda: event_store.status(form.id) not in {None, "pending"})
    assert event_store.status(form.id) == "unrouted"

    for body, reason in ((b"other=1", "body_without_payload"), (b"payload=1", "body_not_an_object")):
        answer = await ask(service.address, Delivery(body).request(headers))
        check_refused(service, answer, 400, "webhook_body_invalid", reason)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_rejects_another_method(service: Service, method: str) -> None:
    """The response lists the allowed method."""
    async with connect(service.address) as line:
        await line.send(request({}, method=method))
        if method == "HEAD":  # has the headers of an answer, and no body
            return
        answer = await line.answer()
    assert answer.headers["allow"] == "POST"
    check_refused(service, answer, 405, "method_not_allowed", "method_not_allowed")


@pytest.mark.parametrize("path", ["/api/v1/git/gitlab/webhooks", "/api/v1/git/github/webhooks/"])
async def test_rejects_another_path(service: Service, path: str) -> None:
    """An unknown provider is not an error of the service, and paths are not guessed."""
    answer = await ask(service.address, request(Delivery(GOOD).headers, GOOD, path=path))
    assert (answer.status, answer.problem["code"]) == (404, "not_found")
    assert answer.problem.keys() == PROBLEM
    request_id = answer.headers["x-request-id"]
    assert answer.problem["request_id"] == request_id
    wait_until(lambda: [line for line in service.log_lines("api", "request") if line["request_id"] == request_id])


async def test_stores_a_lone_surrogate(service: Service, event_store: EventStore) -> None:
    """A commit message can contain half of a surrogate pair."""
    delivery = Delivery(GOOD.replace(b'{"', b'{"half":"\\ud83d","', 1))
    assert (await ask(service.address, delivery.request())).status == 202
    wait_until(lambda: event_store.status(delivery.id) not in {None, "pending"})
    assert event_store.status(delivery.id) == "unrouted"


async def test_stores_a_delivery_once(service: Service, event_store: EventStore) -> None:
    """The second response is 200 for any sender, and nothing is added."""
    # An event without an effect would be processed again when it is delivered again.
    event_store.connect_installation(INSTALLATION + 3)
    delivery = Delivery(push(installation=INSTALLATION + 3))
    first = await ask(service.address, delivery.request())
    second = await ask(service.address, delivery.request())
    assert (first.status, second.status) == (202, 200)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert event_store.delivery_ids().count(delivery.id) == 1
    assert json.loads(second.body)["receipt"] == "duplicate"


async def test_stores_a_delivery_with_a_new_id_once(service: Service, event_store: EventStore) -> None:
    """The id is not signed, so anyone who has the bytes can send them again."""
    delivery = Delivery(push())
    assert (await ask(service.address, delivery.request())).status == 202
    replay = Delivery(delivery.body)
    answer = await ask(service.address, replay.request())
    assert (answer.status, json.loads(answer.body)["receipt"]) == (200, "replayed")
    assert replay.id not in event_store.delivery_ids()
    wait_until(lambda: service.log_lines("api", "delivery_replayed"))
    assert service.log_lines("api", "delivery_replayed")[-1]["delivery_id"] == replay.id


async def test_rejects_a_known_id_with_another_body(service: Service, event_store: EventStore) -> None:
    """The first body stays, and the sender is notified."""
    delivery = Delivery(push())
    assert (await ask(service.address, delivery.request())).status == 202
    answer = await ask(service.address, Delivery(push(), id=delivery.id).request())
    check_refused(service, answer, 409, "delivery_id_conflict", "delivery_id_conflict")
    assert event_store.delivery_ids().count(delivery.id) == 1


async def test_rejects_noise_without_affecting_others(service: Service, event_store: EventStore) -> None:
    """The server in front of the application rejects bytes that are not HTTP."""
    random = Random(20)
    noise = [random.randbytes(random.randrange(1, 2000)) + b"\r\n\r\n" for _ in range(60)]
    noise += [
        b"POST " + b"/\xff" * 9 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /api/v1/git/github/webhooks HTTP/9.9\r\n\r\n",
        head({"content-length": "many"}),
        head({"content-length": "1\r\ncontent-length: 2"}),
        head({"content-length": "1", "transfer-encoding": "chunked"}),
        head({"transfer-encoding": "chunked"}) + b"zz\r\n",
    ]

    answers, statuses = await asyncio.gather(post_all(service.address, pushes(40)), all_statuses(service, noise))
    assert statuses == {400}
    assert len(list_accepted(answers)) == 40
    assert set(event_store.delivery_ids()) >= set(answers)


async def test_disconnecting_sender_affects_no_other(service: Service, event_store: EventStore) -> None:
    """An incomplete body is discarded, and other requests are served."""
    whole = Delivery(GOOD)
    for cut in (1, len(whole.request()) - len(GOOD), len(whole.request()) - 1):
        lost = Delivery(GOOD, id=str(uuid4()))
        async with connect(service.address) as line:
            await line.send(lost.request()[:cut])
            answers = await post_all(service.address, pushes(5), connections=1)
            assert len(list_accepted(answers)) == 5
        assert len(list_accepted(await post_all(service.address, pushes(5), connections=1))) == 5
        assert event_store.status(lost.id) is None
