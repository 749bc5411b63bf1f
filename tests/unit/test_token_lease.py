"""Who may ask for a token and when, and what a refusal means: every case."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.actors import SystemActor
from core.domain.audit.changes import Change
from core.domain.connections.connection import ConnectionStatus
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from core.domain.provider import (
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
def test_what_ends_soon_is_not_given_out(expires_at: datetime | None, *, good: bool) -> None:
    """A token lasts longer than the longest call, or it is renewed first."""
    assert is_valid_for(expires_at, NOW) is good


def test_the_job_renews_before_anyone_has_to_wait() -> None:
    """What the job leaves alone is still good for everyone until the job's next run."""
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
        # Whoever did has died.
        (ENDED, None, Step.ASK),
        (ENDED, StoredTokens(lease=ENDED), Step.ASK),
        # One lost a race for the lease to someone who is done already.
        (None, StoredTokens(), Step.ASK),
        # Whoever asked has let go without a token.
        (None, StoredTokens(lease=HELD), Step.GIVE_UP),
        # It was wiped or replaced meanwhile by something that is not good enough either.
        (None, StoredTokens(generation=7, lease=HELD), Step.ASK),
    ],
)
def test_who_may_ask(lease: RefreshLease | None, seen: StoredTokens | None, step: Step) -> None:
    """One asks at a time; the others wait for the answer, or take the place of one who died."""
    assert next_step(StoredTokens(lease=lease), seen, NOW) is step


def test_a_lease_outlasts_the_asking() -> None:
    """Even with clocks ten seconds apart nobody begins while another still asks."""
    assert timedelta(seconds=10) <= LEASE_DURATION - REQUEST_TIMEOUT
    assert sum(POLL_DELAYS) < REQUEST_TIMEOUT.total_seconds()


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (ProviderUnavailable("x"), Refusal.NOBODYS),
        (RateLimited(LATER, retry_after=1), Refusal.NOBODYS),
        (StorageUnavailable("x"), Refusal.NOBODYS),
        (AppRefused("x"), Refusal.OUR_APPS),
        (InstallationSuspended("x"), Refusal.SUSPENDED),
        (InstallationGone("x"), Refusal.GONE),
        (CredentialRefused("x"), Refusal.OTHER),
        (PermissionMissing("x"), Refusal.OTHER),
        (NotVisible("x"), Refusal.OTHER),
    ],
)
def test_what_a_refusal_means(error: DomainError, refusal: Refusal) -> None:
    """Only an answer about this very installation counts against it."""
    assert classify_refusal(error) is refusal


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("refusal", Refusal)
@pytest.mark.parametrize("attempts", range(1, MAX_ATTEMPTS + 2))
def test_which_refusals_are_tried_again(state: str, refusal: Refusal, attempts: int) -> None:
    """An active installation has three attempts, further and further apart; everything else has one."""
    wait = next_attempt(STATES[state], refusal, attempts)
    if state == "active" and refusal is Refusal.OTHER and attempts < MAX_ATTEMPTS:
        assert wait == timedelta(seconds=2**attempts)
    else:
        assert wait is None


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("refusal", Refusal)
def test_what_becomes_of_a_refused_integration(state: str, refusal: Refusal) -> None:
    """An outage and our own key change nothing; a suspended one is not suspended anew by a probe."""
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
def test_what_a_token_brings_back(state: str) -> None:
    """Whatever had suspended it is over, and its catalog is read again; nothing else changes."""
    before = replace(STATES[state], sync_requested_at=None)
    after = apply_success(before, at=NOW)
    if before.status is not IntegrationStatus.SUSPENDED:
        assert after == before
        return
    assert (after.status, after.status_reason, after.status_changed_at) == (IntegrationStatus.ACTIVE, None, NOW)
    assert after.sync_requested_at == NOW


def test_probes_grow_from_five_minutes_to_an_hour() -> None:
    """Each wait is as long as the whole suspension so far, within these bounds."""
    at, waits = NOW + FIRST_PROBE, []
    for _ in range(7):
        following = next_probe(NOW, at)
        waits.append((following - at) / timedelta(minutes=1))
        at = following
    assert waits == [5, 10, 20, 40, 60, 60, 60]


@given(st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=400)))
def test_a_next_probe_is_never_far(suspended_for: timedelta) -> None:
    """Whatever the clocks say, there is a next probe within the hour and not at once."""
    wait = next_probe(NOW - suspended_for, NOW) - NOW
    assert FIRST_PROBE <= wait <= timedelta(hours=1)


@given(st.integers(min_value=1, max_value=10_000))
def test_an_app_that_is_refused_is_asked_seldom(refusals: int) -> None:
    """The pause grows to five minutes and no further: a mended key is noticed soon."""
    assert timedelta(seconds=15) <= app_pause(refusals) <= timedelta(minutes=5)


def test_pauses_of_the_app_never_shrink() -> None:
    """Each refusal makes the next question later or as late."""
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
def test_why_a_person_has_to_connect_again(row: StoredTokens, reason: str) -> None:
    """A lease nobody gave back tells of an answer nobody wrote down."""
    assert lapse_reason(row) == reason


def test_each_reason_names_what_helps() -> None:
    """Callers are told where to turn, and never another tenant's name."""
    messages = {state: explain_inactive(integration).message for state, integration in STATES.items()}
    assert "unsuspend it there" in messages["suspended_on_provider"]
    assert "Check the installation at the provider" in messages["token_refused"]
    assert "Connect it again" in messages["revoked"]


def _step(before: Integration | None, after: Integration | None) -> Change[Integration]:
    return Change(before, after, BY)


def test_which_steps_end_tokens() -> None:
    """Revoking and binding to another installation do; being made, deleted, suspended or renamed does not."""
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


def test_which_steps_end_a_persons_tokens() -> None:
    """Only revoking does: one that lapsed keeps them, since a slow refresh may still bring it back."""
    revoked = replace(CONNECTION, status=ConnectionStatus.REVOKED)
    assert connection_ids_to_wipe([Change(CONNECTION, revoked, BY)]) == [CONNECTION.id]
    lapsed = CONNECTION.mark_reconnect_required("refresh_token_refused")
    steps = [
        Change(None, CONNECTION, BY),
        Change(CONNECTION, None, BY),
        Change(CONNECTION, lapsed, BY),
        Change(lapsed, lapsed.mark_active(), BY),
    ]
    assert connection_ids_to_wipe(steps) == []


def test_a_revoked_connection_comes_back_by_its_person_alone() -> None:
    """Neither a refused nor a late refresh changes what was withdrawn."""
    revoked = replace(CONNECTION, status=ConnectionStatus.REVOKED, status_reason="withdrawn")
    assert revoked.mark_reconnect_required("refresh_token_refused") == revoked
    assert revoked.mark_active() == revoked
    assert CONNECTION.mark_reconnect_required("x").mark_active() == CONNECTION
    assert not CONNECTION.mark_reconnect_required("x").is_active
