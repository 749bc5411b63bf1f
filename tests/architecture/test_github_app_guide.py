"""What docs/github-app.md says of the App, the settings and the command is so."""

import json
import re
from pathlib import Path

from adapters.github.registration import NEEDS
from entrypoints.cli.register_app import register_app
from entrypoints.edge.public_urls import CONNECTION_CALLBACK, INSTALL_CALLBACK, WEBHOOKS
from entrypoints.settings.table import SETTINGS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "github-app.md").read_text()
PAGE_NAMES = {
    "contents": "Contents",
    "metadata": "Metadata",
    "pull_requests": "Pull requests",
    "emails": "Email addresses",
}
"""What GitHub's pages call the permissions."""


def row(beginning: str) -> str:
    """Return the row of a table."""
    (found,) = re.findall(rf"^\| {re.escape(beginning)}.*$", GUIDE, re.MULTILINE)
    return str(found)


def test_permissions_and_events_equal_the_manifest() -> None:
    """In the table and in the manual steps."""
    documented = set(
        re.findall(r"^\| (?:repository|account) permission \*\*(.+?)\*\* \| read-only", GUIDE, re.MULTILINE)
    )
    assert documented == {PAGE_NAMES[name] for name in NEEDS.all_permissions}
    assert set(NEEDS.all_permissions.values()) == {"read"}
    assert set(re.findall(r"`(\w+)`", row("events"))) == NEEDS.events
    (step,) = re.findall(r"\*\*Subscribe to events\*\*: ([^.]+)\.", GUIDE)
    assert {name.lower().replace(" ", "_") for name in step.split(", ")} == NEEDS.events


def test_callbacks_are_in_order() -> None:
    """GitHub returns to the first callback after an installation."""
    documented = row("callback URLs")
    assert re.findall(r"`…(/[^`]+)`", documented) == [INSTALL_CALLBACK, CONNECTION_CALLBACK]
    assert WEBHOOKS in row("webhook URL")
    for path in (INSTALL_CALLBACK, CONNECTION_CALLBACK, WEBHOOKS):
        assert f"`BASE{path}`" in GUIDE


def test_registered_addresses_exist() -> None:
    """The OpenAPI description has them."""
    described = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    served = [re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in described]
    for path in (INSTALL_CALLBACK, CONNECTION_CALLBACK, WEBHOOKS):
        assert any(one.fullmatch(path) for one in served), path


def test_settings_exist_and_settings_of_an_app_are_complete() -> None:
    """The manual steps list each setting of an app."""
    named = set(re.findall(r"CREWKIT_GIT_[A-Z_]+", GUIDE))
    known = {setting.variable for setting in SETTINGS}
    assert named - known == set()
    assert {name for name in known if name.startswith("CREWKIT_GIT_GITHUB_")} - named == set()


def test_every_documented_option_exists() -> None:
    """The options of the command."""
    options = {option for parameter in register_app.params for option in parameter.opts}
    documented = set(re.findall(r"`crewkit-git register-app([^`]*)`|(?<=`)(--[\w-]+)", GUIDE))
    named = {option for pair in documented for text in pair for option in re.findall(r"--[\w-]+", text)}
    others = {"--env-file", "--json"}
    assert named - options - others == set()
    assert options - named - {"--force", "--file"} == set()
