import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adapters.postgres.connection.session import Session
from core.domain.tokens.read_token import ReadLease, Stray
from ports.read_leases import ReadLeaseStore

_ADD = """
    INSERT INTO git_token_leases (
        external_id, organization_id, git_integration_id, actor, request_id, reason, repo_ids, permissions,
        access_token, expires_at, created_at
    )
    VALUES (%s, %s, %s, %s, %s, %s, %s::text::jsonb, %s::text::jsonb, %s, %s, %s)
"""
_FIND = """
    SELECT external_id, organization_id, git_integration_id, actor, request_id, reason, repo_ids::text,
        created_at, expires_at, access_token, permissions::text, revoked_at
    FROM git_token_leases WHERE external_id = %s
"""
# 2 is revoked. Of live tokens there are few at any time, and an index of theirs alone.
_STRAYS = """
    SELECT l.external_id, i.provider, l.access_token
    FROM git_token_leases AS l
    JOIN git_integrations AS i ON i.id = l.git_integration_id
    WHERE l.access_token IS NOT NULL AND l.expires_at > %s
        AND (
            i.status = 2 OR i.status_changed_at > l.created_at
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
_END = """
    UPDATE git_token_leases SET access_token = NULL, revoked_at = %s, updated_at = now()
    WHERE external_id = %s
"""
_FORGET_EXPIRED = """
    UPDATE git_token_leases SET access_token = NULL, updated_at = now()
    WHERE id IN (
        SELECT id FROM git_token_leases WHERE access_token IS NOT NULL AND expires_at <= %s
        ORDER BY expires_at LIMIT %s
        FOR UPDATE SKIP LOCKED
    )
"""


class PostgresReadLeaseStore(ReadLeaseStore):
    """The table `git_token_leases`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, lease: ReadLease) -> None:
        """Keep it."""
        await self._session.change(
            _ADD,
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

    async def find(self, external_id: UUID) -> ReadLease | None:
        """Return one."""
        rows = await self._session.read(_FIND, (external_id,))
        if not rows:
            return None
        row = rows[0]
        return ReadLease(
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
        )

    async def strays(self, *, now: datetime, limit: int) -> Sequence[Stray]:
        """Return at most `limit` live tokens to be revoked, the oldest first."""
        return [Stray(*row) for row in await self._session.read(_STRAYS, (now, limit))]

    async def end(self, external_id: UUID, *, at: datetime) -> None:
        """Note that the token was revoked, and forget it."""
        await self._session.change(_END, (at, external_id))

    async def forget_expired(self, *, now: datetime, limit: int) -> int:
        """Forget at most `limit` tokens that are over by themselves."""
        return await self._session.change(_FORGET_EXPIRED, (now, limit))
