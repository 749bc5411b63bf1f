from datetime import datetime
from typing import TypeVar

import msgspec

from adapters.postgres.connection.packed_arrays import Documents
from adapters.postgres.connection.session import Session
from core.domain.idempotency import IdempotentRequest
from ports.idempotency import IdempotencyStore

T = TypeVar("T")

# Waits for a transaction that holds the key's row. An expired row counts as missing.
_BEGIN = """
    INSERT INTO idempotency_keys AS k (organization_id, actor, key, request_hash, expires_at)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (organization_id, actor, key) DO UPDATE
        SET request_hash = excluded.request_hash, response = NULL, expires_at = excluded.expires_at,
            created_at = now()
        WHERE k.expires_at <= %s
    RETURNING id
"""
_FIND = """
    SELECT request_hash, response::text FROM idempotency_keys
    WHERE organization_id = %s AND actor = %s AND key = %s
"""
_STORE = """
    UPDATE idempotency_keys SET response = (%s::jsonb[])[1]
    WHERE organization_id = %s AND actor = %s AND key = %s
"""
_DELETE_EXPIRED = """
    DELETE FROM idempotency_keys WHERE id IN (
        SELECT id FROM idempotency_keys WHERE expires_at <= %s
        ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
"""


class PostgresIdempotencyStore(IdempotencyStore):
    """The table `idempotency_keys`; results are stored as JSON."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(self, request: IdempotentRequest, form: type[T]) -> T | None:
        """Reserve the key, or return the stored result."""
        key = (request.organization_id, request.actor, request.key)
        is_new = await self._session.write(_BEGIN, (*key, request.request_hash, request.expires_at, request.now))
        if is_new:
            return None
        [(request_hash, result)] = await self._session.read(_FIND, key)
        request.require_same(request_hash)
        return msgspec.json.decode(result, type=form)

    async def store_result(self, request: IdempotentRequest, result: object) -> None:
        """Store the result of a request whose key was reserved."""
        key = (request.organization_id, request.actor, request.key)
        await self._session.change_exactly(1, _STORE, (Documents([result]), *key))

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        """Delete at most `limit` expired keys, except locked ones; return how many."""
        return await self._session.change(_DELETE_EXPIRED, (now, limit))
