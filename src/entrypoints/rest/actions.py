from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from core.domain.connection_views import ConnectionRemedy
from core.domain.integration_views import Remedy
from entrypoints.rest.paths import CONNECTIONS

_MESSAGES: Mapping[Remedy, str] = {
    Remedy.CONNECT: "Connect your account at the provider.",
    Remedy.RECONNECT: "Connect it again: links and history are kept.",
    Remedy.AWAIT_APPROVAL: "An owner of the account has been asked to approve; ask them to.",
    Remedy.UNSUSPEND: "Lift the suspension at the provider.",
    Remedy.CHECK_INSTALLATION: "We go on trying. See at the provider whether the app is still installed.",
    Remedy.ACCEPT_PERMISSIONS: "The app needs more permissions than it was granted. An owner of the account "
    "accepts them at the provider; until then what needs them does not work.",
    Remedy.GRANT_ACCESS: "Give the app access to the repository again at the provider, or unlink it.",
    Remedy.UNARCHIVE: "It is archived, so nothing is pushed to it; unarchive it at the provider.",
}

_OF_CONNECTIONS: Mapping[ConnectionRemedy, str] = {
    ConnectionRemedy.CONNECT: "Connect your account, so that your commits are known to be yours.",
    ConnectionRemedy.RECONNECT: "Connect your account again; what is known to be yours stays.",
}


class Action(msgspec.Struct):
    """The one thing that helps, and where: a page of the provider's, a path of ours, or nowhere."""

    code: Remedy
    message: str
    url: str | None


def action_of(
    remedy: Remedy | None, provider: str, organization_id: UUID, manage_url: str | None
) -> Action | None:
    """Return what callers are told of a remedy."""
    if remedy is None:
        return None
    url = manage_url
    if remedy in (Remedy.CONNECT, Remedy.RECONNECT):
        asked = {"organization_id": str(organization_id)}
        if remedy is Remedy.RECONNECT:
            # It may still be installed there, and then installing leads nowhere.
            asked["mode"] = "existing"
        url = f"/api/v1/git/{provider}/install?{urlencode(asked)}"
    return Action(remedy, _MESSAGES[remedy], url)


class ConnectionAction(msgspec.Struct):
    """The one thing that helps, and the path to send the browser to."""

    code: ConnectionRemedy
    message: str
    url: str


def connection_action(remedy: ConnectionRemedy | None, provider: str) -> ConnectionAction | None:
    """Return what a person is told of a remedy."""
    if remedy is None:
        return None
    return ConnectionAction(remedy, _OF_CONNECTIONS[remedy], f"{CONNECTIONS}/{provider}/authorize")
