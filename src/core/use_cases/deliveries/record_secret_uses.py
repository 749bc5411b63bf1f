from collections.abc import Mapping
from dataclasses import dataclass

from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class RecordSecretUses:
    """Keep when each webhook secret and each key of our app was last used, so that an old one can be retired.

    Called once a minute: deliveries and calls only note it in memory.
    """

    unit_of_work: UnitOfWork
    protocols: Mapping[str, WebhookProtocol]
    providers: Mapping[str, GitProvider]

    async def __call__(self) -> None:
        """Write the last uses of this process; raises `StorageUnavailable`."""
        noted = [protocol.secret_uses() for protocol in self.protocols.values()]
        noted += [provider.key_uses() for provider in self.providers.values()]
        uses = {mark: at for one in noted for mark, at in one.items()}
        if not uses:
            return
        async with self.unit_of_work() as tx:
            await tx.housekeeping.record_secret_uses(uses)
            await tx.commit()
