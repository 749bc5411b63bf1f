"""What our app has to be granted and told of at GitHub, and nothing more.

https://docs.github.com/apps/creating-github-apps/registering-a-github-app/choosing-permissions-for-a-github-app
"""

from collections.abc import Mapping

from core.domain.provider import AppNeeds

# Each event we subscribe to, and the permission without which GitHub refuses the subscription, and with it
# the whole app. https://docs.github.com/webhooks/webhook-events-and-payloads
PERMISSION_OF_EVENT: Mapping[str, str] = {
    "push": "contents",
    "pull_request": "pull_requests",
    "repository": "metadata",
    "public": "metadata",
}
# `installation`, `installation_repositories` and `github_app_authorization` come to every app; to ask for
# them is refused as "Default events unsupported".

NEEDS = AppNeeds(
    permissions={"contents": "read", "metadata": "read", "pull_requests": "read"},
    # The verified addresses of whoever connects their account, for attribution.
    personal={"emails": "read"},
    events=frozenset(PERMISSION_OF_EVENT),
)

# The API's own description has another name for it than manifests and pages have.
_OTHER_NAMES: Mapping[str, str] = {"email_addresses": "emails"}


def normalize_permission_names(permissions: Mapping[str, str]) -> dict[str, str]:
    """Return permissions under one name each."""
    return {_OTHER_NAMES.get(name, name): level for name, level in permissions.items()}
