"""An app is registered with what we need, and nothing more."""

import dataclasses
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.github.addresses import GitHubUrls
from adapters.github.app_needs import NEEDS, PERMISSION_OF_EVENT, normalize_permission_names
from adapters.github.registration import AppRegistrationRequest, Registrar, build_manifest
from entrypoints.bootstrap.registration import variables
from entrypoints.settings.table import SETTINGS
from tests.support.builders.registration import ANSWER, REGISTERED

# https://docs.github.com/webhooks/webhook-events-and-payloads, "Availability" and permissions of each event.
# None: every app gets it, and none may ask for it.
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
WISH = AppRegistrationRequest(
    name="crewkit-dev",
    homepage="https://crewkit.example",
    callback_urls=("https://git.example/install", "https://git.example/connect"),
    webhook_url="https://git.example/hooks",
)

SECRETS = (REGISTERED.client_secret, REGISTERED.pem, REGISTERED.webhook_secret)


def test_the_manifest_whole() -> None:
    """Read-only everywhere; who installs says who they are, and returns to the first callback."""
    assert build_manifest(WISH, redirect_url="http://127.0.0.1:1/return") == {
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
    """GitHub refuses a manifest whole for one event without it, or for one nobody may ask for."""
    permission = GITHUB_SAYS[event]

    assert permission is not None
    assert PERMISSION_OF_EVENT[event] == permission
    assert permission in NEEDS.permissions


def test_permissions_have_one_name() -> None:
    """The API's description has another for addresses than manifests."""
    assert normalize_permission_names({"email_addresses": "read", "contents": "read"}) == {
        "emails": "read",
        "contents": "read",
    }


def test_a_webhook_that_is_off_says_so() -> None:
    """It has an address all the same, which GitHub wants."""
    off = build_manifest(dataclasses.replace(WISH, webhook_active=False), redirect_url="http://127.0.0.1:1/")
    assert off["hook_attributes"] == {"url": "https://git.example/hooks", "active": False}


@pytest.mark.parametrize(
    ("web", "organization", "page"),
    [
        ("https://github.com", None, "https://github.com/settings/apps/new"),
        ("https://github.com", "a/../b", "https://github.com/organizations/a%2F..%2Fb/settings/apps/new"),
        ("https://git.acme.example/", "acme", "https://git.acme.example/organizations/acme/settings/apps/new"),
    ],
)
def test_the_manifest_goes_to_its_owners_page(web: str, organization: str | None, page: str) -> None:
    """With the state by which the return is known."""
    parts = urlsplit(Registrar(GitHubUrls.at(web), organization).page(state="a&b"))

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
def test_a_githubs_addresses_follow_from_its_pages(web: str, api: str, noreply: str) -> None:
    """Wherever it runs."""
    addresses = GitHubUrls.at(web)

    assert (addresses.api, addresses.noreply_host) == (api, noreply)
    assert GitHubUrls.at(f"{web}/") == addresses


def test_an_answer_is_read_and_never_shown() -> None:
    """What is not an app is refused without a word of it."""
    registrar = Registrar(GitHubUrls())

    assert registrar.read(ANSWER) == REGISTERED
    assert not any(str(value) in repr(REGISTERED) for value in SECRETS)
    with pytest.raises(ValueError, match="does not describe a registered app") as refused:
        registrar.read(ANSWER.replace(b'"slug"', b'"snail"'))
    assert refused.value.__cause__ is None


def test_every_setting_of_an_app_is_written() -> None:
    """A file that lacks one would be found out much later."""
    named = variables(REGISTERED, GitHubUrls())
    assert named.keys() == {one.variable for one in SETTINGS if one.name.startswith("GITHUB_")}
    assert json.loads(ANSWER)["pem"] == named["CREWKIT_GIT_GITHUB_PRIVATE_KEY"]
