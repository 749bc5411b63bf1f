"""The one case in which a webhook binds an installation: exactly the request that waits for it."""

from dataclasses import replace

import pytest

from core.domain.catalog.repository import Repository
from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import BindingOption, Interpretation, View, can_bind, interpret
from core.domain.events.interpretation.view import webhook_actor
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.integrations.integration import Integration, IntegrationStatus
from core.domain.provider_events import InstallationStep, RepositoryFacts
from core.domain.streams.domain_event import DomainEventType, IntegrationData, LinkData
from tests.support.builders.domain import (
    BINDING,
    CREATED_ON_REQUEST,
    EARLIER,
    EVENT,
    FACTS,
    GUIDANCE,
    INSTALLATION,
    INSTALLED,
    INTEGRATION,
    LATER,
    LAUNCHPAD,
    LINK,
    NOW,
    ORGANIZATION,
    REPOSITORY,
    REQUEST,
    REVOKED,
    SUSPENDED_BY_US,
    link,
    view,
)

BEFORE = replace(REVOKED, provider_id="40999999", synced_at=EARLIER, uninstall_requested_at=EARLIER)
REUSED = BindingOption(REQUEST, existing=BEFORE, new_id=BEFORE.id)
OTHER_ACCOUNT = AccountId("900000777")


def interpret_creation(binding: BindingOption | None, seen: View | None = None) -> Interpretation:
    """Interpret the creation of an installation nobody has connected, a binding being offered."""
    return interpret(EVENT, CREATED_ON_REQUEST, replace(seen or view(None), integration=None, binding=binding))


def new_integration(interpretation: Interpretation) -> Integration:
    """Return the integration that was bound."""
    assert interpretation.integration is not None
    assert interpretation.integration.after is not None
    return interpretation.integration.after


def test_creates_an_integration_for_the_requesting_organization() -> None:
    """Active, with installation and account, before its first sync."""
    interpretation = interpret_creation(BINDING, view(None, repositories=[], links=()))
    made = new_integration(interpretation)
    assert made == Integration(
        id=BINDING.new_id,
        external_id=made.external_id,
        organization_id=ORGANIZATION,
        provider="github",
        provider_id=str(INSTALLATION),
        created_at=NOW,
        updated_at=NOW,
        provider_name="acme-rockets",
        provider_url="https://github.com/acme-rockets",
        account_id=INSTALLED.account_id,
        account_type="Organization",
        status=IntegrationStatus.ACTIVE,
        status_changed_at=NOW,
        repository_selection="selected",
        permissions=INSTALLED.permissions,
        sync_requested_at=NOW,
        provider_updated_at=LATER,
    )
    assert interpretation.integration is not None
    assert (interpretation.integration.before, interpretation.integration.by) == (None, webhook_actor(EVENT))


def test_connecting_ends_the_request_and_publishes_an_event() -> None:
    interpretation = interpret_creation(BINDING, view(None, repositories=[], links=()))
    made = new_integration(interpretation)
    assert interpretation.completed_request == REQUEST
    assert interpretation.verdicts == (
        Verdict("integration", Outcome.PROCESSED, "bound_to_pending_request", str(made.external_id)),
    )
    (fact,) = interpretation.domain_events
    assert (fact.type, fact.organization_id) == (DomainEventType.INTEGRATION_ACTIVATED, ORGANIZATION)
    assert isinstance(fact.data, IntegrationData)
    assert (fact.data.integration_id, fact.data.status) == (made.external_id, "active")
    assert interpretation.to_result(EVENT, None).integration_id == BINDING.new_id


def test_adds_listed_repositories_to_the_catalog() -> None:
    """The sync adds the others."""
    interpretation = interpret_creation(BINDING, view(None, repositories=[], links=()))
    assert interpretation.repositories == (
        Repository(BINDING.new_id, LAUNCHPAD, "acme-rockets/launchpad", private=True),
    )


def test_each_new_integration_has_its_own_external_id() -> None:
    """External ids cannot be derived from row ids."""
    nothing = view(None, repositories=[], links=())
    assert (
        new_integration(interpret_creation(BINDING, nothing)).external_id
        != new_integration(interpret_creation(BINDING, nothing)).external_id
    )


def test_reuses_the_revoked_row_of_the_organization() -> None:
    """Identity and versions stay, fields of the old installation are replaced."""
    interpretation = interpret_creation(REUSED, view())
    again = new_integration(interpretation)
    assert (again.id, again.external_id, again.created_at) == (BEFORE.id, BEFORE.external_id, EARLIER)
    assert (again.provider_id, again.status, again.status_reason) == (str(INSTALLATION), IntegrationStatus.ACTIVE, None)
    assert (again.synced_at, again.uninstall_requested_at, again.sync_requested_at) == (None, None, NOW)
    assert interpretation.integration is not None
    assert interpretation.integration.before == BEFORE


def test_same_account_keeps_its_catalog_and_links() -> None:
    """The sync removes missing repositories."""
    unlisted = replace(REPOSITORY, repo_id=GUIDANCE, full_name="acme-rockets/guidance")
    interpretation = interpret_creation(
        REUSED, view(repositories=[REPOSITORY, unlisted], links=(LINK, link(2, unlisted)))
    )
    assert [row.repo_id for row in interpretation.repositories] == [LAUNCHPAD]
    assert [fact.type for fact in interpretation.domain_events] == [DomainEventType.INTEGRATION_ACTIVATED]


def test_another_account_removes_repositories_it_does_not_list() -> None:
    """Links outside the new catalog become unreachable, and events report it."""
    unlisted = replace(REPOSITORY, repo_id=GUIDANCE, full_name="before/guidance")
    gone_before = replace(unlisted, repo_id=RepoId("5"), removed_at=EARLIER)
    other = BindingOption(
        REQUEST, existing=replace(BEFORE, account_id=OTHER_ACCOUNT, provider_name="before"), new_id=BEFORE.id
    )
    interpretation = interpret_creation(
        other, view(repositories=[REPOSITORY, unlisted, gone_before], links=(LINK, link(2, unlisted)))
    )
    assert interpretation.repositories == (REPOSITORY, replace(unlisted, removed_at=NOW))
    assert [fact.data for fact in interpretation.domain_events[1:]] == [
        LinkData(link(2).external_id, GUIDANCE, "before/guidance", "repository_removed")
    ]
    assert new_integration(interpretation).provider_name == "acme-rockets"


@pytest.mark.parametrize("existing", [INTEGRATION, SUSPENDED_BY_US], ids=["active", "suspended"])
def test_connected_organization_is_not_connected_again(existing: Integration) -> None:
    """A webhook never replaces an active integration."""
    refused = interpret_creation(BindingOption(REQUEST, existing=existing, new_id=existing.id))
    assert (refused.status, refused.reason) == (EventStatus.IGNORED, "organization_already_connected")
    assert (refused.integration, refused.completed_request, refused.repositories) == (None, None, ())
    assert refused.to_result(EVENT, None).integration_id is None


@pytest.mark.parametrize(
    "binding",
    [
        None,
        replace(BINDING, request=replace(REQUEST, requester_id=ProviderUserId("900000004"))),
        replace(BINDING, request=replace(REQUEST, account_id=OTHER_ACCOUNT)),
        replace(REUSED, request=replace(REQUEST, account_id=OTHER_ACCOUNT)),
    ],
    ids=["no request", "another requester", "another account", "another account, revoked row"],
)
def test_requires_the_same_requester_and_account(binding: BindingOption | None) -> None:
    """Anyone can install an app, so another request proves nothing."""
    waiting = interpret_creation(binding)
    assert (waiting.status, waiting.integration, waiting.completed_request) == (EventStatus.UNROUTED, None, None)


@pytest.mark.parametrize(
    "provider_event",
    [
        replace(CREATED_ON_REQUEST, requester_id=None),
        replace(CREATED_ON_REQUEST, requester_id=None, sender_id=REQUEST.requester_id),
        replace(CREATED_ON_REQUEST, installation=replace(INSTALLED, account_id=None)),
        *(replace(CREATED_ON_REQUEST, step=step) for step in InstallationStep if step is not InstallationStep.CREATED),
    ],
    ids=["no requester", "sender only", "no account", "deleted", "suspend", "unsuspend", "permissions"],
)
def test_only_a_requested_creation_connects(provider_event: object) -> None:
    """The sender may be anyone; only the requester of a new installation counts."""
    assert isinstance(provider_event, type(CREATED_ON_REQUEST))
    waiting = interpret(EVENT, provider_event, view(None, binding=BINDING))
    assert (waiting.status, waiting.integration) == (EventStatus.UNROUTED, None)


def test_creation_of_a_connected_installation_changes_nothing() -> None:
    """A webhook never moves an installation to another organization."""
    interpretation = interpret(EVENT, CREATED_ON_REQUEST, view(INTEGRATION, binding=BINDING))
    assert [verdict.reason for verdict in interpretation.verdicts] == ["already_bound"]
    assert (interpretation.completed_request, new_integration(interpretation).organization_id) == (None, ORGANIZATION)


def test_can_connect_needs_a_requested_creation() -> None:
    """Only then the catalog of the old row is loaded."""
    assert can_bind(CREATED_ON_REQUEST)
    assert not can_bind(replace(CREATED_ON_REQUEST, requester_id=None))
    assert not can_bind(replace(CREATED_ON_REQUEST, step=InstallationStep.DELETED))


def test_listed_repository_keeps_known_fields() -> None:
    """The old row has fields that the short form lacks."""
    listed = RepositoryFacts(LAUNCHPAD, "acme-rockets/pad", private=False)
    provider_event = replace(CREATED_ON_REQUEST, repositories=(listed,))
    seen = view(None, repositories=[replace(REPOSITORY, removed_at=EARLIER)], binding=REUSED)
    (row,) = interpret(EVENT, provider_event, seen).repositories
    assert row == replace(REPOSITORY, full_name="acme-rockets/pad", private=False)
    assert FACTS.language == row.language
