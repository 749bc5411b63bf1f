"""Registration of an app from a manifest, and the permissions and events that the app needs.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from adapters.github.api.calls import Call, ignore_body
from adapters.github.api.credentials import NoCredential
from adapters.github.api.failures import Failure, Unavailable, classify_failure, read_message
from adapters.github.api.http_client import Connect, HttpClient
from adapters.github.api.limits import Limits
from adapters.github.urls import GitHubUrls
from core.domain.provider import AppNeeds
from core.domain.provider_errors import CredentialRefused, ProviderUnavailable
from core.domain.secret import Secret

_PAUSE = 1.0

MAX_NAME_LENGTH = 34
"""The maximum length of an app's name."""


@dataclass(frozen=True, slots=True)
class AppRegistrationRequest:
    """The choices of the person who registers an app.

    Installations return to the first callback URL, account connections to the second. GitHub requires a webhook
    URL even if the webhook is not active.
    """

    name: str
    homepage: str
    callback_urls: tuple[str, str]
    webhook_url: str
    webhook_active: bool = True
    public: bool = True
    """Whether other accounts than the owner can install the app."""


class RegisteredApp(msgspec.Struct, frozen=True):
    """A new app with its secrets, which GitHub returns only once."""

    id: int
    slug: str
    name: str
    html_url: str
    client_id: str
    client_secret: str
    pem: str
    webhook_secret: str | None = None

    def __repr__(self) -> str:
        """Show no secret."""
        return f"RegisteredApp(id={self.id}, slug={self.slug!r})"


def build_manifest(request: AppRegistrationRequest, *, redirect_url: str) -> dict[str, Any]:
    """Return the manifest of an app with only the required permissions and events."""
    return {
        "name": request.name,
        "url": request.homepage,
        "description": "Every push and pull request reaches the right crewkit project.",
        "public": request.public,
        "redirect_url": redirect_url,
        "callback_urls": list(request.callback_urls),
        # An installation then returns to the first callback URL, with a code that proves the person.
        "request_oauth_on_install": True,
        "setup_on_update": True,
        "hook_attributes": {"url": request.webhook_url, "active": request.webhook_active},
        "default_permissions": dict(NEEDS.all_permissions),
        "default_events": sorted(NEEDS.events),
    }


@dataclass(frozen=True, slots=True)
class Registrar:
    """Registers an app at one GitHub, for a person or an organization."""

    addresses: GitHubUrls
    organization: str | None = None
    connect: Connect | None = None

    def page(self, *, state: str) -> str:
        """Return the URL to which a browser posts the form field `manifest`."""
        owner = f"/organizations/{quote(self.organization, safe='')}" if self.organization else ""
        return self.addresses.page_url(f"{owner}/settings/apps/new?{urlencode({'state': state})}")

    def manifest(self, request: AppRegistrationRequest, *, redirect_url: str) -> str:
        """Return the manifest as the form field contains it."""
        return json.dumps(build_manifest(request, redirect_url=redirect_url))

    async def check_reachable(self, *, seconds: float = 10.0) -> None:
        """Raise `ProviderUnavailable` with the URL if GitHub does not respond.

        Checked first, because otherwise an app could be created whose secrets cannot be fetched.
        """
        client, url = HttpClient(Limits(total_timeout=seconds), self.connect), self.addresses.api_url("/")
        try:
            await client.send(Call("GET", url, NoCredential(), ignore_body), authorization=None)
        except Unavailable as error:
            raise ProviderUnavailable(
                f"{url} does not respond ({error.reason.rstrip(': ')}). Check the URL and the network.",
                retry_after=_PAUSE,
            ) from error
        finally:
            await client.close()

    async def convert(self, code: Secret) -> bytes:
        """Exchange the code of the browser's return for the app. A code works once within an hour.

        Returns the undecoded response, so that the secrets can be saved even if decoding fails. Raises
        `ProviderUnavailable`, after which the code may be used or not, and `CredentialRefused` for an invalid
        code or manifest. Does not use `Transport`, whose log would contain the code, which is in the path.
        """
        path = f"/app-manifests/{quote(code.reveal(), safe='')}/conversions"
        client = HttpClient(Limits(total_timeout=20.0), self.connect)
        try:
            response = await client.send(
                Call("POST", self.addresses.api_url(path), NoCredential(), ignore_body), authorization=None
            )
        finally:
            await client.close()
        if response.is_success:
            return response.body
        message = read_message(response.body) or f"status {response.status}"
        match classify_failure(response.status, response.headers, message):
            case Failure.UNAVAILABLE | Failure.RATE_LIMITED:
                raise ProviderUnavailable(
                    f"GitHub responded: {message} ({response.request}). Try again later.", retry_after=_PAUSE
                )
            case _:
                raise CredentialRefused(f"GitHub responded: {message} ({response.request}).")

    def read(self, response: bytes) -> RegisteredApp:
        """Return the app of a response; raises `ValueError`, whose text contains nothing of the response."""
        try:
            return msgspec.json.decode(response, type=RegisteredApp)
        except (msgspec.DecodeError, RecursionError):
            raise ValueError("the response does not describe a registered app") from None


# The events to subscribe to, each with the permission without which GitHub rejects the manifest. https://docs.github.com/webhooks/webhook-events-and-payloads
PERMISSION_OF_EVENT: Mapping[str, str] = {
    "push": "contents",
    "pull_request": "pull_requests",
    "repository": "metadata",
    "public": "metadata",
}
# Every app receives `installation`, `installation_repositories` and `github_app_authorization`. GitHub rejects
# a manifest with them ("Default events unsupported").

NEEDS = AppNeeds(
    permissions={"contents": "read", "metadata": "read", "pull_requests": "read"},
    # The verified email addresses of connected accounts, for attribution.
    personal={"emails": "read"},
    events=frozenset(PERMISSION_OF_EVENT),
)

# The API's description uses another name than manifests.
_OTHER_NAMES: Mapping[str, str] = {"email_addresses": "emails"}


def normalize_permission_names(permissions: Mapping[str, str]) -> dict[str, str]:
    """Return permissions under their names in manifests."""
    return {_OTHER_NAMES.get(name, name): level for name, level in permissions.items()}
