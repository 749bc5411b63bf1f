"""The public URLs of this service that are registered with a provider."""

WEBHOOKS = "/api/v1/git/github/webhooks"
CONNECTIONS = "/api/v1/user/git-connections"


def install_callback_url(public_url: str, provider: str) -> str:
    """Return the URL to which the provider redirects browsers of install flows."""
    return f"{public_url}/api/v1/git/{provider}/callback"


def connection_callback_url(public_url: str, provider: str) -> str:
    """Return the URL to which the provider redirects browsers of connection flows."""
    return f"{public_url}{CONNECTIONS}/{provider}/callback"


INSTALL_CALLBACK = install_callback_url("", "github")
CONNECTION_CALLBACK = connection_callback_url("", "github")


def callback_urls(public_url: str) -> tuple[str, str]:
    """Return the callback URLs in the order an app must have: after an installation it uses the first."""
    return public_url + INSTALL_CALLBACK, public_url + CONNECTION_CALLBACK
