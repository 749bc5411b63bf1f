"""Every payload file, from its bytes to what it means, against all we may know of it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.events.interpretation import BindingOption, Interpretation, View, interpret
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.provider_events import (
    AuthorizationRevoked,
    InstallationChanged,
    ProviderEvent,
    RepositoriesChanged,
    RepositoryFacts,
)
from tests.support.builders.domain import (
    CONNECTION,
    EVENT,
    INTEGRATION,
    NOW,
    REPOSITORY,
    REQUEST,
    REVOKED,
    SUSPENDED_BY_PROVIDER,
    SUSPENDED_BY_US,
    link,
)
from tests.support.builders.webhooks import DELIVERY, PAYLOADS, label_of, protocol, sign_headers

OWN_RESULTS = {EventStatus.PROCESSED: 37, EventStatus.IGNORED: 1}


def receive_file(path: Path) -> WebhookEvent:
    """Return the webhook event that receiving a payload file stores."""
    body = path.read_bytes()
    delivery = protocol().verify(sign_headers(body, path.parent.name.encode()), body)
    return replace(
        EVENT,
        delivery_id=DELIVERY,
        event_type=delivery.event_type,
        action=delivery.action,
        lane=delivery.lane,
        source_key=delivery.source_key,
        repo_id=delivery.repo_id,
    )


def read_file(path: Path) -> ProviderEvent:
    """Read a payload file."""
    return protocol().decode(path.parent.name, path.read_bytes())


def repositories_of(path: Path) -> set[RepoId]:
    """Return the repositories of a payload file, including those in its lists."""
    provider_event, event = read_file(path), receive_file(path)
    listed: tuple[RepositoryFacts, ...] = ()
    if isinstance(provider_event, InstallationChanged):
        listed = provider_event.repositories
    if isinstance(provider_event, RepositoriesChanged):
        listed = provider_event.added + provider_event.removed
    return {facts.repo_id for facts in listed} | ({event.repo_id} if event.repo_id else set())


REPOSITORIES = sorted(set[RepoId]().union(*map(repositories_of, PAYLOADS)))


def complete_view(provider_event: ProviderEvent, integration: Integration | None) -> View:
    """Return a view in which the notice meets all it could: catalog, links, a request and a connection."""
    rows = [replace(REPOSITORY, repo_id=repo_id, provider_updated_at=None) for repo_id in REPOSITORIES]
    links = tuple(
        replace(link(number, row), webhooks_enabled=number < len(rows)) for number, row in enumerate(rows * 2)
    )
    connection = binding = None
    if isinstance(provider_event, AuthorizationRevoked):
        connection = replace(CONNECTION, provider_user_id=provider_event.user_id)
    if isinstance(provider_event, InstallationChanged) and integration is None:
        request = replace(
            REQUEST,
            requester_id=provider_event.requester_id or ProviderUserId("0"),
            account_id=provider_event.installation.account_id or AccountId("0"),
        )
        binding = BindingOption(request, existing=REVOKED, new_id=REVOKED.id)
    return View(NOW, integration, links, {row.repo_id: row for row in rows}, binding, connection)


def meant(path: Path, integration: Integration | None) -> Interpretation:
    """Return what a payload file means to this integration."""
    provider_event = read_file(path)
    return interpret(receive_file(path), provider_event, complete_view(provider_event, integration))


STANDINGS = {
    "unknown": None,
    "active": INTEGRATION,
    "suspended": SUSPENDED_BY_PROVIDER,
    "suspended by us": SUSPENDED_BY_US,
    "revoked": REVOKED,
    "of another account": replace(INTEGRATION, account_id=AccountId("1"), provider_updated_at=None),
}


@pytest.mark.parametrize("standing", STANDINGS)
@pytest.mark.parametrize("path", PAYLOADS, ids=label_of)
def test_every_payload_has_a_result(path: Path, standing: str) -> None:
    """Nothing raises; each ends processed, ignored or unrouted, with a reason."""
    interpretation = meant(path, STANDINGS[standing])
    assert interpretation.status in {EventStatus.PROCESSED, EventStatus.IGNORED, EventStatus.UNROUTED}
    assert interpretation.reason or interpretation.verdicts


def test_own_payloads_change_the_demo_organization() -> None:
    """All except the ping."""
    own = [path for path in PAYLOADS if "octokit" not in path.parts]
    demo = replace(INTEGRATION, provider_updated_at=None)
    results = {label_of(path): meant(path, demo).status for path in own}
    ignored = {name for name, status in results.items() if status is EventStatus.IGNORED}
    assert ignored == {"demo ping/app"}
    assert Counter(results.values()) == OWN_RESULTS


def test_requested_installation_connects() -> None:
    """The file with a matching request makes the revoked integration active again."""
    path = next(path for path in PAYLOADS if path.stem == "created-on-request")
    interpretation = meant(path, None)
    assert interpretation.completed_request is not None
    assert interpretation.integration is not None
    assert interpretation.integration.before == REVOKED
