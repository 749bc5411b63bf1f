from collections.abc import Sequence
from datetime import datetime

from psycopg.sql import SQL

from adapters.postgres.connection.session import Session
from adapters.postgres.rows.integrations import COLUMNS, integration_of
from core.domain.integrations.integration import Integration
from ports.catalog_syncs import CatalogSyncStore, SyncClaim

# The last line is `core.domain.catalog.sync.reconcile_after`.
_IS_DUE = SQL("""
    i.status = 0
    AND (i.sync_claimed_until IS NULL OR i.sync_claimed_until <= %(now)s)
    AND (i.sync_retry_at IS NULL OR i.sync_retry_at <= %(now)s)
    AND (
        i.sync_requested_at IS NOT NULL OR i.sync_claim IS NOT NULL OR i.sync_failures > 0
        OR i.sync_error IS NOT NULL OR i.synced_at IS NULL
        OR i.synced_at <= %(now)s - interval '24 hours' + i.id %% 120 * interval '1 minute'
    )
""")
_DUE = (
    SQL("""
    SELECT {columns} FROM git_integrations AS i
    WHERE {is_due}
    ORDER BY i.sync_requested_at NULLS LAST, i.synced_at NULLS FIRST, i.id
    LIMIT %(limit)s
    """)
    .format(columns=COLUMNS, is_due=_IS_DUE)
    .as_string()
)
_CLAIM = (
    SQL("""
    UPDATE git_integrations AS i
    SET sync_claim = %(owner)s, sync_claimed_until = %(until)s, sync_requested_at = NULL
    WHERE i.id = %(id)s AND i.provider_id = %(provider_id)s AND {is_due}
    RETURNING {columns}, clock_timestamp()
    """)
    .format(columns=COLUMNS, is_due=_IS_DUE)
    .as_string()
)
_RENEW = """
    UPDATE git_integrations SET sync_claimed_until = %s
    WHERE id = %s AND sync_claim = %s AND provider_id = %s AND status = 0
"""
_FINISH = """
    UPDATE git_integrations
    SET sync_claim = NULL, sync_claimed_until = NULL, sync_failures = 0, sync_error = %s,
        sync_retry_at = %s, synced_at = %s
    WHERE id = %s AND sync_claim = %s
"""
_FAIL = """
    UPDATE git_integrations
    SET sync_claim = NULL, sync_claimed_until = NULL, sync_failures = sync_failures + 1, sync_error = %s,
        sync_retry_at = %s
    WHERE id = %s AND sync_claim = %s
"""
_RELEASE = """
    UPDATE git_integrations
    SET sync_claim = NULL, sync_claimed_until = NULL,
        sync_requested_at = coalesce(sync_requested_at, %s)
    WHERE id = %s AND sync_claim = %s
"""


class PostgresCatalogSyncStore(CatalogSyncStore):
    """The columns `sync_…` of `git_integrations`; none of this moves the row's `updated_at`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def due(self, *, now: datetime, limit: int) -> Sequence[Integration]:
        """Return integrations whose catalog is due, requested ones first."""
        rows = await self._session.read(_DUE, {"now": now, "limit": limit})
        return [integration_of(row) for row in rows]

    async def claim(
        self, integration: Integration, *, owner: str, now: datetime, until: datetime
    ) -> SyncClaim | None:
        """Take the sync of a catalog that is still due, for the same installation."""
        wanted = {"id": integration.id, "provider_id": integration.provider_id}
        rows = await self._session.write(_CLAIM, {**wanted, "owner": owner, "now": now, "until": until})
        return SyncClaim(owner, integration_of(rows[0]), now, rows[0][-1]) if rows else None

    async def renew(self, claim: SyncClaim, *, until: datetime) -> bool:
        """Lock the row and hold the claim until then; False where it is lost."""
        held = (claim.integration.id, claim.owner, claim.integration.provider_id)
        return await self._session.change(_RENEW, (until, *held)) == 1

    async def finish(
        self, claim: SyncClaim, *, remark: str | None = None, retry_at: datetime | None = None
    ) -> None:
        """End a claim that is still held: the catalog is as of its beginning."""
        await self._session.change(
            _FINISH, (remark, retry_at, claim.claimed_at, claim.integration.id, claim.owner)
        )

    async def fail(self, claim: SyncClaim, *, reason: str, retry_at: datetime) -> None:
        """End a claim that is still held, without success."""
        await self._session.change(_FAIL, (reason, retry_at, claim.integration.id, claim.owner))

    async def release(self, claim: SyncClaim) -> None:
        """End a claim that is still held as if it had not been made."""
        await self._session.change(_RELEASE, (claim.claimed_at, claim.integration.id, claim.owner))
