from collections.abc import Collection, Sequence
from typing import Any

from adapters.postgres.connection.packed_arrays import Bigints, Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.rows.integrations import INTEGRATION_COLUMNS, NUMBER, to_integration
from adapters.postgres.rows.sql import render
from adapters.postgres.rows.tokens import OF_INTEGRATIONS
from adapters.postgres.stores.audit import AuditedTable
from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, OrganizationId
from core.domain.integrations.integration import EncryptedWebhookSecret, Integration, IntegrationStatus
from core.domain.tokens.lease import integration_ids_to_wipe
from ports.integrations import IntegrationStore

_FIND = render(
    "SELECT {columns} FROM git_integrations AS i WHERE i.organization_id = %s AND i.provider = %s",
    columns=INTEGRATION_COLUMNS,
)
# FOR UPDATE would also block every event that refers to the row.
_GET_FOR_UPDATE = f"{_FIND} FOR NO KEY UPDATE"
# In the order of ids, so that transactions with several locks cannot deadlock.
_LOCK = "SELECT FROM git_integrations WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
_OF_INSTALLATIONS = render(
    """
    SELECT DISTINCT ON (i.provider_id) {columns}
    FROM git_integrations AS i
    WHERE i.provider = %s AND i.provider_id = ANY(%s::text[])
    ORDER BY i.provider_id, i.status = 2, i.status_changed_at DESC NULLS LAST, i.id DESC
    """,
    columns=INTEGRATION_COLUMNS,
)
_OF_ORGANIZATION = render(
    "SELECT {columns} FROM git_integrations AS i WHERE i.organization_id = %s ORDER BY i.provider",
    columns=INTEGRATION_COLUMNS,
)
_TO_UNINSTALL = render(
    """
    SELECT {columns} FROM git_integrations AS i
    WHERE i.uninstall_requested_at IS NOT NULL AND i.status = 2
    ORDER BY i.uninstall_requested_at, i.id
    LIMIT %s
    """,
    columns=INTEGRATION_COLUMNS,
)
_FIND_ENCRYPTED = """
    SELECT external_id, webhook_secret FROM git_integrations
    WHERE provider = %s AND provider_id = %s AND status <> 2
"""
_SET_ENCRYPTED = "UPDATE git_integrations SET webhook_secret = %s WHERE external_id = %s"
_NEXT_ID = "SELECT nextval('git_integrations_id_seq')"

# Deleted when the integration becomes active: the next suspension has its own probe times.
_NO_PROBE = {"token_probe_at": None}


def _to_row(integration: Integration) -> dict[str, Any]:
    reason = integration.status_reason
    return {
        "id": integration.id,
        "external_id": integration.external_id,
        "organization_id": integration.organization_id,
        "provider": integration.provider,
        "created_at": integration.created_at,
        "provider_id": integration.provider_id,
        "provider_name": integration.provider_name,
        "provider_url": integration.provider_url,
        "account_id": integration.account_id,
        "account_type": integration.account_type,
        "status": NUMBER[integration.status],
        "status_reason": reason.value if reason else None,
        "status_changed_at": integration.status_changed_at,
        "repository_selection": integration.repository_selection,
        "permissions": dict(integration.permissions),
        "settings": dict(integration.settings),
        "synced_at": integration.synced_at,
        "sync_requested_at": integration.sync_requested_at,
        "sync_claimed_until": integration.sync_claimed_until,
        "sync_failures": integration.sync_failures,
        "sync_error": integration.sync_error,
        "sync_retry_at": integration.sync_retry_at,
        "uninstall_requested_at": integration.uninstall_requested_at,
        "provider_updated_at": integration.provider_updated_at,
        **(_NO_PROBE if integration.status is IntegrationStatus.ACTIVE else {}),
    }


_TABLE = AuditedTable(
    "integration",
    "git_integrations",
    fixed=("id", "external_id", "organization_id", "provider", "created_at"),
    changing=(
        "provider_id",
        "provider_name",
        "provider_url",
        "account_id",
        "account_type",
        "status",
        "status_reason",
        "status_changed_at",
        "repository_selection",
        "permissions",
        "settings",
        "synced_at",
        "sync_requested_at",
        "sync_claimed_until",
        "sync_failures",
        "sync_error",
        "sync_retry_at",
        "uninstall_requested_at",
        "provider_updated_at",
        *_NO_PROBE,
    ),
    row=_to_row,
)


class PostgresIntegrationStore(IntegrationStore):
    """The table `git_integrations`, without its tokens."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Return the organization's integration, revoked or not."""
        rows = await self._session.read(_FIND, (organization_id, provider))
        return to_integration(rows[0]) if rows else None

    async def get_for_update(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Like `find`, with a row lock; raises `StorageConflict` after waiting for another's lock for 5 seconds."""
        rows = await self._session.write(_GET_FOR_UPDATE, (organization_id, provider))
        return to_integration(rows[0]) if rows else None

    async def lock(self, integration_ids: Collection[IntegrationId]) -> None:
        """Lock these rows; raises `StorageConflict` after waiting for another's locks for 5 seconds."""
        if integration_ids:
            await self._session.write(_LOCK, (Bigints(list(integration_ids)),))

    async def list_by_installations(self, provider: str, provider_ids: Collection[str]) -> Sequence[Integration]:
        """Return at most one integration per installation: the live one, else the last revoked."""
        rows = await self._session.read(_OF_INSTALLATIONS, (provider, Texts(list(provider_ids))))
        return [to_integration(row) for row in rows]

    async def find_webhook_secret(self, provider: str, provider_id: str) -> EncryptedWebhookSecret | None:
        """Return the own webhook secret of the live integration, over the index of live installations."""
        for external_id, ciphertext in await self._session.read(_FIND_ENCRYPTED, (provider, provider_id)):
            return EncryptedWebhookSecret(external_id, ciphertext) if ciphertext else None
        return None

    async def set_webhook_secret(self, sealed: EncryptedWebhookSecret) -> None:
        """Replace the encrypted webhook secret."""
        await self._session.change(_SET_ENCRYPTED, (sealed.ciphertext, sealed.external_id))

    async def list_by_organization(self, organization_id: OrganizationId) -> Sequence[Integration]:
        """Return the organization's integrations, by provider."""
        rows = await self._session.read(_OF_ORGANIZATION, (organization_id,))
        return [to_integration(row) for row in rows]

    async def list_to_uninstall(self, *, limit: int) -> Sequence[Integration]:
        """Return revoked integrations whose installation is to be removed, the oldest request first."""
        return [to_integration(row) for row in await self._session.read(_TO_UNINSTALL, (limit,))]

    async def next_id(self) -> IntegrationId:
        """Reserve the id of a new integration; gaps are normal."""
        [(integration_id,)] = await self._session.read(_NEXT_ID)
        return IntegrationId(integration_id)

    async def apply(self, changes: Sequence[Change[Integration]]) -> None:
        """Write these steps with their audit versions, and delete tokens that must not outlive them.

        Raises `StorageConflict` if a row was deleted.
        """
        await _TABLE.apply(self._session, changes)
        await OF_INTEGRATIONS.wipe(self._session, integration_ids_to_wipe(changes))
