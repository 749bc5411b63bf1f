from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from entrypoints.rest.http.operations import Access, Answer, Operation, Tag
from entrypoints.rest.http.queries import NoQuery, read_query

_MEDIA_TYPE = "text/plain; version=1.0.0; charset=utf-8"
Exposition = Callable[[], bytes]
"""Writes out all figures in Prometheus' text format."""


def operations(exposition: Exposition) -> list[Operation]:
    """Return what Prometheus scrapes.

    It asks for no token, as scrapers expect; a proxy in front of the API should not pass it on.
    """

    async def metrics(request: Request) -> Response:
        read_query(request, NoQuery)
        # With several processes it reads their files.
        return Response(await run_in_threadpool(exposition), media_type=_MEDIA_TYPE)

    return [
        Operation(
            "GET",
            "/metrics",
            metrics,
            name="metrics",
            summary="Get metrics",
            tag=Tag.SERVICE,
            description="Returns all metrics in the Prometheus text format.",
            answers=[Answer(media_type="text/plain")],
            access=Access.ANYONE,
        )
    ]
