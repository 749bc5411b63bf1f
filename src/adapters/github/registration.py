"""Registering an app from a manifest: what is asked for, and what GitHub tells once of the app it made.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from adapters.github.addresses import GitHubUrls
from adapters.github.api.calls import Call, Limits
from adapters.github.api.credentials import NoCredential
from adapters.github.api.failures import Failure, classify_failure, read_message
from adapters.github.api.http_client import Connect, HttpClient
from adapters.github.api.unavailable import Unavailable
from adapters.github.app_needs import NEEDS
from adapters.github.decoding.readers import ignore_body
from core.domain.provider_errors import CredentialRefused, ProviderUnavailable
from core.domain.secret import Secret

_PAUSE = 1.0

MAX_NAME_LENGTH = 34
"""Of an app, in characters: its page takes no more."""


@dataclass(frozen=True, slots=True)
class AppRegistrationRequest:
    """What whoever registers an app decides about it.

    Who installs it returns to the first callback, who connects their account to the second. A webhook that
    is not active has an address all the same: GitHub wants one.
    """

    name: str
    homepage: str
    callback_urls: tuple[str, str]
    webhook_url: str
    webhook_active: bool = True
    public: bool = True
    """Whether accounts other than its owner may install it."""


class RegisteredApp(msgspec.Struct, frozen=True):
    """An app that was just made, with the secrets that GitHub shows only now."""

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


def build_manifest(wish: AppRegistrationRequest, *, redirect_url: str) -> dict[str, Any]:
    """Return the manifest of an app with what we need, and nothing more."""
    return {
        "name": wish.name,
        "url": wish.homepage,
        "description": "Every push and pull request reaches the right crewkit project.",
        "public": wish.public,
        "redirect_url": redirect_url,
        "callback_urls": list(wish.callback_urls),
        # With it an installation returns to the first callback, with proof of who came back.
        "request_oauth_on_install": True,
        "setup_on_update": True,
        "hook_attributes": {"url": wish.webhook_url, "active": wish.webhook_active},
        "default_permissions": dict(NEEDS.all_permissions),
        "default_events": sorted(NEEDS.events),
    }


@dataclass(frozen=True, slots=True)
class Registrar:
    """Registers an app at one GitHub, for a person's own account or an organization's."""

    addresses: GitHubUrls
    organization: str | None = None
    connect: Connect | None = None

    def page(self, *, state: str) -> str:
        """Return where a browser posts the manifest, in a form's field of that name."""
        owner = f"/organizations/{quote(self.organization, safe='')}" if self.organization else ""
        return self.addresses.page_url(f"{owner}/settings/apps/new?{urlencode({'state': state})}")

    def manifest(self, wish: AppRegistrationRequest, *, redirect_url: str) -> str:
        """Return the manifest as the form has it."""
        return json.dumps(build_manifest(wish, redirect_url=redirect_url))

    async def check_reachable(self, *, seconds: float = 10.0) -> None:
        """Find out that this GitHub answers, whatever it says; raises `ProviderUnavailable` naming the URL.

        Without it an app would be made whose secrets could not be fetched, or nobody would ever come back.
        """
        wire, url = HttpClient(Limits(whole=seconds), self.connect), self.addresses.api_url("/")
        try:
            await wire.send(Call("GET", url, NoCredential(), ignore_body), authorization=None)
        except Unavailable as silent:
            raise ProviderUnavailable(
                f"{url} does not respond ({silent.why.rstrip(': ')}). Check the URL and the network.",
                retry_after=_PAUSE,
            ) from silent
        finally:
            await wire.close()

    async def convert(self, code: Secret) -> bytes:
        """Trade the code a browser came back with for the app, which works once within an hour.

        The answer is given back unread, so that its secrets can be kept even where it is not understood.
        Raises `ProviderUnavailable`, after which it is open whether the code was used, and
        `CredentialRefused` for a code that is wrong, used or too old, or a manifest that will not do.
        Asked without the transport, whose log would name the code: it stands in the path.
        """
        path = f"/app-manifests/{quote(code.reveal(), safe='')}/conversions"
        wire = HttpClient(Limits(whole=20.0), self.connect)
        try:
            response = await wire.send(
                Call("POST", self.addresses.api_url(path), NoCredential(), ignore_body), authorization=None
            )
        finally:
            await wire.close()
        if response.succeeded:
            return response.body
        said = read_message(response.body) or f"status {response.status}"
        match classify_failure(response.status, response.headers, said):
            case Failure.UNAVAILABLE | Failure.RATE_LIMITED:
                raise ProviderUnavailable(
                    f"GitHub responded: {said} ({response.request}). Try again later.", retry_after=_PAUSE
                )
            case _:
                raise CredentialRefused(f"GitHub responded: {said} ({response.request}).")

    def read(self, answer: bytes) -> RegisteredApp:
        """Read what a conversion answered; raises `ValueError`, which repeats nothing of it."""
        try:
            return msgspec.json.decode(answer, type=RegisteredApp)
        except (msgspec.DecodeError, RecursionError):
            raise ValueError("the response does not describe a registered app") from None
