import msgspec

from core.domain.syncs import SyncPhase, SyncState
from entrypoints.rest.json_response import Time


class CatalogSync(msgspec.Struct):
    """The state of the catalog's synchronization. `age_seconds` is null before the first synchronization."""

    state: SyncPhase
    synced_at: Time | None
    age_seconds: int | None
    requested_at: Time | None
    error: str | None
    retry_at: Time | None


def catalog_sync(state: SyncState) -> CatalogSync:
    """Return a sync's state as callers see it."""
    return CatalogSync(
        state=state.phase,
        synced_at=state.synced_at,
        age_seconds=None if state.age is None else int(state.age.total_seconds()),
        requested_at=state.requested_at,
        error=state.error,
        retry_at=state.retry_at,
    )
