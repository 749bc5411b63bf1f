"""Where an integration may go from where it is."""

from dataclasses import replace

import pytest

from core.domain.errors import ErrorKind
from core.domain.integrations.integration import Integration, IntegrationStatus, InvalidTransition, StatusReason
from tests.support.builders.domain import (
    EARLIER,
    INTEGRATION,
    LATER,
    NOW,
    REVOKED,
    SUSPENDED_BY_PROVIDER,
    SUSPENDED_BY_US,
)

LIVING = [INTEGRATION, SUSPENDED_BY_PROVIDER, SUSPENDED_BY_US]


@pytest.mark.parametrize("living", LIVING, ids=["active", "by provider", "by us"])
def test_active_and_suspended_can_change_to_any_status(living: Integration) -> None:
    """Each with its reason and time."""
    refused = StatusReason.TOKEN_REFUSED
    assert status_and_reason(living.suspend(refused, at=LATER)) == (IntegrationStatus.SUSPENDED, refused)
    assert status_and_reason(living.activate(at=LATER)) == (IntegrationStatus.ACTIVE, None)
    gone = living.revoke(StatusReason.DISCONNECTED, at=LATER)
    assert status_and_reason(gone) == (IntegrationStatus.REVOKED, StatusReason.DISCONNECTED)
    assert (gone.status_changed_at, gone.is_revoked) == (LATER, True)


def status_and_reason(integration: Integration) -> tuple[IntegrationStatus, StatusReason | None]:
    """Return status and reason."""
    return integration.status, integration.status_reason


def test_revoked_integration_needs_a_new_connection() -> None:
    """Otherwise it is an error."""
    with pytest.raises(InvalidTransition) as error:
        REVOKED.activate(at=NOW)
    assert (error.value.kind, error.value.code) == (ErrorKind.FAILED_PRECONDITION, "integration_transition_invalid")
    with pytest.raises(InvalidTransition):
        REVOKED.suspend(StatusReason.TOKEN_REFUSED, at=NOW)


def test_same_status_is_not_a_change() -> None:
    """Its time stays."""
    since = replace(SUSPENDED_BY_US, status_changed_at=EARLIER)
    assert since.suspend(StatusReason.TOKEN_REFUSED, at=LATER) is since
    assert INTEGRATION.activate(at=LATER) is INTEGRATION
    assert REVOKED.revoke(StatusReason.UNINSTALLED_ON_PROVIDER, at=LATER) is REVOKED


def test_another_reason_is_a_change() -> None:
    """The reason decides how it ends."""
    moved = SUSPENDED_BY_US.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=LATER)
    assert (moved.status_reason, moved.status_changed_at) == (StatusReason.SUSPENDED_ON_PROVIDER, LATER)


def test_keeps_the_first_request_for_a_sync() -> None:
    """A second request does not change its time."""
    requested = INTEGRATION.request_sync(at=NOW)
    assert requested.sync_requested_at == NOW
    assert requested.request_sync(at=LATER) is requested
