from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.errors import DomainError, StorageUnavailable
from core.domain.flows import PendingRequest
from ports.clock import Clock
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork

_AT_ONCE = 1000
# What was asked for a moment ago may not stand in the provider's list yet.
_SETTLED = timedelta(hours=1)
# Long enough for someone on call to see what became of a flow yesterday.
_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class EndLapsedFlows:
    """End flows that wait for an approval nobody will give any more, and forget flows that are long over.

    Nobody is told of a denied or withdrawn request (https://docs.github.com/webhooks/webhook-events-and-payloads);
    what is missing from the provider's list was answered one way or another.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self) -> int:
        """Return how many were ended; raises `StorageUnavailable`."""
        now = self.clock.now()
        ended = 0
        for name, provider in self.providers.items():
            async with self.unit_of_work() as tx:
                waiting = await tx.flows.all_awaiting(name, made_before=now - _SETTLED, limit=_AT_ONCE)
            lapsed = await self._lapsed(provider, waiting, now) if waiting else []
            async with self.unit_of_work() as tx:
                ended += await tx.flows.end(lapsed)
                await tx.commit()
        async with self.unit_of_work() as tx:
            while await tx.flows.forget(expired_before=now - _KEPT, limit=_AT_ONCE):
                pass
            await tx.commit()
        return ended

    async def _lapsed(
        self, provider: GitProvider, waiting: Sequence[PendingRequest], now: datetime
    ) -> list[PendingRequest]:
        """Return those whose request is gone, or whose time is over, whatever the provider says."""
        known = None
        if provider.capabilities.installation_requests:
            try:
                requests = await provider.installation_requests()
            except StorageUnavailable:
                raise
            except DomainError:
                requests = None  # it may say so tomorrow
            if requests is not None:
                known = {(request.requester_id, request.account_id) for request in requests}
        return [
            one
            for one in waiting
            if one.expires_at <= now
            or (known is not None and (one.requester_id, one.account_id) not in known)
        ]
