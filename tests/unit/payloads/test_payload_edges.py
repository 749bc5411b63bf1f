"""Payloads of tomorrow, payloads that lack what they must have, and times in every writing."""

from datetime import UTC, datetime

import pytest

from adapters.github.protocol.payloads import parse_time
from core.domain.events.event import EnvelopeUnreadable
from core.domain.provider_events import Unhandled
from tests.support.builders.webhooks import protocol


@pytest.mark.parametrize(
    ("event", "body", "reason"),
    [
        ("installation", b'{"action":"moved","installation":{"id":1,"account":{}}}', "action_not_handled"),
        ("installation_target", b'{"action":"moved","installation":{"id":1},"account":{}}', "action_not_handled"),
        ("repository", b'{"action":"starred","installation":{"id":1},"repository":{}}', "action_not_handled"),
        ("github_app_authorization", b'{"action":"granted"}', "action_not_handled"),
        ("an_event_of_tomorrow", b'{"installation":{"id":1}}', "event_not_handled"),
        ("push", b'{"ref":"refs/heads/main"}', "no_installation"),
        ("ping", b"{}", "ping"),
    ],
)
def test_unknown_events_and_actions_are_not_errors(event: str, body: bytes, reason: str) -> None:
    """GitHub adds them at any time; broken ones are different."""
    assert protocol().decode(event, body) == Unhandled(reason)


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("push", b'{"installation":{"id":1},"ref":"refs/heads/main"}'),
        ("pull_request", b'{"action":"opened","installation":{"id":1},"number":1}'),
        ("installation", b'{"installation":{"id":1,"account":{"login":"x"}}}'),
        ("installation", b'{"action":"created","installation":{"id":0,"account":{"login":"x"}}}'),
        ("repository", b'{"action":"renamed","installation":{"id":1},"repository":{"full_name":"a/b"}}'),
        ("repository", b'{"action":5,"installation":{"id":1},"repository":{"id":1}}'),
        ("installation_target", b'{"action":"renamed","installation":{"id":1},"account":{"login":""}}'),
        ("installation_target", b'{"action":"renamed","installation":{"id":1},"target_type":"User"}'),
        ("github_app_authorization", b'{"action":"revoked"}'),
        ("push", b""),
        ("push", b"\xff"),
        ("push", b"[]"),
        ("installation", b'{"action":"deleted","installation":{"id":1,"account":{"id":1,"login":"\xff"}}}'),
    ],
)
def test_payload_without_required_fields_is_unreadable(event: str, body: bytes) -> None:
    """The error names the missing field."""
    with pytest.raises(EnvelopeUnreadable) as error:
        protocol().decode(event, body)
    assert error.value.message.startswith("envelope_unreadable: ")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-09-01T10:00:00Z", datetime(2026, 9, 1, 10, tzinfo=UTC)),
        ("2026-09-01T10:00:00.000+02:00", datetime(2026, 9, 1, 8, tzinfo=UTC)),
        ("2021-04-28T22:32:50.000-04:00", datetime(2021, 4, 29, 2, 32, 50, tzinfo=UTC)),
        ("2026-09-01T10:00:00", datetime(2026, 9, 1, 10, tzinfo=UTC)),
        ("2026-09-01", datetime(2026, 9, 1, tzinfo=UTC)),
        (1557949058, datetime(2019, 5, 15, 19, 37, 38, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (None, None),
        ("", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        (10**12, None),
        (10**30, None),
        (-(10**30), None),
    ],
)
def test_reads_times_as_utc(written: str | int | None, read: datetime | None) -> None:
    """In each of GitHub's formats; an invalid time is None."""
    assert parse_time(written) == read
