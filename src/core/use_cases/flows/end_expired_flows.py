from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.errors import DomainError, StorageUnavailable
from core.domain.flows.flow import PendingRequest
from core.domain.identifiers import AccountId, ProviderUserId
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

_BATCH_SIZE = 1000
# The provider's list may not have a new request yet.
_MIN_AGE = timedelta(hours=1)
# An owner may have approved during an outage of this service. The delivery is recovered within minutes, and
# then must still find its request.
_GRACE = timedelta(hours=1)
# Operators can still see how a flow ended the day before.
_RETENTION = timedelta(days=2)

_RequestKeys = Collection[tuple[ProviderUserId, AccountId]]


@dataclass(frozen=True, slots=True)
class EndExpiredFlows:
    """End flows whose approval cannot come any more, and delete old flows.

    GitHub sends no webhook for a denied or withdrawn request
    (https://docs.github.com/webhooks/webhook-events-and-payloads), so a request that is missing from the
    provider's list counts as answered.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self) -> int:
        """Return the number of flows that ended or will end within an hour; raises `StorageUnavailable`."""
        now = self.clock.now()
        ended = sum([await self._end(name, provider, now) for name, provider in self.providers.items()])
        async with self.unit_of_work() as tx:
            while await tx.flows.delete_expired(expired_before=now - _RETENTION, limit=_BATCH_SIZE):
                pass
            await tx.commit()
        return ended

    async def _end(self, name: str, provider: GitProvider, now: datetime) -> int:
        open_requests: _RequestKeys | None = None
        ended, after = 0, None
        while True:
            async with self.unit_of_work() as tx:
                waiting = await tx.flows.list_all_awaiting(
                    name, made_before=now - _MIN_AGE, after=after, limit=_BATCH_SIZE
                )
            if not waiting:
                return ended
            if after is None:
                open_requests = await _list_requests(provider)
            after = waiting[-1].flow_id
            expired = [request for request in waiting if request.expires_at <= now]
            answered = [
                request for request in waiting if request.expires_at > now and _is_answered(request, open_requests)
            ]
            async with self.unit_of_work() as tx:
                ended += await tx.flows.end(expired) + len(answered)
                await tx.flows.limit_lifetime(answered, by=now + _GRACE)
                await tx.commit()


async def _list_requests(provider: GitProvider) -> _RequestKeys | None:
    """Return the open requests by requester and account, or None if the provider does not list them."""
    if not provider.capabilities.installation_requests:
        return None
    try:
        requests = await provider.list_installation_requests()
    except StorageUnavailable:
        raise
    except DomainError:
        return None  # the next run tries again
    return {(request.requester_id, request.account_id) for request in requests}


def _is_answered(request: PendingRequest, open_requests: _RequestKeys | None) -> bool:
    return open_requests is not None and (request.requester_id, request.account_id) not in open_requests
