from collections.abc import Mapping
from datetime import datetime

from adapters.postgres.connection.packed_arrays import Texts, Timestamps
from adapters.postgres.connection.session import Session
from ports.secret_uses import SecretUseStore

# In one order, so that two processes that flush at once never wait for each other in a circle.
_RECORD = """
    INSERT INTO webhook_secret_uses (fingerprint, last_used_at)
    SELECT * FROM unnest(%s::text[], %s::timestamptz[]) AS used (fingerprint, last_used_at)
    ON CONFLICT (fingerprint) DO UPDATE
    SET last_used_at = greatest(webhook_secret_uses.last_used_at, excluded.last_used_at)
"""
_ALL = "SELECT fingerprint, last_used_at FROM webhook_secret_uses"


class PostgresSecretUseStore(SecretUseStore):
    """The table `webhook_secret_uses`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, uses: Mapping[str, datetime]) -> None:
        """Keep the latest time per fingerprint; an earlier one changes nothing."""
        if uses:
            fingerprints = sorted(uses)
            times = [uses[fingerprint] for fingerprint in fingerprints]
            await self._session.change(_RECORD, (Texts(fingerprints), Timestamps(times)))

    async def all(self) -> Mapping[str, datetime]:
        """Return the last use of every fingerprint ever seen."""
        return dict(await self._session.read(_ALL))
