from collections.abc import Mapping
from datetime import datetime

from ports.secret_uses import SecretUseStore
from testing.memory.database import Session


class MemorySecretUseStore(SecretUseStore):
    """Uses of webhook secrets in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, uses: Mapping[str, datetime]) -> None:
        """Keep the latest time per fingerprint; an earlier one changes nothing."""
        known = (await self._session.writable()).secret_uses
        for fingerprint, time in uses.items():
            known[fingerprint] = max(time, known.get(fingerprint, time))

    async def all(self) -> Mapping[str, datetime]:
        """Return the last use of every fingerprint ever seen."""
        return dict(self._session.state.secret_uses)
