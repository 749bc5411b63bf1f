"""Who may ask for a token and when, and what a refusal means: every case."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.actors import SystemActor
from core.domain.audit import Change
from core.domain.connections import ConnectionStatus
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from core.domain.provider_errors import (
    AppRefused,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
    RateLimited,
)
from core.domain.tokens.lease import (
    FIRST_PROBE,
    LEASE_DURATION,
    MAX_ATTEMPTS,
    MIN_VALIDITY,
    POLL_DELAYS,
    RENEWAL_MARGIN,
    REQUEST_TIMEOUT,
    EncryptedTokens,
    RefreshLease,
    Refusal,
    Step,
    StoredTokens,
    app_pause,
    apply_refusal,
    apply_success,
    classify_refusal,
    connection_ids_to_wipe,
    explain_inactive,
    integration_ids_to_wipe,
    is_valid_for,
    lapse_reason,
    next_attempt,
    next_probe,
    next_step,
)
from tests.support.builders.domain import (
    CONNECTION,
    EARLIER,
    INTEGRATION,
    LATER,
    NOW,
    REVOKED,
    SUSPENDED_BY_PROVIDER,
    SUSPENDED_BY_US,
)

BY = SystemActor("test")
SECOND = timedelta(seconds=1)
HELD = RefreshLease("one", LATER)
ENDED = RefreshLease("one", NOW)
STATES = {
    "active": INTEGRATION,
    "suspended_on_provider": SUSPENDED_BY_PROVIDER,
    "token_refused": SUSPENDED_BY_US,
    "revoked": REVOKED,
}


@pytest.mark.parametrize(
    ("expires_at", "good"),
    [
        (None, True),
        (NOW + MIN_VALIDITY + SECOND, True),
        (NOW + MIN_VALIDITY, False),
        (NOW + SECOND, False),
        (NOW, False),
        (EARLIER, False),
    ],
)
def test_does_not_return_a_token_that_expires_soon(expires_at: datetime | None, *, good: bool) -> None:
    """A token is valid for longer than the longest call, or it is renewed first."""
    assert is_valid_for(expires_at, NOW) is good


def test_job_renews_before_callers_have_to_wait() -> None:
    """A token that the job skips is valid until the job's next run."""
    assert MIN_VALIDITY + timedelta(minutes=1) < RENEWAL_MARGIN
    assert not is_valid_for(NOW + RENEWAL_MARGIN, NOW, RENEWAL_MARGIN)
    assert is_valid_for(NOW + RENEWAL_MARGIN, NOW)


@pytest.mark.parametrize(
    ("lease", "seen", "step"),
    [
        # Nobody asks.
        (None, None, Step.ASK),
        # Somebody does, however long one has looked on.
        (HELD, None, Step.WAIT),
        (HELD, StoredTokens(), Step.WAIT),
        (HELD, StoredTokens(lease=HELD), Step.WAIT),
        # The process that did has died.
        (ENDED, None, Step.ASK),
        (ENDED, StoredTokens(lease=ENDED), Step.ASK),
        # One lost a race for the lease to someone who is done already.
        (None, StoredTokens(), Step.ASK),
        # The process that refreshed has released the lease without a token.
        (None, StoredTokens(lease=HELD), Step.GIVE_UP),
        # It was wiped or replaced meanwhile by something that is not good enough either.
        (None, StoredTokens(generation=7, lease=HELD), Step.ASK),
    ],
)
def test_one_caller_refreshes_at_a_time(lease: RefreshLease | None, seen: StoredTokens | None, step: Step) -> None:
    """The others wait for the result, or replace a caller that died."""
    assert next_step(StoredTokens(lease=lease), seen, NOW) is step


def test_lease_is_longer_than_the_request() -> None:
    """Even if clocks differ by ten seconds, no second request starts."""
    assert timedelta(seconds=10) <= LEASE_DURATION - REQUEST_TIMEOUT
    assert sum(POLL_DELAYS) < REQUEST_TIMEOUT.total_seconds()


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (ProviderUnavailable("x"), Refusal.UNAVAILABLE),
        (RateLimited(LATER, retry_after=1), Refusal.UNAVAILABLE),
        (StorageUnavailable("x"), Refusal.UNAVAILABLE),
        (AppRefused("x"), Refusal.APP),
        (InstallationSuspended("x"), Refusal.SUSPENDED),
        (InstallationGone("x"), Refusal.GONE),
        (CredentialRefused("x"), Refusal.OTHER),
        (PermissionMissing("x"), Refusal.OTHER),
        (NotVisible("x"), Refusal.OTHER),
    ],
)
def test_classifies_errors(error: DomainError, refusal: Refusal) -> None:
    """Only a response about this installation counts against it."""
    assert classify_refusal(error) is refusal


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("refusal", Refusal)
@pytest.mark.parametrize("attempts", range(1, MAX_ATTEMPTS + 2))
def test_retries_errors_of_active_installations(state: str, refusal: Refusal, attempts: int) -> None:
    """Three attempts with growing pauses; all others have one."""
    wait = next_attempt(STATES[state], refusal, attempts)
    if state == "active" and refusal is Refusal.OTHER and attempts < MAX_ATTEMPTS:
        assert wait == timedelta(seconds=2**attempts)
    else:
        assert wait is None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("refusal", Refusal)
def test_result_of_an_error_for_the_integration(state: str, refusal: Refusal) -> None:
    """An outage or a wrong key changes nothing; a probe does not suspend again."""
    before = STATES[state]
    after = apply_refusal(before, refusal, at=NOW)
    expected: dict[Refusal, tuple[IntegrationStatus, StatusReason]] = {
        Refusal.SUSPENDED: (IntegrationStatus.SUSPENDED, StatusReason.SUSPENDED_ON_PROVIDER),
        Refusal.GONE: (IntegrationStatus.REVOKED, StatusReason.UNINSTALLED_ON_PROVIDER),
    }
    if state == "active":
        expected[Refusal.OTHER] = (IntegrationStatus.SUSPENDED, StatusReason.TOKEN_REFUSED)
    if state == "revoked" or refusal not in expected:
        assert after == before
        return
    assert (after.status, after.status_reason) == expected[refusal]
    if after != before:
        assert after.status_changed_at == NOW


@pytest.mark.parametrize("state", STATES)
def test_new_token_ends_a_suspension(state: str) -> None:
    """Of any reason, and requests a sync; nothing else changes."""
    before = replace(STATES[state], sync_requested_at=None)
    after = apply_success(before, at=NOW)
    if before.status is not IntegrationStatus.SUSPENDED:
        assert after == before
        return
    assert (after.status, after.status_reason, after.status_changed_at) == (IntegrationStatus.ACTIVE, None, NOW)
    assert after.sync_requested_at == NOW


def test_probes_grow_from_five_minutes_to_an_hour() -> None:
    """Each wait equals the duration of the suspension, within these limits."""
    at, waits = NOW + FIRST_PROBE, []
    for _ in range(7):
        following = next_probe(NOW, at)
        waits.append((following - at) / timedelta(minutes=1))
        at = following
    assert waits == [5, 10, 20, 40, 60, 60, 60]


@given(st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=400)))
def test_next_probe_is_within_an_hour(suspended_for: timedelta) -> None:
    """And not at once, whatever the clocks are."""
    wait = next_probe(NOW - suspended_for, NOW) - NOW
    assert FIRST_PROBE <= wait <= timedelta(hours=1)


@given(st.integers(min_value=1, max_value=10_000))
def test_rejected_app_is_tried_rarely(refusals: int) -> None:
    """The pause grows to five minutes, so that a corrected key is noticed soon."""
    assert timedelta(seconds=15) <= app_pause(refusals) <= timedelta(minutes=5)


def test_pauses_of_the_app_never_shrink() -> None:
    pauses = [app_pause(count) for count in range(1, 12)]
    assert all(one <= following for one, following in pairwise(pauses))
    assert pauses[:4] == [timedelta(seconds=seconds) for seconds in (15, 30, 60, 120)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (StoredTokens(), "token_ended"),
        (StoredTokens(lease=ENDED), "token_ended"),
        (StoredTokens(tokens=EncryptedTokens("a", NOW)), "token_ended"),
        (StoredTokens(tokens=EncryptedTokens("a", NOW, "r")), "refresh_token_refused"),
        (StoredTokens(tokens=EncryptedTokens("a", NOW, "r"), lease=ENDED), "rotation_lost"),
    ],
)
def test_reasons_to_connect_again(row: StoredTokens, reason: str) -> None:
    """A lease that was never released means that a response was lost."""
    assert lapse_reason(row) == reason


def test_each_reason_has_a_remedy() -> None:
    """And never another tenant's name."""
    messages = {state: explain_inactive(integration).message for state, integration in STATES.items()}
    assert "unsuspend it there" in messages["suspended_on_provider"]
    assert "Check the installation at the provider" in messages["token_refused"]
    assert "Connect it again" in messages["revoked"]


def _step(before: Integration | None, after: Integration | None) -> Change[Integration]:
    return Change(before, after, BY)


def test_changes_that_delete_tokens() -> None:
    """Revoking and connecting another installation; not creation, suspension or a rename."""
    moved = replace(INTEGRATION, provider_id="2")
    assert integration_ids_to_wipe([_step(INTEGRATION, REVOKED), _step(INTEGRATION, moved)]) == [INTEGRATION.id] * 2
    harmless = [
        _step(None, INTEGRATION),
        _step(INTEGRATION, None),
        _step(INTEGRATION, SUSPENDED_BY_US),
        _step(SUSPENDED_BY_US, INTEGRATION),
        _step(INTEGRATION, replace(INTEGRATION, provider_name="renamed")),
    ]
    assert integration_ids_to_wipe(harmless) == []


def test_changes_that_delete_user_tokens() -> None:
    """Only revoking: an expired connection keeps them for a slow refresh."""
    revoked = replace(CONNECTION, status=ConnectionStatus.REVOKED)
    assert connection_ids_to_wipe([Change(CONNECTION, revoked, BY)]) == [CONNECTION.id]
    expired = CONNECTION.mark_reconnect_required("refresh_token_refused")
    steps = [
        Change(None, CONNECTION, BY),
        Change(CONNECTION, None, BY),
        Change(CONNECTION, expired, BY),
        Change(expired, expired.mark_active(), BY),
    ]
    assert connection_ids_to_wipe(steps) == []


def test_only_the_user_restores_a_revoked_connection() -> None:
    """A late refresh does not change it."""
    revoked = replace(CONNECTION, status=ConnectionStatus.REVOKED, status_reason="withdrawn")
    assert revoked.mark_reconnect_required("refresh_token_refused") == revoked
    assert revoked.mark_active() == revoked
    assert CONNECTION.mark_reconnect_required("x").mark_active() == CONNECTION
    assert not CONNECTION.mark_reconnect_required("x").is_active
