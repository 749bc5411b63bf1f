from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.errors import DomainError, StorageUnavailable
from core.domain.flows.flow import PendingRequest
from core.domain.identifiers import AccountId, ProviderUserId
from ports.clock import Clock
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork

_AT_ONCE = 1000
# What was asked for a moment ago may not stand in the provider's list yet.
_SETTLED = timedelta(hours=1)
# An owner may have approved while nobody was here to be told; the delivery is recovered within minutes, and
# then still has to find the request that it answers.
_GRACE = timedelta(hours=1)
# Long enough for someone on call to see what became of a flow yesterday.
_KEPT = timedelta(days=2)

_Keys = Collection[tuple[ProviderUserId, AccountId]]


@dataclass(frozen=True, slots=True)
class EndExpiredFlows:
    """End flows that wait for an approval nobody will give any more, and forget flows that are long over.

    Nobody is told of a denied or withdrawn request (https://docs.github.com/webhooks/webhook-events-and-payloads);
    what is missing from the provider's list was answered one way or another.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self) -> int:
        """Return how many were ended, or will be within the hour; raises `StorageUnavailable`."""
        now = self.clock.now()
        ended = sum([await self._end(name, provider, now) for name, provider in self.providers.items()])
        async with self.unit_of_work() as tx:
            while await tx.flows.forget(expired_before=now - _KEPT, limit=_AT_ONCE):
                pass
            await tx.commit()
        return ended

    async def _end(self, name: str, provider: GitProvider, now: datetime) -> int:
        known: _Keys | None = None
        ended, after = 0, None
        while True:
            async with self.unit_of_work() as tx:
                waiting = await tx.flows.all_awaiting(
                    name, made_before=now - _SETTLED, after=after, limit=_AT_ONCE
                )
            if not waiting:
                return ended
            if after is None:
                known = await _requests(provider)
            after = waiting[-1].flow_id
            over = [one for one in waiting if one.expires_at <= now]
            gone = [one for one in waiting if one.expires_at > now and _is_gone(one, known)]
            async with self.unit_of_work() as tx:
                ended += await tx.flows.end(over) + len(gone)
                await tx.flows.let_lapse(gone, by=now + _GRACE)
                await tx.commit()


async def _requests(provider: GitProvider) -> _Keys | None:
    """Return who waits for which account's owner; None where the provider does not say."""
    if not provider.capabilities.installation_requests:
        return None
    try:
        requests = await provider.installation_requests()
    except StorageUnavailable:
        raise
    except DomainError:
        return None  # it may say so tomorrow
    return {(request.requester_id, request.account_id) for request in requests}


def _is_gone(one: PendingRequest, known: _Keys | None) -> bool:
    return known is not None and (one.requester_id, one.account_id) not in known
