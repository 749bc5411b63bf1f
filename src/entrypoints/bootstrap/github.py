"""GitHub's App: registering it, its settings, and how GitHub signs."""

import os

from adapters.github.protocol.signature import sign as github_signature
from adapters.github.protocol.signature import sign_replay as replay_signature
from adapters.github.provider import GitHubApp
from adapters.github.registration import MAX_NAME_LENGTH, AppRegistrationRequest, RegisteredApp, Registrar
from adapters.github.urls import GitHubUrls, is_loopback
from entrypoints.bootstrap.outgoing import connect_by, create_route
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings

__all__ = [
    "MAX_NAME_LENGTH",
    "AppRegistrationRequest",
    "GitHubUrls",
    "RegisteredApp",
    "Registrar",
    "github_signature",
    "is_loopback",
    "registrar",
    "replay_signature",
    "variables",
]


def registrar(github_url: str, organization: str | None) -> Registrar:
    """Return the client that registers apps at this GitHub."""
    # Other settings may be missing or wrong, because an app is registered before they are set.
    settings, _ = Settings.readable_part(os.environ)
    return Registrar(GitHubUrls.from_web_url(github_url), organization, connect_by(create_route(settings)))


def variables(app: RegisteredApp, addresses: GitHubUrls) -> dict[str, str]:
    """Return the settings with which the service is this app."""
    values = {
        "GITHUB_APP_ID": str(app.id),
        "GITHUB_APP_SLUG": app.slug,
        "GITHUB_CLIENT_ID": app.client_id,
        "GITHUB_CLIENT_SECRET": app.client_secret,
        "GITHUB_PRIVATE_KEY": app.pem,
        "GITHUB_WEBHOOK_SECRETS": app.webhook_secret or "",
        "GITHUB_URL": addresses.web,
        "GITHUB_API_URL": addresses.api,
        "GITHUB_NOREPLY_HOSTS": addresses.noreply_host,
    }
    return {f"{PREFIX}{name}": value for name, value in values.items()}


def github_app(settings: Settings) -> GitHubApp | None:
    """Return the app of these settings, or None if they do not describe one."""
    client_id, client_secret = settings.github_client_id, settings.github_client_secret
    private_key = settings.github_private_key
    if client_id is None or client_secret is None or private_key is None:
        return None
    addresses = GitHubUrls(settings.github_api_url, settings.github_url)
    return GitHubApp(client_id, client_secret, private_key, settings.github_app_id, settings.github_app_slug, addresses)
