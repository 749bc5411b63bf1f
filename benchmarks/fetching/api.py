"""Serve an installation's repositories as GitHub does."""

import os
from functools import partial

from starlette.applications import Starlette
from starlette.routing import Route

from tests.support.builders.github_pages import large_listing

_PAGES = int(os.environ["PAGES"])

app = Starlette(routes=[Route("/installation/repositories", partial(large_listing, pages=_PAGES))])
