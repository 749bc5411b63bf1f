"""Checks of the webhook and of its deliveries."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.deliveries.recovery import LoggedDelivery
from core.domain.provider import WebhookConfig
from entrypoints.doctor.findings import Finding, Level
from entrypoints.doctor.webhook import check_deliveries, check_webhook

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HERE = "https://git.example/api/v1/git/github/webhooks"
PAGE = "https://github.com/settings/apps/crewkit"


def attempt(
    number: int,
    answer: str = "OK",
    code: int | None = 202,
    *,
    minutes: int = 10,
    guid: str | None = None,
    event: str = "push",
) -> LoggedDelivery:
    """Give an attempt, so many minutes old."""
    return LoggedDelivery(
        id=number,
        guid=guid or f"guid-{number}",
        delivered_at=NOW - timedelta(minutes=minutes),
        event_type=event,
        action=None,
        source_key="1",
        repo_id=None,
        succeeded=answer == "OK",
        answer=answer,
        status_code=code,
    )


def check_log(*log: LoggedDelivery, known: Sequence[str] | None = None) -> list[Finding]:
    """Judge a log, newest first; without `known` the service has stored all accepted deliveries."""
    arrived = [one.guid for one in log if one.succeeded]
    return check_deliveries(log, arrived if known is None else known, PAGE, now=NOW)


def webhook(url: str = HERE, content_type: str = "json", *, development: bool = False) -> list[Finding]:
    """Judge a configuration."""
    return check_webhook(WebhookConfig(url, content_type), HERE, PAGE, is_development=development)


def test_passes_for_a_webhook_of_this_service() -> None:
    """Also with content type form."""
    assert [one.level for one in [*webhook(), *webhook(content_type="form")]] == [Level.OK] * 2


def test_webhook_url_of_another_host_is_an_error() -> None:
    """Unless it may be a tunnel. Both addresses are shown, and where to change it."""
    (wrong,) = webhook("https://smee.io/abc")
    (tunnel,) = webhook("https://smee.io/abc", development=True)

    assert (wrong.level, tunnel.level) == (Level.FAIL, Level.WARN)
    assert wrong.message == f"The webhook URL is https://smee.io/abc, but should be {HERE}."
    assert PAGE in wrong.remedy
    assert "tunnel" in tunnel.remedy


def test_webhook_without_an_address_is_off() -> None:
    """No other result is reported."""
    (found,) = webhook("")
    assert (found.level, found.message) == (Level.FAIL, "The app has no webhook URL.")


def test_reports_content_type_and_certificate_problems() -> None:
    config = WebhookConfig(HERE, "xml", verifies_certificate=False)
    findings = check_webhook(config, HERE, PAGE, is_development=False)
    assert [one.level for one in findings] == [Level.FAIL] * 2


def test_empty_log_has_no_result() -> None:
    """The webhook may be off, or no event happened."""
    (found,) = check_log()
    assert found.level is Level.NOTE


def test_ignores_the_failed_ping_of_a_new_webhook() -> None:
    """GitHub sends it before the service has the secret."""
    (found,) = check_log(attempt(1, "Invalid HTTP Response: 401", 401, event="ping"))
    assert found.level is Level.NOTE


def test_passes_if_all_deliveries_arrived() -> None:
    """Even after two attempts."""
    (found,) = check_log(attempt(3), attempt(2, guid="a"), attempt(1, "timed out", None, guid="a"))

    assert found.level is Level.OK
    assert found.message == "3 deliveries received, the last 10 minutes ago."


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("Invalid HTTP Response: 401", 401, "GitHub does not sign with a secret that this service accepts"),
        ("Invalid HTTP Response: 503", 503, "Search the log of the API"),
        ("timed out", None, "GitHub can reach the webhook URL"),
    ],
)
def test_newest_failure_is_an_error(answer: str, code: int | None, said: str) -> None:
    """GitHub's log has the response; a rejected signature points to the secret."""
    (found,) = check_log(attempt(3, answer, code), attempt(2, answer, code), attempt(1))

    assert found.level is Level.FAIL
    assert found.message.startswith(
        "GitHub could not deliver 2 deliveries recently. The last was push, 10 minutes ago. "
    )
    assert answer in found.message
    assert said in found.remedy


def test_earlier_failures_are_a_warning() -> None:
    """The scheduler fetches those deliveries."""
    (found,) = check_log(attempt(3), attempt(2, "timed out", None), attempt(1))
    assert (found.level, "Newer deliveries arrived" in found.message) == (Level.WARN, True)


def test_recovered_failures_are_not_a_problem() -> None:
    """They are reported as resolved."""
    log = attempt(4), attempt(3, "timed out", None), attempt(2, "timed out", None), attempt(1)
    (found,) = check_log(*log, known=["guid-1", "guid-2", "guid-3", "guid-4"])
    assert found.level is Level.OK
    assert found.message == (
        "4 deliveries received, the last 10 minutes ago. 2 of them failed at first and were recovered."
    )
    (found,) = check_log(*log, known=["guid-1", "guid-2", "guid-4"])
    assert found.level is Level.WARN
    assert found.message.startswith("GitHub could not deliver 2 deliveries recently (1 recovered). The last was push, ")


def test_without_a_database_no_delivery_counts_as_fetched() -> None:
    """Nor as accepted by another receiver."""
    log = attempt(3), attempt(2, "timed out", None), attempt(1)
    (found,) = check_deliveries(log, None, PAGE, now=NOW)
    assert (found.level, "GitHub could not deliver 1 delivery recently. " in found.message) == (Level.WARN, True)


def test_after_a_recovered_outage_the_state_is_unknown() -> None:
    """Until the next delivery."""
    (found,) = check_log(attempt(2, "timed out", None), attempt(1), known=["guid-1", "guid-2"])
    assert found.level is Level.WARN
    assert found.message.startswith("GitHub could not deliver 1 delivery recently (all recovered). The last was push, ")
    assert "GitHub has not sent any delivery since" in found.remedy


def test_wrong_secret_is_an_error_despite_recovery() -> None:
    """The next delivery will be rejected, too."""
    refused = attempt(2, "Invalid HTTP Response: 401", 401)
    (found,) = check_log(refused, attempt(1), known=["guid-1", "guid-2"])
    assert (found.level, "GitHub does not sign with a secret that this service accepts" in found.remedy) == (
        Level.FAIL,
        True,
    )


def test_deliveries_accepted_by_another_receiver_are_an_error() -> None:
    """GitHub has a 2xx, but this service has no event. The newest may still be on their way."""
    (found,) = check_log(attempt(3, minutes=0), attempt(2), attempt(1), known=["guid-1"])

    assert found.level is Level.FAIL
    assert found.message.startswith("GitHub got a success response for 1 delivery, but this database does not have")
    assert "10 minutes ago" in found.message
