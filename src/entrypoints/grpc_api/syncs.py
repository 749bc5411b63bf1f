from collections.abc import Mapping

from core.domain.catalog.sync import SyncPhase, SyncState
from crewkit.git.v1 import integrations_pb2 as wire
from entrypoints.grpc_api.times import length, stamp

STATES: Mapping[SyncPhase, "wire.CatalogSyncState.ValueType"] = {
    SyncPhase.IDLE: wire.CATALOG_SYNC_STATE_IDLE,
    SyncPhase.REQUESTED: wire.CATALOG_SYNC_STATE_REQUESTED,
    SyncPhase.RUNNING: wire.CATALOG_SYNC_STATE_RUNNING,
    SyncPhase.FAILED: wire.CATALOG_SYNC_STATE_FAILED,
}


def catalog_sync(state: SyncState) -> wire.CatalogSync:
    """Convert a sync state to its message."""
    return wire.CatalogSync(
        state=STATES[state.phase],
        synced_at=stamp(state.synced_at),
        age=length(state.age),
        requested_at=stamp(state.requested_at),
        error=state.error,
        retry_at=stamp(state.retry_at),
    )
