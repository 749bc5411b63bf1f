"""What an event means. Start here to see what happens on a push.

Every rule is a pure function of the event, its decoded payload (`ProviderEvent`) and the stored state (`View`), so
each is tested with plain values. https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from dataclasses import replace
from typing import assert_never

from core.domain.connections import Connection, ConnectionStatus
from core.domain.events.event import WebhookEvent
from core.domain.events.interpretation.activity import interpret_pull_request, interpret_push
from core.domain.events.interpretation.catalog import (
    interpret_account_renamed,
    interpret_repositories_changed,
    interpret_repository_changed,
)
from core.domain.events.interpretation.installations import (
    bind_pending,
    can_bind,
    interpret_installation,
    matches_request,
)
from core.domain.events.interpretation.view import (
    BindingOption,
    Interpretation,
    View,
    build_change,
    to_ignored,
    to_processed,
    to_unrouted,
)
from core.domain.integrations.integration import Integration
from core.domain.provider_events import (
    AccountRenamed,
    AuthorizationRevoked,
    InstallationChanged,
    ProviderEvent,
    PullRequest,
    Push,
    RepositoriesChanged,
    RepositoryChanged,
    Unhandled,
)

__all__ = ["BindingOption", "Interpretation", "View", "can_bind", "interpret", "to_unrouted"]


def interpret(event: WebhookEvent, provider_event: ProviderEvent, view: View) -> Interpretation:
    """Return what one event changes: the integration, its catalog and links, and the domain events to publish."""
    if isinstance(provider_event, AuthorizationRevoked):
        return _authorization_revoked(event, view)
    if event.source_key is None:
        return to_ignored(provider_event.reason if isinstance(provider_event, Unhandled) else "no_installation")
    if view.integration is None:
        if (
            view.binding
            and isinstance(provider_event, InstallationChanged)
            and matches_request(provider_event, view.binding.request)
        ):
            return bind_pending(event, provider_event, view, view.binding)
        return to_unrouted()
    if view.integration.is_revoked:
        return to_ignored("integration_revoked", subject="integration", subject_id=str(view.integration.external_id))
    return _interpret_for_integration(event, provider_event, view, view.integration)


def _interpret_for_integration(
    event: WebhookEvent, provider_event: ProviderEvent, view: View, integration: Integration
) -> Interpretation:
    match provider_event:
        case Push():
            return interpret_push(event, provider_event, view, integration)
        case PullRequest():
            return interpret_pull_request(event, provider_event, view, integration)
        case InstallationChanged():
            return interpret_installation(event, provider_event, view, integration)
        case RepositoriesChanged():
            return interpret_repositories_changed(event, provider_event, view, integration)
        case AccountRenamed():
            return interpret_account_renamed(event, provider_event, view, integration)
        case RepositoryChanged():
            return interpret_repository_changed(event, provider_event, view, integration)
        case Unhandled(reason):
            return to_ignored(reason)
        case AuthorizationRevoked():
            return _authorization_revoked(event, view)
        case _:
            assert_never(provider_event)


def _authorization_revoked(event: WebhookEvent, view: View) -> Interpretation:
    """Mark the user's connection as revoked. Its account stays, and its tokens are wiped with this change."""
    connection = view.connection
    if connection is None:
        return to_ignored("connection_unknown", subject="connection")
    if connection.is_active and _may_be_older(event, connection):
        # language: allow "asked" - a released reason code
        interpretation = to_processed("connection", str(connection.external_id), "provider_asked")
        return replace(interpretation, connection_to_check=connection)
    revoked = replace(connection, status=ConnectionStatus.REVOKED, status_reason="authorization_revoked_on_provider")
    step = build_change(connection, revoked, event)
    return replace(to_processed("connection", str(connection.external_id), "revoked"), connection=step)


def _may_be_older(event: WebhookEvent, connection: Connection) -> bool:
    """Return whether the user may have connected again since: the payload has no time of the revocation."""
    return event.source != "received" or connection.updated_at > event.created_at
