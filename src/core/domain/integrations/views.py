"""What users see of an integration: its status, the reason, and the remedy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from core.domain.catalog.sync import SyncState, build_sync_state
from core.domain.flows.flow import PendingRequest
from core.domain.integrations.integration import Integration, StatusReason
from core.domain.provider import AccountUrls, find_missing_permissions


class ConnectionState(Enum):
    """The status of an organization's integration with a provider.

    `not_connected`: the organization is not connected. `pending`: an owner of the provider's account has to approve the
    installation. `active`: the integration works. `suspended`: the provider issues no tokens for the installation.
    `revoked`: the integration has ended.
    """

    NOT_CONNECTED = "not_connected"
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class Remedy(Enum):
    """The recommended next action.

    `connect`: connect the organization. `reconnect`: connect it again. `await_approval`: wait until an owner of the
    provider's account approves the installation. `unsuspend_on_provider`: unsuspend the installation at the provider.
    `check_on_provider`: check the installation at the provider. `accept_permissions_on_provider`: accept the
    permissions that the app requests. `grant_access_on_provider`: give the app access to the repository.
    `unarchive_on_provider`: unarchive the repository.
    """

    CONNECT = "connect"
    RECONNECT = "reconnect"
    AWAIT_APPROVAL = "await_approval"
    UNSUSPEND = "unsuspend_on_provider"
    CHECK_INSTALLATION = "check_on_provider"
    ACCEPT_PERMISSIONS = "accept_permissions_on_provider"
    GRANT_ACCESS = "grant_access_on_provider"
    UNARCHIVE = "unarchive_on_provider"


@dataclass(frozen=True, slots=True)
class IntegrationUse:
    """What an integration is used for, and how its webhooks do.

    `repositories` is the number of repositories that it can access, `projects` that of linked projects, and `failed`
    that of events that failed in the last 24 hours.
    """

    repositories: int
    projects: int
    failed: int
    last_event_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IntegrationView:
    """One organization's integration with one provider, which may not exist.

    `manage_url` is where the viewer manages its installation at the provider; `pending_until` is when an unanswered
    request for approval ends. `use`, `needed_permissions` and `account_urls` are set if the integration exists and the
    caller requested them.
    """

    provider: str
    state: ConnectionState
    reason: str | None = None
    remedy: Remedy | None = None
    integration: Integration | None = None
    sync: SyncState | None = None
    manage_url: str | None = None
    pending_until: datetime | None = None
    use: IntegrationUse | None = None
    needed_permissions: Mapping[str, str] = field(default_factory=dict)
    account_urls: AccountUrls | None = None

    @property
    def missing_permissions(self) -> Mapping[str, str]:
        """The needed permissions that are not granted; none while it is unknown what is granted."""
        granted = self.integration.permissions if self.integration else {}
        return find_missing_permissions(self.needed_permissions, granted)


_REMEDIES = {
    StatusReason.SUSPENDED_ON_PROVIDER: Remedy.UNSUSPEND,
    StatusReason.TOKEN_REFUSED: Remedy.CHECK_INSTALLATION,
}


def build_integration_view(
    provider: str,
    integration: Integration | None,
    pending: PendingRequest | None,
    *,
    lacks_permissions: bool,
    manage_url: str | None,
    now: datetime,
) -> IntegrationView:
    """Return what users see; a pending request counts only if nothing is connected."""
    if pending is not None and (integration is None or integration.is_revoked):
        return IntegrationView(
            provider,
            ConnectionState.PENDING,
            "awaiting_approval",
            Remedy.AWAIT_APPROVAL,
            integration,
            pending_until=pending.expires_at,
        )
    if integration is None:
        return IntegrationView(provider, ConnectionState.NOT_CONNECTED, remedy=Remedy.CONNECT)
    state = ConnectionState(integration.status.value)
    reason = integration.status_reason.value if integration.status_reason else None
    remedy = find_remedy(integration)
    if integration.is_revoked:
        return IntegrationView(provider, state, reason, remedy, integration)
    if lacks_permissions and remedy is None:
        reason, remedy = "permissions_missing", Remedy.ACCEPT_PERMISSIONS
    sync = build_sync_state(integration, now)
    return IntegrationView(provider, state, reason, remedy, integration, sync, manage_url)


def find_remedy(integration: Integration) -> Remedy | None:
    """Return what makes an integration active again; None if it is active."""
    if integration.is_revoked:
        return Remedy.RECONNECT
    return _REMEDIES.get(integration.status_reason) if integration.status_reason else None
