from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from core.domain.catalog.sync import SyncCoolingDown
from core.use_cases.catalog.request_sync import RequestSync
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.json_response import Json
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.paths import INTEGRATION
from entrypoints.rest.http.queries import NoQuery, read_query
from entrypoints.rest.openapi.errors import OF_CATALOG
from entrypoints.rest.resources.sync_states import CatalogSync, catalog_sync


def operations(authentication: Authentication, request_sync: RequestSync) -> list[Operation]:
    """Return what asks for the catalog to be read now."""

    async def sync(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        state = await request_sync(
            actor, organization_id=request.path_params["org_id"], provider=request.path_params["provider"]
        )
        return Json(catalog_sync(state), HTTPStatus.ACCEPTED)

    return [
        Operation(
            "POST",
            f"{INTEGRATION}/sync",
            sync,
            name="sync_catalog",
            summary="Sync the repository catalog",
            tag=Tag.INTEGRATIONS,
            description="Requests a sync of the repository catalog and does not wait for the sync. To see "
            "the state of the sync, call `GET /api/v1/{org_id}/git-integrations/{provider}`. Returns 429 if "
            "the catalog was synced less than a minute ago.",
            answers=[Answer(CatalogSync, HTTPStatus.ACCEPTED, "The sync is requested or already running.")],
            refusals=[*OF_CATALOG, SyncCoolingDown],
        )
    ]
