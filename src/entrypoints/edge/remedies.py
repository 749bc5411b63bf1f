from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from core.domain.connections import ConnectionRemedy
from core.domain.integrations.views import Remedy
from entrypoints.edge.public_urls import CONNECTIONS

_MESSAGES: Mapping[Remedy, str] = {
    Remedy.CONNECT: "Connect your account at the provider.",
    Remedy.RECONNECT: "Connect the organization again. Its links and history are kept.",
    Remedy.AWAIT_APPROVAL: "An owner of the account must approve the installation request. Remind them.",
    Remedy.UNSUSPEND: "Unsuspend the app at the provider.",
    Remedy.CHECK_INSTALLATION: "Check at the provider whether the app is still installed. This service keeps retrying.",
    Remedy.ACCEPT_PERMISSIONS: "The app needs more permissions. An owner of the account must accept them at "
    "the provider. Features that need these permissions do not work until they are accepted.",
    Remedy.GRANT_ACCESS: "Give the app access to the repository again at the provider, or unlink the repository.",
    Remedy.UNARCHIVE: "The repository is archived and read-only. Unarchive it at the provider.",
}

_CONNECTION_MESSAGES: Mapping[ConnectionRemedy, str] = {
    ConnectionRemedy.CONNECT: "Connect your account so that your commits are attributed to you.",
    ConnectionRemedy.RECONNECT: "Connect your account again. Your existing attributions are kept.",
}


class Action(msgspec.Struct):
    """The recommended next action, with a message for users.

    `url` is where to perform the action: a page of the provider or a path of this service. It is null if
    there is no page for the action.
    """

    code: Remedy
    message: str
    url: str | None


def action_of(remedy: Remedy | None, provider: str, organization_id: UUID, manage_url: str | None) -> Action | None:
    """Return the action for a remedy; None without a remedy."""
    if remedy is None:
        return None
    url = manage_url
    if remedy in (Remedy.CONNECT, Remedy.RECONNECT):
        query = {"organization_id": str(organization_id)}
        if remedy is Remedy.RECONNECT:
            # The app may still be installed. Then GitHub's install page does not lead back to this service.
            query["mode"] = "existing"
        url = f"/api/v1/git/{provider}/install?{urlencode(query)}"
    return Action(remedy, _MESSAGES[remedy], url)


class ConnectionAction(msgspec.Struct):
    """The recommended next action, with a message for users. `url` is the path to open in the browser."""

    code: ConnectionRemedy
    message: str
    url: str


def connection_action(remedy: ConnectionRemedy | None, provider: str) -> ConnectionAction | None:
    """Return the action for a remedy; None without a remedy."""
    if remedy is None:
        return None
    return ConnectionAction(remedy, _CONNECTION_MESSAGES[remedy], f"{CONNECTIONS}/{provider}/authorize")
