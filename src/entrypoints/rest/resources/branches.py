from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Catalog
from core.domain.catalog.repository import RepositoryNotFound
from core.use_cases.catalog.list_branches import BranchPage
from entrypoints.edge.cursors import encode_cursor
from entrypoints.rest.http.operations import Call, Operation, Success, Tag
from entrypoints.rest.http.paths import REPOSITORY
from entrypoints.rest.http.requests import SEARCH_HINT, Cursor, Limit, Query, read_cursor
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.openapi.errors import OF_CATALOG, OF_PROVIDER


class BranchQuery(Query, frozen=True):
    """Which branches to list."""

    q: Annotated[
        str,
        Meta(max_length=256, description=f"Only branches whose name contains this text, ignoring case. {SEARCH_HINT}"),
    ] = ""
    limit: Limit = 50
    cursor: Cursor = ""


class BranchBody(msgspec.Struct):
    """A branch. `protected` is null if the provider did not report it."""

    name: str
    sha: str
    default: bool
    protected: bool | None


class BranchList(msgspec.Struct):
    """A page of branches: the default branch first, the others sorted by name.

    `stale` is true if this service cannot fetch branches from the provider now, so the branches are from an
    earlier fetch, at `fetched_at`. `complete` is false if the repository may have more branches than were
    fetched. To find other branches, pass the beginning of a name in `q`.
    """

    data: list[BranchBody]
    next_cursor: str | None
    fetched_at: Time
    stale: bool
    complete: bool


def operations(catalog: Catalog) -> list[Operation]:
    """Return the operations for a repository's branches."""

    async def list_branches(call: Call[BranchQuery, None]) -> Response:
        page = await catalog.list_branches(
            call.actor,
            organization_id=call.organization_id,
            provider=call.provider,
            repo_id=call.repo_id,
            text=call.query.q.strip(),
            limit=call.query.limit,
            after=read_cursor(call.query.cursor, str),
        )
        return Json(_list_body(page))

    return [
        Operation(
            "GET",
            f"{REPOSITORY}/branches",
            list_branches,
            name="list_branches",
            summary="List branches",
            tag=Tag.REPOSITORIES,
            description="Returns the branches of a repository. They are fetched from the provider and cached "
            "for 30 seconds, or for some minutes if a search needs more than 1,000 branches. If they cannot "
            "be fetched, returns an earlier result if there is one.",
            query=BranchQuery,
            responses=[Success(BranchList)],
            errors=[*OF_CATALOG, RepositoryNotFound, *OF_PROVIDER],
        )
    ]


def _list_body(page: BranchPage) -> BranchList:
    return BranchList(
        data=[
            BranchBody(branch.name, branch.sha, branch.name == page.default_branch, branch.protected)
            for branch in page.branches
        ],
        next_cursor=None if page.next is None else encode_cursor(page.next),
        fetched_at=page.fetched_at,
        stale=page.is_stale,
        complete=page.is_complete,
    )
