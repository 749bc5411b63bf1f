from collections.abc import Collection, Sequence
from datetime import datetime

from adapters.postgres.connection.packed_arrays import Bigints, Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.rows.integrations import INTEGRATIONS
from adapters.postgres.rows.sql import render
from adapters.postgres.rows.tokens import OF_INTEGRATIONS
from adapters.postgres.stores.audit import AuditedTable
from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, OrganizationId
from core.domain.integrations.integration import EncryptedWebhookSecret, Integration, IntegrationStatus
from core.domain.integrations.views import IntegrationUse
from core.domain.tokens.lease import integration_ids_to_wipe
from ports.integrations import IntegrationStore

_FIND = render(
    "SELECT {columns} FROM git_integrations AS i WHERE i.organization_id = %s AND i.provider = %s",
    columns=INTEGRATIONS.columns,
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
    columns=INTEGRATIONS.columns,
)
_OF_ORGANIZATION = render(
    "SELECT {columns} FROM git_integrations AS i WHERE i.organization_id = %s ORDER BY i.provider",
    columns=INTEGRATIONS.columns,
)
_TO_UNINSTALL = render(
    """
    SELECT {columns} FROM git_integrations AS i
    WHERE i.uninstall_requested_at IS NOT NULL AND i.status = 2
    ORDER BY i.uninstall_requested_at, i.id
    LIMIT %s
    """,
    columns=INTEGRATIONS.columns,
)
_FIND_ENCRYPTED = """
    SELECT external_id, webhook_secret FROM git_integrations
    WHERE provider = %s AND provider_id = %s AND status <> 2
"""
_SET_ENCRYPTED = "UPDATE git_integrations SET webhook_secret = %s WHERE external_id = %s"
_NEXT_ID = "SELECT nextval('git_integrations_id_seq')"

# Each suspension has its own times of probes.
_DELETE_PROBE_TIMES = "UPDATE git_integrations SET token_probe_at = NULL WHERE id = ANY(%s::bigint[])"

_TABLE = AuditedTable("integration", "git_integrations", INTEGRATIONS)
_COUNT_USE = """
    SELECT
        (SELECT count(*) FROM git_repositories WHERE git_integration_id = %(id)s AND removed_at IS NULL),
        (SELECT count(DISTINCT project_id) FROM project_repositories WHERE git_integration_id = %(id)s),
        (SELECT coalesce(sum(events), 0)::bigint FROM git_webhook_event_counts
            WHERE git_integration_id = %(id)s AND hour >= %(since)s AND status = 'failed')
"""


class PostgresIntegrationStore(IntegrationStore):
    """The table `git_integrations`, without its tokens."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Return the organization's integration, revoked or not."""
        rows = await self._session.read(_FIND, (organization_id, provider))
        return INTEGRATIONS.to_optional(rows)

    async def get_for_update(self, organization_id: OrganizationId, provider: str) -> Integration | None:
        """Like `find`, with a row lock; raises `StorageConflict` after waiting for another's lock for 5 seconds."""
        rows = await self._session.write(_GET_FOR_UPDATE, (organization_id, provider))
        return INTEGRATIONS.to_optional(rows)

    async def lock(self, integration_ids: Collection[IntegrationId]) -> None:
        """Lock these rows; raises `StorageConflict` after waiting for another's locks for 5 seconds."""
        if integration_ids:
            await self._session.write(_LOCK, (Bigints(list(integration_ids)),))

    async def list_by_installations(self, provider: str, provider_ids: Collection[str]) -> Sequence[Integration]:
        """Return at most one integration per installation: the live one, else the last revoked."""
        rows = await self._session.read(_OF_INSTALLATIONS, (provider, Texts(list(provider_ids))))
        return INTEGRATIONS.to_list(rows)

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
        return INTEGRATIONS.to_list(rows)

    async def count_use(self, integration_id: IntegrationId, *, since: datetime) -> IntegrationUse:
        """Count in one statement."""
        [row] = await self._session.read(_COUNT_USE, {"id": integration_id, "since": since})
        return IntegrationUse(*row)

    async def list_to_uninstall(self, *, limit: int) -> Sequence[Integration]:
        """Return revoked integrations whose installation is to be removed, the oldest request first."""
        return INTEGRATIONS.to_list(await self._session.read(_TO_UNINSTALL, (limit,)))

    async def next_id(self) -> IntegrationId:
        """Reserve the id of a new integration; gaps are normal."""
        [(integration_id,)] = await self._session.read(_NEXT_ID)
        return IntegrationId(integration_id)

    async def apply(self, changes: Sequence[Change[Integration]]) -> None:
        """Write these steps with their audit versions, and delete tokens that must not outlive them.

        Raises `StorageConflict` if a row was deleted.
        """
        await _TABLE.apply(self._session, changes)
        activated = {after.id for change in changes if (after := _find_activated(change))}
        if activated:
            await self._session.change(_DELETE_PROBE_TIMES, (Bigints(sorted(activated)),))
        await OF_INTEGRATIONS.wipe(self._session, integration_ids_to_wipe(changes))


def _find_activated(change: Change[Integration]) -> Integration | None:
    """Return the integration if this step makes it active."""
    active, before, after = IntegrationStatus.ACTIVE, change.before, change.after
    return after if after and after.status is active and before and before.status is not active else None
