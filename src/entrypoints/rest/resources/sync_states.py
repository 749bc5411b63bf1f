import msgspec

from core.domain.catalog.sync import SyncPhase, SyncState
from entrypoints.rest.http.json_response import Time


class CatalogSync(msgspec.Struct):
    """The age and sync state of the repository catalog.

    `synced_at` is when a sync last finished without an error or with `listing_incomplete`, and `age_seconds`
    is the time since then. Both are null if no sync has finished in this way. `requested_at` is when the
    pending sync was requested. If `state` is `failed`, `error` is the error code, and `retry_at` is when this
    service tries the sync again automatically. If `state` is `idle` and `error` is `listing_incomplete`, the
    provider's list was incomplete, so that the last sync removed no repositories from the catalog.
    """

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
