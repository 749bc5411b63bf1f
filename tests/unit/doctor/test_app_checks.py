"""The app at GitHub is compared with the settings and with what we need."""

import dataclasses
from datetime import timedelta

import pytest

from adapters.github.registration import NEEDS
from core.domain.provider import App
from entrypoints.doctor.app import (
    check_clock,
    check_events,
    check_identity,
    check_installations,
    check_permissions,
    note_callbacks,
)
from entrypoints.doctor.findings import Level

APP = App(
    id="1",
    slug="crewkit-dev",
    client_id="Iv23liA",
    name="crewkit-dev",
    url="https://github.com/apps/crewkit-dev",
    permissions=NEEDS.all_permissions,
    events=NEEDS.events,
    settings_url="https://github.com/settings/apps/crewkit-dev",
)


def app_with(**changes: str | None) -> App:
    """Give the app with other permissions; None takes one away."""
    wanted = {**NEEDS.all_permissions, **changes}
    return dataclasses.replace(APP, permissions={name: one for name, one in wanted.items() if one})


def test_passes_for_a_correct_app() -> None:
    findings = [
        *check_identity(APP, client_id="Iv23liA", app_id="1", slug="crewkit-dev"),
        *check_permissions(APP, NEEDS),
        *check_events(APP, NEEDS),
    ]
    assert [one.level for one in findings] == [Level.OK] * 3


def test_does_not_compare_missing_settings() -> None:
    """Id and slug are optional; older servers do not report the client id."""
    silent = dataclasses.replace(APP, client_id=None)
    (found,) = check_identity(silent, client_id="Iv23liA", app_id=None, slug=None)
    assert found.level is Level.OK


def test_detects_settings_of_two_apps() -> None:
    """Each app is named."""
    findings = check_identity(APP, client_id="Iv23liB", app_id="2", slug="crewkit")

    assert [one.level for one in findings] == [Level.FAIL] * 3
    assert [one.message.split()[0] for one in findings] == [
        f"CREWKIT_GIT_GITHUB_{name}" for name in ("CLIENT_ID", "APP_ID", "APP_SLUG")
    ]


def test_names_a_missing_permission_and_its_page() -> None:
    """Owners have to accept it."""
    (found,) = check_permissions(app_with(pull_requests=None, emails=None), NEEDS)

    assert found.level is Level.FAIL
    assert found.message == "The app lacks pull_requests: read, emails: read."
    assert "https://github.com/settings/apps/crewkit-dev/permissions" in found.remedy
    assert "an owner of each account that installed the app must accept them" in found.remedy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"contents": "write"}, "contents: write"),
        ({"administration": "read", "issues": "admin"}, "administration: read, issues: admin"),
        ({"contents": "a new level"}, "contents: a new level"),
    ],
)
def test_excessive_permission_is_a_warning(changes: dict[str, str], said: str) -> None:
    """A leaked key would do more damage."""
    (found,) = check_permissions(app_with(**changes), NEEDS)

    assert (found.level, found.message) == (Level.WARN, f"The app has permissions it does not need: {said}.")


def test_compares_events_in_both_directions() -> None:
    """Missing events are an error, superfluous events are load."""
    other = dataclasses.replace(APP, events=(NEEDS.events - {"push", "public"}) | {"issues"})

    missing, more = check_events(other, NEEDS)

    assert (missing.level, missing.message) == (Level.FAIL, "The app is not subscribed to public, push.")
    assert (more.level, "issues" in more.message) == (Level.WARN, True)


@pytest.mark.parametrize(
    ("seconds", "level", "said"),
    [
        (0, Level.OK, "by 0 s"),
        (-29, Level.OK, "29 s"),
        (30, Level.WARN, "30 s behind GitHub's clock"),
        (-59, Level.WARN, "59 s ahead of GitHub's clock"),
        (60, Level.FAIL, "60 s behind"),
        (-3600, Level.FAIL, "3600 s ahead"),
    ],
)
def test_checks_the_clock_in_both_directions(seconds: int, level: Level, said: str) -> None:
    """With a remedy if the difference matters."""
    found = check_clock("github", timedelta(seconds=seconds))

    assert (found.level, said in found.message, bool(found.remedy)) == (level, True, level is not Level.OK)


def test_accepts_a_missing_date() -> None:
    """A response may have no `Date` header."""
    assert check_clock("github", None).level is Level.NOTE


def test_names_some_accounts_with_missing_permissions() -> None:
    """With the permissions that each lacks."""
    lacking = [(f"org-{number}", {"contents": "read", "metadata": "read"}) for number in range(7)]
    full = [("acme", {"contents": "write", "metadata": "read", "pull_requests": "read"})]

    (well,) = check_installations(full, NEEDS.permissions)
    (behind,) = check_installations([*lacking, *full], NEEDS.permissions)

    assert (well.level, well.message) == (Level.OK, "1 integration. All permissions are accepted.")
    assert behind.level is Level.WARN
    assert behind.message.startswith("For 7 of 8 integrations, not all permissions are accepted: org-0 (pull_requests)")
    assert behind.message.endswith("and 2 more.")


def test_lists_callbacks_in_order() -> None:
    """GitHub's API does not return them."""
    found = note_callbacks(("https://a/install", "https://a/connect"))
    assert found.level is Level.NOTE
    assert found.message.index("https://a/install") < found.message.index("https://a/connect")
