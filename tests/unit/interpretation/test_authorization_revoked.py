"""A person withdraws our authorization at the provider."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.audit import Change
from core.domain.connections import ConnectionStatus
from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import interpret
from core.domain.events.interpretation.view import webhook_actor
from core.domain.provider_events import AuthorizationRevoked
from tests.support.builders.domain import CONNECTION, EVENT, INTEGRATION, REQUESTER, view

STANDALONE = replace(EVENT, event_type="github_app_authorization", action="revoked", source_key=None)
NOTICE = AuthorizationRevoked(REQUESTER)
REVOKED = replace(CONNECTION, status=ConnectionStatus.REVOKED, status_reason="authorization_revoked_on_provider")


@pytest.mark.parametrize("before", [ConnectionStatus.ACTIVE, ConnectionStatus.RECONNECT_REQUIRED])
def test_revokes_the_connection_and_keeps_its_identity(before: ConnectionStatus) -> None:
    """Its tokens are deleted; the user's id at the provider stays."""
    connection = replace(CONNECTION, status=before)
    interpretation = interpret(STANDALONE, NOTICE, view(None, connection=connection))
    assert interpretation.connection == Change(connection, REVOKED, webhook_actor(STANDALONE))
    assert interpretation.verdicts == (
        Verdict("connection", Outcome.PROCESSED, "revoked", str(CONNECTION.external_id)),
    )
    assert (interpretation.status, interpretation.domain_events) == (EventStatus.PROCESSED, ())


def test_event_has_no_integration() -> None:
    """A connection belongs to a user."""
    settled = interpret(STANDALONE, NOTICE, view(None, connection=CONNECTION)).to_result(STANDALONE, None)
    assert (settled.integration_id, settled.project_ids) == (None, ())


def test_ignores_an_unknown_user() -> None:
    """A user may have authorized the app without connecting here."""
    ignored = interpret(STANDALONE, NOTICE, view(None))
    assert (ignored.status, ignored.reason) == (EventStatus.IGNORED, "connection_unknown")
    assert ignored.verdicts == (Verdict("connection", Outcome.IGNORED, "connection_unknown"),)


def test_repeated_event_writes_one_version() -> None:
    again = interpret(STANDALONE, NOTICE, view(None, connection=REVOKED))
    assert (again.connection, again.status) == (None, EventStatus.PROCESSED)


def test_ignores_an_installation_in_the_payload() -> None:
    """It is the user's connection that ends."""
    interpretation = interpret(EVENT, NOTICE, view(INTEGRATION, connection=CONNECTION))
    assert (interpretation.integration, interpretation.connection is None) == (None, False)


@pytest.mark.parametrize(
    ("source", "connected_after"), [("received", timedelta(milliseconds=1)), ("recovered", -timedelta(days=1))]
)
def test_checks_with_the_provider_if_the_event_may_be_old(source: str, connected_after: timedelta) -> None:
    """The user may have connected again since."""
    event = replace(STANDALONE, source=source)
    connection = replace(CONNECTION, updated_at=event.created_at + connected_after)
    interpretation = interpret(event, NOTICE, view(None, connection=connection))
    assert (interpretation.connection, interpretation.connection_to_check) == (None, connection)
    assert interpretation.verdicts == (
        # language: allow "asked" - a public reason code
        Verdict("connection", Outcome.PROCESSED, "provider_asked", str(CONNECTION.external_id)),
    )


def test_revokes_at_once_if_the_tokens_are_invalid() -> None:
    """The provider cannot be asked then."""
    waiting = replace(
        CONNECTION, status=ConnectionStatus.RECONNECT_REQUIRED, updated_at=STANDALONE.created_at + timedelta(1)
    )
    interpretation = interpret(STANDALONE, NOTICE, view(None, connection=waiting))
    assert (interpretation.connection is None, interpretation.connection_to_check) == (False, None)
