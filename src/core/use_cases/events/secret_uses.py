from collections.abc import Mapping
from dataclasses import dataclass

from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol


@dataclass(frozen=True, slots=True)
class RecordSecretUses:
    """Keep when each accepted webhook secret last verified something, so that an old one can be retired.

    Called once a minute: deliveries only note it in memory.
    """

    unit_of_work: UnitOfWork
    protocols: Mapping[str, WebhookProtocol]

    async def __call__(self) -> None:
        """Write the last uses of this process; raises `StorageUnavailable`."""
        uses = {
            mark: at for protocol in self.protocols.values() for mark, at in protocol.secret_uses().items()
        }
        if not uses:
            return
        async with self.unit_of_work() as tx:
            await tx.secret_uses.record(uses)
            await tx.commit()
