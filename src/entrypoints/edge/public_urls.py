"""Where a provider and the browsers it sends back reach us: what an app is registered with."""

WEBHOOKS = "/api/v1/git/github/webhooks"
INSTALL_CALLBACK = "/api/v1/git/github/callback"
CONNECTIONS = "/api/v1/user/git-connections"
CONNECTION_CALLBACK = f"{CONNECTIONS}/github/callback"


def callback_urls(public_url: str) -> tuple[str, str]:
    """Return the callbacks in the order an app must have them: who installs returns to the first."""
    return public_url + INSTALL_CALLBACK, public_url + CONNECTION_CALLBACK
