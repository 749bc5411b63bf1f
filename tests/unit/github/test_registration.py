"""An app is registered with what we need, and nothing more."""

import dataclasses
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.github.registration import (
    NEEDS,
    PERMISSION_OF_EVENT,
    AppRegistrationRequest,
    Registrar,
    build_manifest,
    normalize_permission_names,
)
from adapters.github.urls import GitHubUrls
from entrypoints.bootstrap.github import variables
from entrypoints.settings.table import SETTINGS
from tests.support.builders.registration import ANSWER, REGISTERED

# https://docs.github.com/webhooks/webhook-events-and-payloads, "Availability" and permissions of each event.
# None: every app has it, and a manifest must not request it.
GITHUB_SAYS = {
    "push": "contents",
    "create": "contents",
    "delete": "contents",
    "pull_request": "pull_requests",
    "repository": "metadata",
    "public": "metadata",
    "organization": "members",
    "installation": None,
    "installation_repositories": None,
    "github_app_authorization": None,
}
REQUEST = AppRegistrationRequest(
    name="crewkit-dev",
    homepage="https://crewkit.example",
    callback_urls=("https://git.example/install", "https://git.example/connect"),
    webhook_url="https://git.example/hooks",
)

SECRETS = (REGISTERED.client_secret, REGISTERED.pem, REGISTERED.webhook_secret)


def test_builds_the_manifest() -> None:
    """Read-only permissions; the user authorizes at installation and returns to the first callback."""
    assert build_manifest(REQUEST, redirect_url="http://127.0.0.1:1/return") == {
        "name": "crewkit-dev",
        "url": "https://crewkit.example",
        "description": "Every push and pull request reaches the right crewkit project.",
        "public": True,
        "redirect_url": "http://127.0.0.1:1/return",
        "callback_urls": ["https://git.example/install", "https://git.example/connect"],
        "request_oauth_on_install": True,
        "setup_on_update": True,
        "hook_attributes": {"url": "https://git.example/hooks", "active": True},
        "default_permissions": {"contents": "read", "metadata": "read", "pull_requests": "read", "emails": "read"},
        "default_events": ["public", "pull_request", "push", "repository"],
    }


@pytest.mark.parametrize("event", sorted(NEEDS.events))
def test_every_event_has_its_permission(event: str) -> None:
    """GitHub rejects a manifest with an event that lacks its permission or is not available."""
    permission = GITHUB_SAYS[event]

    assert permission is not None
    assert PERMISSION_OF_EVENT[event] == permission
    assert permission in NEEDS.permissions


def test_permissions_use_the_names_of_manifests() -> None:
    """The API has another name for the permission of email addresses."""
    assert normalize_permission_names({"email_addresses": "read", "contents": "read"}) == {
        "emails": "read",
        "contents": "read",
    }


def test_disables_the_webhook_without_a_public_address() -> None:
    """GitHub requires an address anyway."""
    off = build_manifest(dataclasses.replace(REQUEST, webhook_active=False), redirect_url="http://127.0.0.1:1/")
    assert off["hook_attributes"] == {"url": "https://git.example/hooks", "active": False}


@pytest.mark.parametrize(
    ("web", "organization", "page"),
    [
        ("https://github.com", None, "https://github.com/settings/apps/new"),
        ("https://github.com", "a/../b", "https://github.com/organizations/a%2F..%2Fb/settings/apps/new"),
        ("https://git.acme.example/", "acme", "https://git.acme.example/organizations/acme/settings/apps/new"),
    ],
)
def test_posts_the_manifest_to_the_page_of_its_owner(web: str, organization: str | None, page: str) -> None:
    """With the state that identifies the return."""
    parts = urlsplit(Registrar(GitHubUrls.from_web_url(web), organization).page(state="a&b"))

    assert parts._replace(query="").geturl() == page
    assert parse_qs(parts.query) == {"state": ["a&b"]}


@pytest.mark.parametrize(
    ("web", "api", "noreply"),
    [
        ("https://github.com", "https://api.github.com", "users.noreply.github.com"),
        ("https://acme.ghe.com", "https://api.acme.ghe.com", "users.noreply.acme.ghe.com"),
        ("https://git.acme.example", "https://git.acme.example/api/v3", "users.noreply.git.acme.example"),
        ("http://127.0.0.1:3060", "http://127.0.0.1:3060/api/v3", "users.noreply.github.com"),
    ],
)
def test_derives_addresses_from_the_github_url(web: str, api: str, noreply: str) -> None:
    """For any GitHub server."""
    addresses = GitHubUrls.from_web_url(web)

    assert (addresses.api, addresses.noreply_host) == (api, noreply)
    assert GitHubUrls.from_web_url(f"{web}/") == addresses


def test_reads_a_response_without_showing_it() -> None:
    """An invalid response is rejected without its content."""
    registrar = Registrar(GitHubUrls())

    assert registrar.read(ANSWER) == REGISTERED
    assert not any(str(value) in repr(REGISTERED) for value in SECRETS)
    with pytest.raises(ValueError, match="does not describe a registered app") as refused:
        registrar.read(ANSWER.replace(b'"slug"', b'"snail"'))
    assert refused.value.__cause__ is None


def test_writes_every_setting_of_an_app() -> None:
    """A missing one would be noticed much later."""
    named = variables(REGISTERED, GitHubUrls())
    assert named.keys() == {one.variable for one in SETTINGS if one.name.startswith("GITHUB_")}
    assert json.loads(ANSWER)["pem"] == named["CREWKIT_GIT_GITHUB_PRIVATE_KEY"]
