from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import AccountId, EventId, IntegrationId, OrganizationId
from core.domain.streams.domain_event import DomainEvent, DomainEventType, IntegrationData


class IntegrationStatus(Enum):
    """The status of an integration; `status_reason` explains it."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class StatusReason(Enum):
    """Why an integration is suspended or revoked, which determines what makes it active again."""

    SUSPENDED_ON_PROVIDER = "suspended_on_provider"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a reason, not a password
    UNINSTALLED_ON_PROVIDER = "uninstalled_on_provider"
    DISCONNECTED = "disconnected"


class InvalidTransition(DomainError):
    """A revoked integration cannot be suspended or reactivated. No API call returns this code.

    If it is in a log, report a bug.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "integration_transition_invalid"


_MANAGE_URL = "manage_url"


@dataclass(frozen=True, slots=True)
class Integration:
    """One organization's installation of the provider's app.

    `provider_id` is the installation's id, which changes with each re-installation; `account_id` is the account's and
    stays. `provider_updated_at` is the provider's own time of the newest fact applied.
    """

    id: IntegrationId
    external_id: UUID
    organization_id: OrganizationId
    provider: str
    provider_id: str
    created_at: datetime
    updated_at: datetime
    provider_name: str | None = None
    provider_url: str | None = None
    account_id: AccountId | None = None
    account_type: str | None = None
    status: IntegrationStatus = IntegrationStatus.ACTIVE
    status_reason: StatusReason | None = None
    status_changed_at: datetime | None = None
    repository_selection: str | None = None
    permissions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    synced_at: datetime | None = None
    sync_requested_at: datetime | None = None
    sync_claimed_until: datetime | None = None
    sync_failures: int = 0
    sync_error: str | None = None
    sync_retry_at: datetime | None = None
    uninstall_requested_at: datetime | None = None
    provider_updated_at: datetime | None = None

    @property
    def is_replaceable(self) -> bool:
        """Whether connecting may start: nothing is connected, or GitHub refuses this service's access."""
        return self.is_revoked or self.status_reason is StatusReason.TOKEN_REFUSED

    @property
    def is_on_personal_account(self) -> bool:
        """Whether the app is installed on the account of one person, and not of an organization."""
        return self.account_type == "User" and self.account_id is not None

    @property
    def manage_url(self) -> str | None:
        """The provider's page to manage the installation, if it is known."""
        url = self.settings.get(_MANAGE_URL)
        return url if isinstance(url, str) else None

    def with_manage_url(self, url: str | None) -> "Integration":
        """Return a copy with this page, or without a page."""
        others = {name: value for name, value in self.settings.items() if name != _MANAGE_URL}
        return replace(self, settings={**others, _MANAGE_URL: url} if url else others)

    @property
    def is_revoked(self) -> bool:
        """Whether only a new binding can make it active again."""
        return self.status is IntegrationStatus.REVOKED

    def suspend(self, reason: StatusReason, *, at: datetime) -> "Integration":
        """Return a suspended copy; raises `InvalidTransition` for a revoked integration."""
        if self.is_revoked:
            raise InvalidTransition("A revoked integration cannot be suspended. Connect the organization again first.")
        return self._change_status(IntegrationStatus.SUSPENDED, reason, at)

    def activate(self, *, at: datetime) -> "Integration":
        """Return an active copy; raises `InvalidTransition` for a revoked integration, which needs a new binding."""
        if self.is_revoked:
            raise InvalidTransition("A revoked integration cannot be reactivated. Connect the organization again.")
        return self._change_status(IntegrationStatus.ACTIVE, None, at)

    def revoke(self, reason: StatusReason, *, at: datetime) -> "Integration":
        """Return a revoked copy. Its links and history stay."""
        return self._change_status(IntegrationStatus.REVOKED, reason, at)

    def request_sync(self, *, at: datetime) -> "Integration":
        """Return a copy that requests a catalog sync. An earlier request is kept, because one sync serves both."""
        return self if self.sync_requested_at else replace(self, sync_requested_at=at)

    def _change_status(self, status: IntegrationStatus, reason: StatusReason | None, at: datetime) -> "Integration":
        if (self.status, self.status_reason) == (status, reason):
            return self
        return replace(self, status=status, status_reason=reason, status_changed_at=at)


@dataclass(frozen=True, slots=True)
class EncryptedWebhookSecret:
    """An integration's webhook secret, encrypted for its row."""

    external_id: UUID
    ciphertext: str


class IntegrationNotFound(DomainError):
    """The organization is not connected to this provider. Connect the organization first."""

    kind = ErrorKind.NOT_FOUND
    code = "integration_not_found"


class IntegrationNotActive(DomainError):
    """The integration is revoked, or it is suspended and this operation needs an active integration.

    If it is revoked, connect the organization again. If the installation is suspended at the provider, ask an owner of
    the account to unsuspend it there. If the provider rejects this service's token requests, ask an owner to check the
    installation there; this service tries again automatically.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "integration_not_active"


class InstallationOfOtherPerson(DomainError):
    """The app is installed on the account of one person, and only this person can change its settings.

    Ask this person to open the settings at the provider.
    """

    kind = ErrorKind.PERMISSION_DENIED
    code = "installation_of_other_person"


class OrganizationAlreadyConnected(DomainError):
    """The organization is already connected to this provider.

    Disconnect the organization before you connect another installation.
    """

    kind = ErrorKind.ALREADY_EXISTS
    code = "organization_already_connected"


class InstallationBoundElsewhere(DomainError):
    """The installation is connected to another crewkit organization.

    Disconnect it in that organization first.
    """

    # The other organization is never named.
    kind = ErrorKind.ALREADY_EXISTS
    code = "installation_bound_elsewhere"


_OF_STATUS = {
    IntegrationStatus.ACTIVE: DomainEventType.INTEGRATION_ACTIVATED,
    IntegrationStatus.SUSPENDED: DomainEventType.INTEGRATION_SUSPENDED,
    IntegrationStatus.REVOKED: DomainEventType.INTEGRATION_REVOKED,
}


def build_status_event(integration: Integration, *, at: datetime) -> DomainEvent:
    """Return the domain event of an integration whose status has changed."""
    return build_integration_event(_OF_STATUS[integration.status], integration, at=at)


def build_integration_event(
    event_type: DomainEventType, integration: Integration, *, at: datetime, source_event_id: EventId | None = None
) -> DomainEvent:
    """Return a domain event with the current state of an integration."""
    return DomainEvent(
        type=event_type,
        organization_id=integration.organization_id,
        integration_id=integration.id,
        occurred_at=at,
        source_event_id=source_event_id,
        data=IntegrationData(
            integration_id=integration.external_id,
            provider=integration.provider,
            provider_id=integration.provider_id,
            account=integration.provider_name,
            status=integration.status.value,
            reason=integration.status_reason.value if integration.status_reason else None,
            permissions=dict(integration.permissions),
        ),
    )
