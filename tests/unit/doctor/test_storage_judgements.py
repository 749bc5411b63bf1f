"""What PostgreSQL and Redis tell of themselves, of keys, and of processes."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.secrets.cipher import AesGcmCipher
from core.domain.deliveries.recovery import RecoveryState
from core.domain.integrations.installation_checks import CheckBacklog
from core.domain.secret import Secret
from entrypoints.doctor.findings import Finding, Level
from entrypoints.doctor.keys import judge_app_keys, judge_keys, judge_webhook_secrets
from entrypoints.doctor.storage import judge_backlog, judge_checks, judge_revision, judge_scheduler, judge_workers
from entrypoints.doctor.wording import lasting

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


def sealed(key: tuple[str, Secret], context: str = "git_integrations.access_token:1") -> Sealed:
    """Seal something with this key."""
    ciphertext = AesGcmCipher([key]).encrypt(Secret("ghs_token"), context=context)
    return Sealed(key[0], ciphertext)


def judged(values: list[Sealed], *keys: tuple[str, Secret]) -> list[Finding]:
    """Judge with these keys."""
    return judge_keys(values, [key_id for key_id, _ in keys], AesGcmCipher(keys))


@pytest.mark.parametrize(
    ("current", "level", "said"),
    [
        ("0007", Level.OK, "0007"),
        (None, Level.FAIL, "no tables of this service"),
        ("0005", Level.FAIL, "at revision 0005, but this version needs 0007"),
        ("0009", Level.WARN, "at revision 0009, newer than revision 0007"),
    ],
)
def test_the_schema_is_at_the_newest_revision(current: str | None, level: Level, said: str) -> None:
    """Or it is said which way to go."""
    found = judge_revision(current, "0007")
    assert (found.level, said in found.message) == (level, True)
    assert ("crewkit-git migrate" in found.remedy) == (level is Level.FAIL)


def test_somebody_must_listen() -> None:
    """One is enough."""
    assert judge_workers([]).level is Level.FAIL
    assert judge_workers(["a"]).message == "1 worker running."
    assert judge_workers(["a", "b"]).message == "2 workers running."


def test_what_waits_too_long_is_wrong_and_what_failed_is_a_warning() -> None:
    """Each says where to look."""
    (well,) = judge_backlog(NOW - timedelta(seconds=5), 0, 100, now=NOW)
    waits, failed = judge_backlog(NOW - timedelta(minutes=3), 100, 100, now=NOW)

    assert well.level is Level.OK
    assert (waits.level, "received 3 minutes ago" in waits.message) == (Level.FAIL, True)
    assert (failed.level, failed.message) == (Level.WARN, "Processing failed for 100 or more webhook events.")


@pytest.mark.parametrize(("minutes", "level"), [(None, Level.WARN), (4, Level.OK), (19, Level.OK), (21, Level.FAIL)])
def test_the_scheduler_is_known_by_what_it_leaves(minutes: int | None, level: Level) -> None:
    """A comparison every five minutes."""
    at = None if minutes is None else NOW - timedelta(minutes=minutes)
    (found,) = judge_scheduler(RecoveryState(compared_at=at), now=NOW)
    assert found.level is level


def test_missing_deliveries_are_a_warning() -> None:
    """They are being fetched."""
    findings = judge_scheduler(RecoveryState(compared_at=NOW, missing=1), now=NOW)
    assert [one.level for one in findings] == [Level.OK, Level.WARN]


def test_values_that_can_be_read() -> None:
    """Those of an older key are counted."""
    (well,) = judged([sealed(NEW)], NEW, OLD)
    read, older = judged([sealed(NEW), sealed(OLD)], NEW, OLD)
    (empty,) = judged([], NEW)

    assert [one.level for one in (well, read, older, empty)] == [Level.OK, Level.OK, Level.WARN, Level.OK]
    assert older.message.startswith("3 values")


def test_a_key_that_is_gone_is_named_and_its_values_counted() -> None:
    """None of them is shown."""
    value = sealed(OLD)
    (found,) = judged([value], NEW)

    assert found.level is Level.FAIL
    assert found.message == (
        "git_integrations.access_token: 3 values encrypted with the key `old`, "
        "which is not in CREWKIT_GIT_ENCRYPTION_KEYS."
    )
    assert value.ciphertext not in found.message + found.remedy
    # The service gets a new installation token, so nobody has to connect again.
    assert "connect again" not in found.remedy


def test_users_connect_again_if_the_key_of_their_tokens_is_lost() -> None:
    """Nothing else brings their tokens back."""
    value = replace(sealed(OLD), column="user_git_connections.refresh_token")
    (found,) = judged([value], NEW)
    assert "Users whose values are lost have to connect again." in found.remedy


@pytest.mark.parametrize(
    "value",
    [
        sealed(("new", OLD[1])),
        sealed(NEW, context="another.row:2"),
        Sealed("new", "v1.new.AAAA"),
        Sealed("", "plain text"),
    ],
)
def test_another_key_of_the_same_name_or_a_damaged_value_is_found(value: Sealed) -> None:
    """By reading one."""
    (found,) = judged([value], NEW)
    assert found.level is Level.FAIL


def test_a_rotation_of_webhook_secrets_is_followed() -> None:
    """First the new one has to be entered at GitHub, then the old one may go."""
    (begun,) = judge_webhook_secrets(["b", "a"], {"a": NOW}, now=NOW)
    (done,) = judge_webhook_secrets(["b", "a"], {"a": NOW - timedelta(days=3), "b": NOW}, now=NOW)
    (unused,) = judge_webhook_secrets(["b", "a"], {"b": NOW}, now=NOW)

    assert "GitHub has not signed a delivery with the newest secret yet" in begun.message
    last_use = "Last use of each secret, from the newest secret to the oldest:"
    assert begun.message.endswith(f"{last_use} never, 0 seconds ago.")
    assert done.message.endswith(f"{last_use} 0 seconds ago, 3 days ago.")
    assert unused.message.endswith(f"{last_use} 0 seconds ago, never.")
    for one in (begun, done, unused):
        assert one.level is Level.WARN
        assert "once a minute" in one.remedy


def test_the_only_webhook_secret_has_a_line_too() -> None:
    """Whose webhook is refused wants to know whether it ever fitted; that there is none, settings say."""
    (used,) = judge_webhook_secrets(["a"], {"a": NOW - timedelta(hours=2)}, now=NOW)
    (unused,) = judge_webhook_secrets(["a"], {"b": NOW}, now=NOW)

    assert (used.level, used.message) == (Level.OK, "One secret is accepted, last used 2 hours ago.")
    assert (unused.level, unused.message) == (
        Level.OK,
        "One secret is accepted, not used yet (the time of the last use is updated once a minute).",
    )
    assert judge_webhook_secrets([], {}, now=NOW) == []


def test_an_apps_older_key_is_told_while_some_process_has_it() -> None:
    """Webhook secrets are not among them, and one that was retired long ago is not worth a word."""
    used = {
        "SHA256:new": NOW,
        "SHA256:old": NOW - timedelta(hours=2),
        "SHA256:ancient": NOW - timedelta(days=40),
        "0123abcd": NOW,
    }
    ours, found = judge_app_keys("SHA256:new", used, now=NOW)
    assert (ours.level, found.level) == (Level.OK, Level.WARN)
    assert "SHA256:old, was used 2 hours ago." in found.message
    assert "once a minute" in found.remedy


def test_the_only_key_of_the_app_has_a_line_too() -> None:
    """By GitHub's own name for it, to be compared with the App's page."""
    (used,) = judge_app_keys("SHA256:new", {"SHA256:new": NOW}, now=NOW)
    (unused,) = judge_app_keys("SHA256:new", {}, now=NOW)

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
def test_times_are_said_roughly(time: timedelta, said: str) -> None:
    """As people do."""
    assert lasting(time) == said


def test_late_checks_of_installations_are_a_failure() -> None:
    """Waiting for a turn for some hours is usual; a day is not."""
    checked = NOW - timedelta(hours=3)
    on_time = judge_checks(CheckBacklog(7, 2, NOW - timedelta(hours=20), checked), now=NOW)
    assert (on_time.level, "7 installations" in on_time.message, "3 hours ago" in on_time.message) == (
        Level.OK,
        True,
        True,
    )
    late = judge_checks(CheckBacklog(7, 2, NOW - timedelta(hours=25), None), now=NOW)
    assert (late.level, "due for 2 installations, and late for at least one" in late.message) == (Level.FAIL, True)
