"""A second provider, whose integrations have text keys and separate webhook secrets."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.secrets.cipher import AesGcmCipher
from core.domain.secret import Secret
from core.use_cases.tokens.encryption import encrypt_webhook_secret
from tests.support.builders.deliveries import ROOT
from tests.support.conditions import wait_until
from tests.support.fakes.gitlab_like import signature
from tests.support.scenarios.event_store import EventStore, open_events
from tests.support.servers.service import Service, run_service

ACME, ZENITH = "group:42", "007"
ACME_SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
ZENITH_SECRET = "a shared secret of thirty-two letters"
REPOSITORY = 700_000_001


@dataclass(frozen=True, slots=True)
class Stage:
    """A service with the second provider's webhooks, and two organizations connected to it."""

    service: Service
    event_store: EventStore

    def send(
        self, source: str | None, *, secret: str = ACME_SECRET, sign: bool = True, body: bytes | None = None
    ) -> httpx.Response:
        """Send a push to the hook of a source, signed or with the secret as a token."""
        body = push() if body is None else body
        delivery_id, timestamp = str(uuid4()), "1764500000"
        headers = {
            "content-type": "application/json",
            "x-gitlab-event": "Push Hook",
            "webhook-id": delivery_id,
            "webhook-timestamp": timestamp,
        }
        if sign:
            headers["webhook-signature"] = signature(secret, delivery_id, timestamp, body)
        else:
            headers["x-gitlab-token"] = secret
        query = {} if source is None else {"source": source}
        url = f"{self.service.url}/api/v1/git/gitlab/webhooks"
        return httpx.post(url, params=query, headers=headers, content=body)

    def pushes(self) -> list[tuple[str, str]]:
        """Return the organization and integration of each published push."""
        return [
            (name, key)
            for name, key in self.event_store.rows(
                "SELECT o.name, i.provider_id FROM git_domain_events AS d"
                " JOIN organizations AS o ON o.id = d.organization_id"
                " JOIN git_integrations AS i ON i.id = d.git_integration_id"
                " WHERE d.type = 'git.push' ORDER BY d.id"
            )
        ]


@pytest.fixture
def stage(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Start the service, and connect both organizations."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    settings = {"ADAPTERS": "webhooks=tests.support.fakes.gitlab_like:open_webhooks"}
    with (
        open_events(database_url) as event_store,
        run_service(database_url, redis_url, "api", "worker", settings=settings) as service,
    ):
        for number, (key, secret) in enumerate([(ACME, ACME_SECRET), (ZENITH, ZENITH_SECRET)], start=1):
            event_store.connect_installation(number)
            _become_second_provider(event_store, str(number), key, secret)
        yield Stage(service, event_store)


def test_push_reaches_the_integration_of_its_source(stage: Stage) -> None:
    """Verified with the integration's own secret, by signature or token, and processed."""
    assert stage.send(ACME).status_code == 202
    wait_until(lambda: stage.pushes() == [("Organization of 1", ACME)])
    assert stage.send(ZENITH, secret=ZENITH_SECRET, sign=False).status_code == 202
    wait_until(lambda: stage.pushes() == [("Organization of 1", ACME), ("Organization of 2", ZENITH)])
    assert stage.event_store.rows(
        "SELECT provider, source_key, installation_id, status FROM git_webhook_events ORDER BY id"
    ) == [("gitlab", ACME, None, "processed"), ("gitlab", ZENITH, None, "processed")]


@pytest.mark.parametrize(
    ("source", "secret", "sign"),
    [
        pytest.param(ACME, ZENITH_SECRET, False, id="another integration's token"),
        pytest.param(ZENITH, ACME_SECRET, False, id="another integration's signing key as token"),
        pytest.param(ACME, "whsec_" + base64.b64encode(b"b" * 32).decode(), True, id="a wrong signing key"),
        pytest.param("group:43", ACME_SECRET, True, id="an unknown source"),
        pytest.param("1", ACME_SECRET, True, id="a key of before"),
        pytest.param("", ACME_SECRET, True, id="an empty source"),
        pytest.param(None, ACME_SECRET, True, id="no source"),
        pytest.param("a\0b", ACME_SECRET, True, id="a source that no text column takes"),
        pytest.param("x" * 5000, ACME_SECRET, True, id="a long source"),
    ],
)
def test_wrong_secret_equals_an_unknown_source(stage: Stage, source: str | None, secret: str, sign: bool) -> None:
    """So that callers cannot find out which integrations exist."""
    answer = stage.send(source, secret=secret, sign=sign)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (401, "webhook_signature_invalid")
    assert problem["detail"] == "The webhook signature is missing or does not match. Check the webhook secret."
    assert stage.event_store.value("SELECT count(*) FROM git_webhook_events") == 0


def test_revoked_integration_has_no_secret(stage: Stage) -> None:
    """Deliveries in its name are rejected."""
    stage.event_store.run("UPDATE git_integrations SET status = 2")
    assert stage.send(ACME).status_code == 401


def test_rejects_a_secret_copied_to_another_row(stage: Stage) -> None:
    """A ciphertext is bound to its row. The response is that of a wrong secret, with an alert."""
    stage.event_store.run(
        "UPDATE git_integrations SET webhook_secret ="
        " (SELECT webhook_secret FROM git_integrations WHERE provider_id = 'group:42')"
    )
    assert stage.send(ZENITH, secret=ACME_SECRET).status_code == 401
    wait_until(lambda: any("webhook_secret_unreadable" in entry.values() for entry in stage.service.log("api")))


def push() -> bytes:
    """Return the body of a push of one commit, with a new id."""
    commit = {"id": uuid4().hex + "0" * 8, "message": "Start", "author": {"name": "Mara"}}
    return json.dumps(
        {
            "object_kind": "push",
            "project_id": REPOSITORY,
            "project": {"path": "acme-rockets/launchpad"},
            "ref": "refs/heads/main",
            "before": "0" * 40,
            "after": commit["id"],
            "commits": [commit],
        }
    ).encode()


def _become_second_provider(event_store: EventStore, number: str, key: str, secret: str) -> None:
    cipher = AesGcmCipher([("test", Secret(base64.b64encode(sha256(b"tests").digest()).decode()))])
    external_id: UUID = event_store.value("SELECT external_id FROM git_integrations WHERE provider_id = %s", (number,))
    sealed = encrypt_webhook_secret(cipher, external_id, Secret(secret))
    event_store.rows(
        "UPDATE git_integrations SET provider = 'gitlab', provider_id = %s, webhook_secret = %s"
        " WHERE external_id = %s RETURNING id",
        (key, sealed.ciphertext, external_id),
    )
    event_store.rows(
        "UPDATE project_repositories SET provider = 'gitlab'"
        " WHERE git_integration_id = (SELECT id FROM git_integrations WHERE external_id = %s) RETURNING id",
        (external_id,),
    )
