"""An empty Starlette endpoint: the floor below which no Starlette service can be."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.common.deliveries import PATH


async def receive(_request: Request) -> Response:
    """Accept without looking."""
    return Response(status_code=202)


app = Starlette(routes=[Route(PATH, receive, methods=["POST"])])
