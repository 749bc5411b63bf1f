"""Serve an installation's repositories as GitHub does: links, gzip, headers of limits."""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.catalog.pages import PER_PAGE, page_of

_PAGES = int(os.environ["PAGES"])
_MADE = [page_of(1 + number * PER_PAGE, _PAGES * PER_PAGE) for number in range(_PAGES)]
_HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "content-encoding": "gzip",
    "x-ratelimit-limit": "12500",
    "x-ratelimit-remaining": "12000",
    "x-ratelimit-resource": "core",
    "x-github-media-type": "github.v3; format=json",
    "cache-control": "private, max-age=60, s-maxage=60",
    "vary": "Accept, Authorization, Cookie, X-GitHub-OTP",
}


async def repositories(request: Request) -> Response:
    """Give one page with its links."""
    page = int(request.query_params.get("page", "1"))
    base = f"{request.url.replace(query='')}?per_page={PER_PAGE}&page="
    links = [f'<{base}{page + 1}>; rel="next"', f'<{base}{_PAGES}>; rel="last"'] if page < _PAGES else []
    linked = {"link": ", ".join(links)} if links else {}
    return Response(_MADE[page - 1], headers={**_HEADERS, **linked})


app = Starlette(routes=[Route("/installation/repositories", repositories)])
