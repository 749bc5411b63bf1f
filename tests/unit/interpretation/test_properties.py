"""Invariants of all events, for any provider event and any stored state."""

import re
from dataclasses import replace
from uuid import UUID

import msgspec
from hypothesis import event as seen_case
from hypothesis import given

from core.domain.attribution.attribution import Role
from core.domain.audit import Change
from core.domain.connections import Connection
from core.domain.events.event import EventStatus, Outcome, WebhookEvent
from core.domain.events.interpretation import Interpretation, View, interpret
from core.domain.events.interpretation.view import webhook_actor
from core.domain.integrations.integration import Integration, IntegrationStatus
from core.domain.links.link import Link
from core.domain.provider_events import (
    InstallationChanged,
    InstallationStep,
    ProviderEvent,
    Push,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryStep,
)
from core.domain.streams.domain_event import DomainEventType
from tests.support.builders.domain import EVENT, ORGANIZATION, after
from tests.support.builders.generated import events, installations_changed, provider_events, pushes, views

_USER_IDS = re.compile(r'"user_id":"([^"]+)"')
FOLLOWING = ("repo_full_name", "previous_full_name", "repo_url", "default_branch")


def owner_of(view: View, interpretation: Interpretation) -> Integration | None:
    """Return the integration of an interpretation, including a new one."""
    return interpretation.integration.after if interpretation.integration else view.integration


def steps(interpretation: Interpretation) -> list[Change[Integration] | Change[Link] | Change[Connection]]:
    """Return every audited step of an interpretation."""
    found: list[Change[Integration] | Change[Link] | Change[Connection]] = list(interpretation.links)
    if interpretation.integration:
        found.append(interpretation.integration)
    if interpretation.connection:
        found.append(interpretation.connection)
    return found


def changes_nothing(interpretation: Interpretation) -> bool:
    """Return whether an interpretation has no effect except its result."""
    return not (
        steps(interpretation)
        or interpretation.repositories
        or interpretation.domain_events
        or interpretation.attributions
        or interpretation.completed_request
    )


@given(events, provider_events, views())
def test_every_event_has_a_result_and_a_reason(event: WebhookEvent, provider_event: ProviderEvent, view: View) -> None:
    """Nothing raises; each event ends processed, ignored or unrouted."""
    interpretation = interpret(event, provider_event, view)
    seen_case(f"{type(provider_event).__name__}: {interpretation.status.value}")
    assert interpretation.status in {EventStatus.PROCESSED, EventStatus.IGNORED, EventStatus.UNROUTED}
    assert interpretation.verdicts or interpretation.reason
    if interpretation.status is not EventStatus.PROCESSED:
        assert interpretation.reason
    assert all(verdict.reason for verdict in interpretation.verdicts)


@given(events, provider_events, views())
def test_event_is_processed_if_a_verdict_is(event: WebhookEvent, provider_event: ProviderEvent, view: View) -> None:
    interpretation = interpret(event, provider_event, view)
    processed = any(verdict.outcome is Outcome.PROCESSED for verdict in interpretation.verdicts)
    assert processed == (interpretation.status is EventStatus.PROCESSED)


@given(events, provider_events, views())
def test_only_a_processed_event_has_effects(event: WebhookEvent, provider_event: ProviderEvent, view: View) -> None:
    """An ignored event changes at most the time of a push or a request for a sync."""
    interpretation = interpret(event, provider_event, view)
    if interpretation.status is not EventStatus.PROCESSED:
        if step := interpretation.integration:
            assert step.before is not None
            assert step.after == step.before.request_sync(at=view.now)
        assert changes_nothing(replace(interpretation, repositories=(), integration=None))
        pushed = [replace(row, pushed_at=None) for row in interpretation.repositories]
        assert pushed == [
            replace(view.repositories[row.repo_id], pushed_at=None) for row in interpretation.repositories
        ]


@given(events, provider_events, views())
def test_domain_events_have_the_right_organization(
    event: WebhookEvent, provider_event: ProviderEvent, view: View
) -> None:
    """Each names the integration's organization, and only its projects and links."""
    interpretation = interpret(event, provider_event, view)
    owner = owner_of(view, interpretation)
    links = {link.id: link for link in view.links}
    for fact in interpretation.domain_events:
        assert owner is not None
        assert (fact.organization_id, fact.integration_id) == (owner.organization_id, owner.id)
        assert fact.source_event_id == event.id
        if fact.link_id is None:
            assert fact.project_id is None
        else:
            assert fact.project_id == links[fact.link_id].project_id
            assert fact.repo_id == links[fact.link_id].repo_id


@given(events, provider_events, views())
def test_domain_events_are_unique(event: WebhookEvent, provider_event: ProviderEvent, view: View) -> None:
    """By event, type, link and repository, as the outbox requires."""
    facts = interpret(event, provider_event, view).domain_events
    keys = [(fact.type, fact.link_id, fact.repo_id) for fact in facts]
    assert len(keys) == len(set(keys))


@given(events, provider_events, views())
def test_effects_stay_within_the_integration(event: WebhookEvent, provider_event: ProviderEvent, view: View) -> None:
    """Rows and links of other integrations are never written."""
    interpretation = interpret(event, provider_event, view)
    owner = owner_of(view, interpretation)
    given_links = {link.id: link for link in view.links}
    for row in interpretation.repositories:
        assert owner is not None
        assert row.integration_id == owner.id
    for step in interpretation.links:
        assert step.before is not None
        assert step.after is not None
        assert step.before == given_links[step.before.id]
        # Only a mirrored branch follows the repository; a chosen branch stays.
        kept = {name: getattr(step.before, name) for name in FOLLOWING}
        assert replace(step.after, **kept) == step.before


@given(events, provider_events, views())
def test_every_change_is_audited_with_its_delivery(
    event: WebhookEvent, provider_event: ProviderEvent, view: View
) -> None:
    """Each starts from the stored state and changes something."""
    interpretation = interpret(event, provider_event, view)
    stored = [view.integration, view.connection, *view.links, view.binding and view.binding.existing]
    for step in steps(interpretation):
        assert step.by == webhook_actor(event)
        assert step.before in stored
        assert step.after is not None
        assert step.differences()


@given(events, provider_events, views())
def test_revoked_integration_stays_revoked(event: WebhookEvent, provider_event: ProviderEvent, view: View) -> None:
    """No webhook restores it."""
    if view.integration and view.integration.is_revoked:
        interpretation = interpret(event, provider_event, view)
        assert interpretation.integration is None
        assert interpretation.repositories == ()


@given(events, provider_events | installations_changed, views())
def test_only_a_matching_pending_request_connects(
    event: WebhookEvent, provider_event: ProviderEvent, view: View
) -> None:
    """A live request of the requester for the account."""
    interpretation = interpret(event, provider_event, view)
    step = interpretation.integration
    binds = step is not None and (
        step.before is None or step.after is None or step.before.provider_id != step.after.provider_id
    )
    revived = step is not None and step.before is not None and step.before.is_revoked
    assert (binds or revived) <= (interpretation.completed_request is not None)
    if interpretation.completed_request is not None:
        assert view.integration is None
        assert view.binding is not None
        assert isinstance(provider_event, InstallationChanged)
        assert provider_event.step is InstallationStep.CREATED
        request = interpretation.completed_request
        assert (request, view.binding.request.external_id) == (view.binding.request, request.external_id)
        assert (provider_event.requester_id, provider_event.installation.account_id) == (
            request.requester_id,
            request.account_id,
        )
        assert step is not None
        assert step.after is not None
        assert step.after.organization_id == request.organization_id
        assert step.after.status is IntegrationStatus.ACTIVE
        assert step.before is None or step.before.is_revoked
        assert step.after.provider_id == event.source_key


@given(events, provider_events, views())
def test_only_an_addition_restores_a_removed_repository(
    event: WebhookEvent, provider_event: ProviderEvent, view: View
) -> None:
    """A list that adds it, a transfer or a new connection; no other event shows it again."""
    interpretation = interpret(event, provider_event, view)
    removed = {row.repo_id for row in view.repositories.values() if row.removed_at}
    back = {row.repo_id for row in interpretation.repositories if not row.removed_at} & removed
    if back and not interpretation.completed_request:
        arrived = isinstance(provider_event, RepositoriesChanged) and {one.repo_id for one in provider_event.added}
        transferred = (
            isinstance(provider_event, RepositoryChanged) and provider_event.step is RepositoryStep.TRANSFERRED
        )
        assert transferred or (arrived and back <= arrived)


@given(events, provider_events, views())
def test_links_have_the_name_of_their_repository(
    event: WebhookEvent, provider_event: ProviderEvent, view: View
) -> None:
    interpretation = interpret(event, provider_event, view)
    if interpretation.completed_request:
        return  # The sync that binding asks for brings names up to date.
    following = after(view, interpretation)
    for row in interpretation.repositories:
        if row.removed_at is None:
            names = {link.repo_full_name for link in following.links if link.repo_id == row.repo_id}
            assert names <= {row.full_name}


@given(events, provider_events, views())
def test_interpreting_twice_leaves_the_same_state(
    event: WebhookEvent, provider_event: ProviderEvent, view: View
) -> None:
    """Only another sync may be requested."""
    once = after(view, interpret(event, provider_event, view))
    twice = after(once, interpret(event, provider_event, once))

    def rows(seen: View) -> View:
        if seen.integration is None:
            return seen
        return replace(seen, integration=replace(seen.integration, sync_requested_at=None))

    assert rows(twice) == rows(once)


@given(events, provider_events, views())
def test_result_contains_the_decisions(event: WebhookEvent, provider_event: ProviderEvent, view: View) -> None:
    """The event's id, its integration unless it waits, and the matched links."""
    interpretation = interpret(event, provider_event, view)
    settled = interpretation.to_result(event, view.integration)
    assert (settled.event_id, settled.status) == (event.id, interpretation.status)
    assert (settled.verdicts, settled.reason) == (interpretation.verdicts, interpretation.reason)
    assert (settled.attempts, settled.next_attempt_at) == (None, None)
    owner = owner_of(view, interpretation)
    waiting = interpretation.status is EventStatus.UNROUTED
    assert settled.integration_id == (owner.id if owner and not waiting else None)
    projects = [link.project_id for link in interpretation.matched_links]
    assert list(settled.project_ids) == list(dict.fromkeys(projects))
    assert set(projects) <= {link.project_id for link in view.links}
    assert (settled.link_id is not None) == (len(interpretation.matched_links) == 1)
    published = {
        fact.link_id
        for fact in interpretation.domain_events
        if fact.type in {DomainEventType.PUSH, DomainEventType.PULL_REQUEST}
    }
    assert published == {link.id for link in interpretation.matched_links if link.webhooks_enabled}


@given(events, provider_events, views())
def test_names_members_only(event: WebhookEvent, provider_event: ProviderEvent, view: View) -> None:
    """In domain events and attributions of the integration's organization."""
    interpretation = interpret(event, provider_event, view)
    known = (*view.identities.by_account.values(), *view.identities.by_address.values())
    everyone = (*known, *view.identities.by_login.values())
    members = {one.external_id for one in everyone if ORGANIZATION in one.organizations}
    written = msgspec.json.encode(interpretation.domain_events).decode()
    named_users = {UUID(text) for text in _USER_IDS.findall(written)}
    assert named_users <= members
    users = [one.match.user for one in interpretation.attributions if one.match.user]
    assert {user.external_id for user in users} <= members


@given(pushes, views())
def test_push_is_attributed_completely_or_not_at_all(push: Push, view: View) -> None:
    """If a project receives the push, each of its commits has attributions; otherwise none."""
    interpretation = interpret(EVENT, push, view)
    authors = [one.sha for one in interpretation.attributions if one.role is Role.AUTHOR]
    assert authors == ([commit.sha for commit in push.commits] if interpretation.domain_events else [])
