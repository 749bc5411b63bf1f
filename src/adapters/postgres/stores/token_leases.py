import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adapters.postgres.connection.session import Row, Session
from core.domain.identifiers import OrganizationId
from core.domain.tokens.installation_tokens import OrphanedToken, TokenLease, TokenLeaseId
from ports.token_leases import TokenLeaseStore

_ADD_LEASE = """
    INSERT INTO git_token_leases (
        external_id, organization_id, git_integration_id, actor, request_id, reason, repo_ids, permissions,
        access_token, expires_at, created_at
    )
    VALUES (%s, %s, %s, %s, %s, %s, %s::text::jsonb, %s::text::jsonb, %s, %s, %s)
"""
_SELECT = """
    SELECT external_id, organization_id, git_integration_id, actor, request_id, reason, repo_ids::text,
        created_at, expires_at, access_token, permissions::text, revoked_at, revoke_requested_at, id
    FROM git_token_leases
"""
_FIND_LEASE = f"{_SELECT} WHERE external_id = %s"
_LIST_LEASES = f"""
    {_SELECT}
    WHERE organization_id = %(organization_id)s AND id < %(before)s
        AND (
            %(held_by)s::text IS NULL OR actor = %(held_by)s
            OR right(actor, length(%(held_by)s) + 5) = ' for ' || %(held_by)s
        )
        AND (%(valid_at)s::timestamptz IS NULL OR (expires_at > %(valid_at)s AND revoked_at IS NULL))
    ORDER BY id DESC LIMIT %(limit)s
"""
_REQUEST_REVOCATION = """
    UPDATE git_token_leases SET revoke_requested_at = %s, updated_at = now()
    WHERE external_id = %s AND revoke_requested_at IS NULL
"""
# Status 2 is revoked. Few tokens are unexpired at any time, and they have a partial index.
_LIST_ORPHANED = """
    SELECT l.external_id, i.provider, l.access_token
    FROM git_token_leases AS l
    JOIN git_integrations AS i ON i.id = l.git_integration_id
    WHERE l.access_token IS NOT NULL AND l.expires_at > %s
        AND (
            l.revoke_requested_at IS NOT NULL OR i.status = 2 OR i.status_changed_at > l.created_at
            OR EXISTS (
                SELECT FROM jsonb_array_elements_text(l.repo_ids) AS opened (repo_id)
                WHERE NOT EXISTS (
                    SELECT FROM project_repositories AS p
                    WHERE p.git_integration_id = l.git_integration_id AND p.repo_id = opened.repo_id
                )
            )
        )
    ORDER BY l.id LIMIT %s
"""
_END_LEASE = """
    UPDATE git_token_leases SET access_token = NULL, revoked_at = %s, updated_at = now()
    WHERE external_id = %s
"""
_WIPE_EXPIRED = """
    UPDATE git_token_leases SET access_token = NULL, updated_at = now()
    WHERE id IN (
        SELECT id FROM git_token_leases WHERE access_token IS NOT NULL AND expires_at <= %s
        ORDER BY expires_at LIMIT %s
        FOR UPDATE SKIP LOCKED
    )
"""
_AFTER_ALL = 2**63 - 1


class PostgresTokenLeaseStore(TokenLeaseStore):
    """The table `git_token_leases`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add_token_lease(self, lease: TokenLease) -> None:
        """Store the lease of a read token."""
        await self._session.change(
            _ADD_LEASE,
            (
                lease.external_id,
                lease.organization_id,
                lease.integration_id,
                lease.actor,
                lease.request_id,
                lease.reason,
                json.dumps(lease.repo_ids),
                json.dumps(dict(lease.permissions)),
                lease.sealed,
                lease.expires_at,
                lease.created_at,
            ),
        )

    async def find_token_lease(self, external_id: UUID) -> TokenLease | None:
        """Return a lease, or None."""
        rows = await self._session.read(_FIND_LEASE, (external_id,))
        return _to_lease(rows[0]) if rows else None

    async def list_orphaned_tokens(self, *, now: datetime, limit: int) -> Sequence[OrphanedToken]:
        """Return at most `limit` unexpired read tokens that must be revoked, the oldest first."""
        return [OrphanedToken(*row) for row in await self._session.read(_LIST_ORPHANED, (now, limit))]

    async def end_token_lease(self, external_id: UUID, *, at: datetime) -> None:
        """Record that a read token was revoked, and wipe it."""
        await self._session.change(_END_LEASE, (at, external_id))

    async def wipe_expired_tokens(self, *, now: datetime, limit: int) -> int:
        """Wipe at most `limit` expired read tokens."""
        return await self._session.change(_WIPE_EXPIRED, (now, limit))

    async def list_token_leases(
        self,
        organization_id: OrganizationId,
        *,
        held_by: str | None = None,
        valid_at: datetime | None = None,
        limit: int,
        before: TokenLeaseId | None = None,
    ) -> Sequence[TokenLease]:
        """Return an organization's leases, the newest first."""
        parameters = {
            "organization_id": organization_id,
            "held_by": held_by,
            "valid_at": valid_at,
            "limit": limit,
            "before": before or _AFTER_ALL,
        }
        return [_to_lease(row) for row in await self._session.read(_LIST_LEASES, parameters)]

    async def request_token_revocation(self, external_id: UUID, *, at: datetime) -> None:
        """Make a read token orphaned."""
        await self._session.change(_REQUEST_REVOCATION, (at, external_id))


def _to_lease(row: Row) -> TokenLease:
    return TokenLease(
        external_id=row[0],
        organization_id=row[1],
        integration_id=row[2],
        actor=row[3],
        request_id=row[4],
        reason=row[5],
        repo_ids=tuple(json.loads(row[6])),
        created_at=row[7],
        expires_at=row[8],
        sealed=row[9],
        permissions=json.loads(row[10]),
        revoked_at=row[11],
        revoke_requested_at=row[12],
        id=row[13],
    )
