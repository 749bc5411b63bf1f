"""Checks of PostgreSQL, Redis, keys and processes."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.secrets.cipher import AesGcmCipher
from core.domain.deliveries.recovery import RecoveryState
from core.domain.integrations.installation_checks import CheckBacklog
from core.domain.secret import Secret
from entrypoints.doctor.findings import Finding, Level, format_duration
from entrypoints.doctor.keys import check_app_keys, check_keys, check_webhook_secrets
from entrypoints.doctor.storage import check_backlog, check_checks, check_revision, check_scheduler, check_workers

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NEW = ("new", Secret("bmV3" * 10 + "bmU="))
OLD = ("old", Secret("b2xk" * 10 + "b2w="))


@dataclass(frozen=True)
class Sealed:
    """Values of a column."""

    key_id: str
    ciphertext: str
    column: str = "git_integrations.access_token"
    count: int = 3
    context: str = "git_integrations.access_token:1"


def seal(key: tuple[str, Secret], context: str = "git_integrations.access_token:1") -> Sealed:
    """Seal something with this key."""
    ciphertext = AesGcmCipher([key]).encrypt(Secret("ghs_token"), context=context)
    return Sealed(key[0], ciphertext)


def check_values(values: list[Sealed], *keys: tuple[str, Secret]) -> list[Finding]:
    """Judge with these keys."""
    return check_keys(values, [key_id for key_id, _ in keys], AesGcmCipher(keys))


@pytest.mark.parametrize(
    ("current", "level", "said"),
    [
        ("0007", Level.OK, "0007"),
        (None, Level.FAIL, "no tables of this service"),
        ("0005", Level.FAIL, "at revision 0005, but this version needs 0007"),
        ("0009", Level.WARN, "at revision 0009, newer than revision 0007"),
    ],
)
def test_checks_the_revision_of_the_schema(current: str | None, level: Level, said: str) -> None:
    """With the direction of the migration."""
    found = check_revision(current, "0007")
    assert (found.level, said in found.message) == (level, True)
    assert ("crewkit-git migrate" in found.remedy) == (level is Level.FAIL)


def test_requires_one_worker() -> None:
    assert check_workers([]).level is Level.FAIL
    assert check_workers(["a"]).message == "1 worker running."
    assert check_workers(["a", "b"]).message == "2 workers running."


def test_late_events_are_an_error_and_failed_ones_a_warning() -> None:
    """Each with the place to check."""
    (well,) = check_backlog(NOW - timedelta(seconds=5), 0, 100, now=NOW)
    waits, failed = check_backlog(NOW - timedelta(minutes=3), 100, 100, now=NOW)

    assert well.level is Level.OK
    assert (waits.level, "received 3 minutes ago" in waits.message) == (Level.FAIL, True)
    assert (failed.level, failed.message) == (Level.WARN, "Processing failed for 100 or more webhook events.")


@pytest.mark.parametrize(("minutes", "level"), [(None, Level.WARN), (4, Level.OK), (19, Level.OK), (21, Level.FAIL)])
def test_recognizes_the_scheduler_by_its_comparisons(minutes: int | None, level: Level) -> None:
    """It compares deliveries every five minutes."""
    at = None if minutes is None else NOW - timedelta(minutes=minutes)
    (found,) = check_scheduler(RecoveryState(compared_at=at), now=NOW)
    assert found.level is level


def test_missing_deliveries_are_a_warning() -> None:
    """Recovery fetches them."""
    findings = check_scheduler(RecoveryState(compared_at=NOW, missing=1), now=NOW)
    assert [one.level for one in findings] == [Level.OK, Level.WARN]


def test_counts_values_of_older_keys() -> None:
    (well,) = check_values([seal(NEW)], NEW, OLD)
    read, older = check_values([seal(NEW), seal(OLD)], NEW, OLD)
    (empty,) = check_values([], NEW)

    assert [one.level for one in (well, read, older, empty)] == [Level.OK, Level.OK, Level.WARN, Level.OK]
    assert older.message.startswith("3 values")


def test_names_a_missing_key_and_counts_its_values() -> None:
    """Values are not shown."""
    value = seal(OLD)
    (found,) = check_values([value], NEW)

    assert found.level is Level.FAIL
    assert found.message == (
        "git_integrations.access_token: 3 values encrypted with the key `old`, "
        "which is not in CREWKIT_GIT_ENCRYPTION_KEYS."
    )
    assert value.ciphertext not in found.message + found.remedy
    # The service gets a new installation token, so nobody has to connect again.
    assert "connect again" not in found.remedy


def test_lost_key_of_user_tokens_needs_new_connections() -> None:
    """The tokens cannot be restored."""
    value = replace(seal(OLD), column="user_git_connections.refresh_token")
    (found,) = check_values([value], NEW)
    assert "Users whose values are lost have to connect again." in found.remedy


@pytest.mark.parametrize(
    "value",
    [seal(("new", OLD[1])), seal(NEW, context="another.row:2"), Sealed("new", "v1.new.AAAA"), Sealed("", "plain text")],
)
def test_detects_a_wrong_key_and_a_damaged_value(value: Sealed) -> None:
    """By decrypting one value."""
    (found,) = check_values([value], NEW)
    assert found.level is Level.FAIL


def test_reports_the_step_of_a_secret_rotation() -> None:
    """First GitHub needs the new secret, then the old one can be removed."""
    (begun,) = check_webhook_secrets(["b", "a"], {"a": NOW}, now=NOW)
    (done,) = check_webhook_secrets(["b", "a"], {"a": NOW - timedelta(days=3), "b": NOW}, now=NOW)
    (unused,) = check_webhook_secrets(["b", "a"], {"b": NOW}, now=NOW)

    assert "GitHub has not signed a delivery with the newest secret yet" in begun.message
    last_use = "Last use of each secret, from the newest secret to the oldest:"
    assert begun.message.endswith(f"{last_use} never, 0 seconds ago.")
    assert done.message.endswith(f"{last_use} 0 seconds ago, 3 days ago.")
    assert unused.message.endswith(f"{last_use} 0 seconds ago, never.")
    for one in (begun, done, unused):
        assert one.level is Level.WARN
        assert "once a minute" in one.remedy


def test_single_webhook_secret_has_a_line() -> None:
    """With the time of its last use, which helps if webhooks are rejected."""
    (used,) = check_webhook_secrets(["a"], {"a": NOW - timedelta(hours=2)}, now=NOW)
    (unused,) = check_webhook_secrets(["a"], {"b": NOW}, now=NOW)

    assert (used.level, used.message) == (Level.OK, "One secret is accepted, last used 2 hours ago.")
    assert (unused.level, unused.message) == (
        Level.OK,
        "One secret is accepted, not used yet (the time of the last use is updated once a minute).",
    )
    assert check_webhook_secrets([], {}, now=NOW) == []


def test_reports_an_older_app_key_while_a_process_uses_it() -> None:
    """Webhook secrets are separate, and a key that was removed long ago is not reported."""
    used = {
        "SHA256:new": NOW,
        "SHA256:old": NOW - timedelta(hours=2),
        "SHA256:ancient": NOW - timedelta(days=40),
        "0123abcd": NOW,
    }
    key_line, found = check_app_keys("SHA256:new", used, now=NOW)
    assert (key_line.level, found.level) == (Level.OK, Level.WARN)
    assert "SHA256:old, was used 2 hours ago." in found.message
    assert "once a minute" in found.remedy


def test_single_app_key_has_a_line() -> None:
    """With GitHub's fingerprint, to compare with the App's page."""
    (used,) = check_app_keys("SHA256:new", {"SHA256:new": NOW}, now=NOW)
    (unused,) = check_app_keys("SHA256:new", {}, now=NOW)

    assert (used.level, used.message) == (Level.OK, "The configured key is SHA256:new, last used 0 seconds ago.")
    assert unused.message.startswith("The configured key is SHA256:new, not used yet")


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (timedelta(seconds=-1), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=119), "1 minute"),
        (timedelta(hours=5, minutes=59), "5 hours"),
        (timedelta(days=40), "40 days"),
    ],
)
def test_rounds_times(time: timedelta, said: str) -> None:
    assert format_duration(time) == said


def test_late_checks_of_installations_are_a_failure() -> None:
    """Waiting for a turn for some hours is usual; a day is not."""
    checked = NOW - timedelta(hours=3)
    on_time = check_checks(CheckBacklog(7, 2, NOW - timedelta(hours=20), checked), now=NOW)
    assert (on_time.level, "7 installations" in on_time.message, "3 hours ago" in on_time.message) == (
        Level.OK,
        True,
        True,
    )
    late = check_checks(CheckBacklog(7, 2, NOW - timedelta(hours=25), None), now=NOW)
    assert (late.level, "due for 2 installations, and late for at least one" in late.message) == (Level.FAIL, True)
