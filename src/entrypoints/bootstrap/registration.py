import os

from adapters.github.addresses import GitHubUrls, is_loopback
from adapters.github.registration import MAX_NAME_LENGTH, AppRegistrationRequest, RegisteredApp, Registrar
from entrypoints.bootstrap.outgoing import connect_by, create_route
from entrypoints.settings.settings import Settings
from entrypoints.settings.table import PREFIX

__all__ = [
    "MAX_NAME_LENGTH",
    "AppRegistrationRequest",
    "GitHubUrls",
    "RegisteredApp",
    "Registrar",
    "is_loopback",
    "registrar",
    "variables",
]


def registrar(github_url: str, organization: str | None) -> Registrar:
    """Build what registers apps at this GitHub."""
    # The other settings may be missing or wrong: this is the way to them.
    settings, _ = Settings.readable_part(os.environ)
    return Registrar(GitHubUrls.at(github_url), organization, connect_by(create_route(settings)))


def variables(app: RegisteredApp, addresses: GitHubUrls) -> dict[str, str]:
    """Give the variables with which our service is this app."""
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
