"""The README's tables of settings and log keys are the program's own."""

import re
from pathlib import Path

from adapters.observability.log_fields import LOG_FIELDS
from entrypoints.setting_table import SETTINGS, describe

README = (Path(__file__).parents[2] / "README.md").read_text()
# Read by the tests alone.
OF_TESTS = {"CREWKIT_GIT_TEST_DATABASE_URL", "CREWKIT_GIT_TEST_REDIS_URL"}


def test_the_readme_has_the_table_of_settings() -> None:
    """Word for word what `entrypoints.setting_table.describe()` returns."""
    assert describe() in README


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    """A renamed setting would go on being set, and ignored."""
    named = set(re.findall(r"CREWKIT_GIT_[A-Z_]*[A-Z]", README))

    assert named - {setting.variable for setting in SETTINGS} - OF_TESTS == set()


def test_the_readme_explains_every_log_key() -> None:
    """Each in a row of its own with the vocabulary's words."""
    missing = [key for key, meaning in LOG_FIELDS.items() if f"| `{key}` | {meaning} |" not in README]

    assert missing == []
