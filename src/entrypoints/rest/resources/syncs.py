from http import HTTPStatus

import msgspec
from starlette.responses import Response

from core.application import Catalog
from core.domain.catalog.sync import SyncCoolingDown, SyncPhase, SyncState
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import INTEGRATION
from entrypoints.rest.http.requests import NoQuery
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.openapi.errors import OF_CATALOG


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
    """Return the sync state for a response."""
    return CatalogSync(
        state=state.phase,
        synced_at=state.synced_at,
        age_seconds=None if state.age is None else int(state.age.total_seconds()),
        requested_at=state.requested_at,
        error=state.error,
        retry_at=state.retry_at,
    )


def operations(catalog: Catalog) -> list[Operation]:
    """Return the operation that requests a catalog sync."""
    group = OperationGroup(Tag.INTEGRATIONS)

    @group.add(
        "POST",
        f"{INTEGRATION}/sync",
        "Sync the repository catalog",
        Success(CatalogSync, HTTPStatus.ACCEPTED, "The sync is requested or already running."),
        errors=[*OF_CATALOG, SyncCoolingDown],
        description="Requests a sync of the repository catalog and does not wait for the sync. To see the state of the "
        "sync, call `GET /api/v1/{org_id}/git-integrations/{provider}`. Returns 429 if the catalog was synced less "
        "than a minute ago.",
    )
    async def sync_catalog(call: Call[NoQuery, None]) -> Response:
        state = await catalog.request_sync(call.actor, organization_id=call.organization_id, provider=call.provider)
        return Json(catalog_sync(state), HTTPStatus.ACCEPTED)

    return group.operations
