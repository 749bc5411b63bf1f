"""A server's URL is shown without what opens it."""

import pytest

from core.domain.secret import redact_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me:pw@db.example:5432/crewkit", "postgresql://db.example:5432/crewkit"),
        ("postgresql://me:p%40w@db.example/crewkit?sslmode=verify-full", "postgresql://db.example/crewkit"),
        ("postgresql:///crewkit?host=/run/pg&password=pw", "postgresql:///crewkit?host=/run/pg"),
        ("postgresql://me:pw@one:1,two:2/crewkit", "postgresql://one:1,two:2/crewkit"),
        ("rediss://:p@w@[::1]:6379/0?username=me&password=pw", "rediss://[::1]:6379/0"),
        ("unix://:pw@/run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
    ],
)
def test_keeps_host_port_and_database(url: str, expected: str) -> None:
    """Users, passwords and parameters are removed."""
    assert redact_url(url) == expected
