"""A person withdraws our authorization at the provider."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.audit.changes import Change
from core.domain.connections.connection import ConnectionStatus
from core.domain.events.event import EventStatus, Outcome, Verdict
from core.domain.events.interpretation import interpret
from core.domain.events.interpretation.view import webhook_actor
from core.domain.provider_events import AuthorizationRevoked
from tests.support.builders.domain import CONNECTION, EVENT, INTEGRATION, REQUESTER, view

STANDALONE = replace(EVENT, event_type="github_app_authorization", action="revoked", source_key=None)
NOTICE = AuthorizationRevoked(REQUESTER)
REVOKED = replace(CONNECTION, status=ConnectionStatus.REVOKED, status_reason="authorization_revoked_on_provider")


@pytest.mark.parametrize("before", [ConnectionStatus.ACTIVE, ConnectionStatus.RECONNECT_REQUIRED])
def test_the_connection_is_revoked_and_its_identity_kept(before: ConnectionStatus) -> None:
    """Its tokens are wiped with this step; who the person is at the provider stays known."""
    connection = replace(CONNECTION, status=before)
    interpretation = interpret(STANDALONE, NOTICE, view(None, connection=connection))
    assert interpretation.connection == Change(connection, REVOKED, webhook_actor(STANDALONE))
    assert interpretation.verdicts == (
        Verdict("connection", Outcome.PROCESSED, "revoked", str(CONNECTION.external_id)),
    )
    assert (interpretation.status, interpretation.domain_events) == (EventStatus.PROCESSED, ())


def test_it_concerns_no_organization() -> None:
    """The ledger names no integration: a person's connection is no organization's business."""
    settled = interpret(STANDALONE, NOTICE, view(None, connection=CONNECTION)).to_result(STANDALONE, None)
    assert (settled.integration_id, settled.project_ids) == (None, ())


def test_a_stranger_is_ignored() -> None:
    """Whoever authorized the app without connecting here leaves nothing to revoke."""
    ignored = interpret(STANDALONE, NOTICE, view(None))
    assert (ignored.status, ignored.reason) == (EventStatus.IGNORED, "connection_unknown")
    assert ignored.verdicts == (Verdict("connection", Outcome.IGNORED, "connection_unknown"),)


def test_told_twice_it_leaves_one_audit_row() -> None:
    """A connection already revoked has no step to take."""
    again = interpret(STANDALONE, NOTICE, view(None, connection=REVOKED))
    assert (again.connection, again.status) == (None, EventStatus.PROCESSED)


def test_an_installation_beside_it_changes_nothing() -> None:
    """Should the provider ever name one, it is still the person's connection that ends."""
    interpretation = interpret(EVENT, NOTICE, view(INTEGRATION, connection=CONNECTION))
    assert (interpretation.integration, interpretation.connection is None) == (None, False)


@pytest.mark.parametrize(
    ("source", "connected_after"), [("received", timedelta(milliseconds=1)), ("recovered", -timedelta(days=1))]
)
def test_it_may_be_about_an_earlier_authorization(source: str, connected_after: timedelta) -> None:
    """They connected again since, or it is long ago that it was sent: the provider is asked, not believed."""
    event = replace(STANDALONE, source=source)
    connection = replace(CONNECTION, updated_at=event.created_at + connected_after)
    interpretation = interpret(event, NOTICE, view(None, connection=connection))
    assert (interpretation.connection, interpretation.doubted) == (None, connection)
    assert interpretation.verdicts == (
        Verdict("connection", Outcome.PROCESSED, "provider_asked", str(CONNECTION.external_id)),
    )


def test_one_that_waits_for_its_person_has_nothing_to_ask_with() -> None:
    """Its tokens are dead, so the word of the delivery is all there is."""
    waiting = replace(
        CONNECTION, status=ConnectionStatus.RECONNECT_REQUIRED, updated_at=STANDALONE.created_at + timedelta(1)
    )
    interpretation = interpret(STANDALONE, NOTICE, view(None, connection=waiting))
    assert (interpretation.connection is None, interpretation.doubted) == (False, None)
