"""What an event means. Start here to see what happens on a push.

Every rule is a pure function of the event, what the provider told (`Notice`) and what we know (`View`),
so each is tested with plain values. https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from dataclasses import replace
from typing import assert_never

from core.domain.connections.connection import Connection, ConnectionStatus
from core.domain.events.event import Event, EventStatus, Outcome, Verdict
from core.domain.events.interpretation.activity import interpret_pull_request, interpret_push
from core.domain.events.interpretation.catalog import (
    interpret_account_renamed,
    interpret_repositories_changed,
    interpret_repository_changed,
)
from core.domain.events.interpretation.installations import answers, bind_pending, interpret_installation, may_bind
from core.domain.events.interpretation.view import Binding, Interpretation, View, change, ignored, unrouted
from core.domain.events.provider_events import (
    AccountRenamed,
    AuthorizationRevoked,
    InstallationChanged,
    Notice,
    PullRequest,
    Push,
    RepositoriesChanged,
    RepositoryChanged,
    Unhandled,
)
from core.domain.integrations.integration import Integration

__all__ = ["Binding", "Interpretation", "View", "interpret", "may_bind", "unrouted"]


def interpret(event: Event, notice: Notice, view: View) -> Interpretation:
    """Decide what one event does: to the integration, its catalog and links, and whom it is told."""
    if isinstance(notice, AuthorizationRevoked):
        return _authorization_revoked(event, view)
    if event.source_key is None:
        return ignored(notice.reason if isinstance(notice, Unhandled) else "no_installation")
    if view.integration is None:
        if view.binding and isinstance(notice, InstallationChanged) and answers(notice, view.binding.request):
            return bind_pending(event, notice, view, view.binding)
        return unrouted()
    if view.integration.is_revoked:
        return ignored("integration_revoked", subject="integration", subject_id=str(view.integration.external_id))
    return _of_integration(event, notice, view, view.integration)


def _of_integration(event: Event, notice: Notice, view: View, integration: Integration) -> Interpretation:
    match notice:
        case Push():
            return interpret_push(event, notice, view, integration)
        case PullRequest():
            return interpret_pull_request(event, notice, view, integration)
        case InstallationChanged():
            return interpret_installation(event, notice, view, integration)
        case RepositoriesChanged():
            return interpret_repositories_changed(event, notice, view, integration)
        case AccountRenamed():
            return interpret_account_renamed(event, notice, view, integration)
        case RepositoryChanged():
            return interpret_repository_changed(event, notice, view, integration)
        case Unhandled(reason):
            return ignored(reason)
        case AuthorizationRevoked():
            return _authorization_revoked(event, view)
        case _:
            assert_never(notice)


def _authorization_revoked(event: Event, view: View) -> Interpretation:
    """Mark the person's connection revoked; its identity stays, its tokens are wiped with the change."""
    connection = view.connection
    if connection is None:
        return ignored("connection_unknown", subject="connection")
    if connection.is_active and _may_be_older(event, connection):
        verdict = Verdict("connection", Outcome.PROCESSED, "provider_asked", str(connection.external_id))
        return Interpretation(EventStatus.PROCESSED, verdicts=(verdict,), doubted=connection)
    revoked = replace(connection, status=ConnectionStatus.REVOKED, status_reason="authorization_revoked_on_provider")
    verdict = Verdict("connection", Outcome.PROCESSED, "revoked", str(connection.external_id))
    return Interpretation(EventStatus.PROCESSED, verdicts=(verdict,), connection=change(connection, revoked, event))


def _may_be_older(event: Event, connection: Connection) -> bool:
    """Tell whether the person may have connected again since: the payload does not say when they revoked."""
    return event.source != "received" or connection.updated_at > event.created_at
