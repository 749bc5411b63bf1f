from copy import deepcopy
from datetime import datetime
from typing import TypeVar, cast

from core.domain.idempotency import IdempotentRequest
from core.domain.identifiers import OrganizationId
from ports.idempotency import IdempotencyStore
from testing.memory.database import KeptResult, Session

T = TypeVar("T")


class MemoryIdempotencyStore(IdempotencyStore):
    """Keys in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(self, request: IdempotentRequest, form: type[T]) -> T | None:  # noqa: ARG002 - results are kept as they are
        """Take the key, or return what was kept under it."""
        rows = (await self._session.writable()).idempotency_keys
        known = rows.get(_key(request))
        if known is not None and known.expires_at > request.now:
            request.require_same(known.request_hash)
            return cast("T", deepcopy(known.result))
        rows[_key(request)] = KeptResult(request.request_hash, request.expires_at)
        return None

    async def store_result(self, request: IdempotentRequest, result: object) -> None:
        """Keep the result under a key just taken."""
        rows = (await self._session.writable()).idempotency_keys
        rows[_key(request)] = KeptResult(request.request_hash, request.expires_at, deepcopy(result))

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        """Remove at most `limit` keys that are free again; return how many."""
        rows = (await self._session.writable()).idempotency_keys
        expired = [key for key, kept in rows.items() if kept.expires_at <= now][:limit]
        for key in expired:
            del rows[key]
        return len(expired)


def _key(request: IdempotentRequest) -> tuple[OrganizationId, str, str]:
    return request.organization_id, request.actor, request.key
