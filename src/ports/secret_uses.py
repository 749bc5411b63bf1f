from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class SecretUseStore(Protocol):
    """When each accepted webhook secret last verified a delivery, so that an old one can be retired."""

    async def record(self, uses: Mapping[str, datetime]) -> None:
        """Keep the latest time per fingerprint; an earlier one changes nothing."""

    async def all(self) -> Mapping[str, datetime]:
        """Return the last use of every fingerprint ever seen."""
