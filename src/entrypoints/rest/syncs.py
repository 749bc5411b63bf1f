from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.use_cases.catalog.request_sync import RequestSync
from entrypoints.rest.authentication import Authentication
from entrypoints.rest.integrations import INTEGRATION
from entrypoints.rest.json_response import Json
from entrypoints.rest.queries import NoQuery, read_query
from entrypoints.rest.sync_states import catalog_sync


def routes(authentication: Authentication, request_sync: RequestSync) -> list[Route]:
    """Return the route that asks for the catalog to be read now."""

    async def sync(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        state = await request_sync(
            actor,
            organization_id=request.path_params["org_id"],
            provider=request.path_params["provider"],
        )
        return Json(catalog_sync(state), HTTPStatus.ACCEPTED)

    return [Route(f"{INTEGRATION}/sync", sync, methods=["POST"])]
