from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.catalog.repository import RepositoryNotFound
from core.domain.identifiers import RepoId
from core.use_cases.catalog.list_branches import BranchPage, ListBranches
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.cursors import decode_cursor, encode_cursor
from entrypoints.rest.http.json_response import Json, Time
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.paths import REPOSITORY
from entrypoints.rest.http.queries import SEARCH_HINT, Cursor, Limit, Query, read_query
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


def operations(authentication: Authentication, list_branches: ListBranches) -> list[Operation]:
    """Return what can be done with a repository's branches."""

    async def branches(request: Request) -> Response:
        actor = await authentication(request)
        query = read_query(request, BranchQuery)
        page = await list_branches(
            actor,
            organization_id=request.path_params["org_id"],
            provider=request.path_params["provider"],
            repo_id=RepoId(request.path_params["repo_id"]),
            text=query.q.strip(),
            limit=query.limit,
            after=decode_cursor(query.cursor, str),
        )
        return Json(_listed(page))

    return [
        Operation(
            "GET",
            f"{REPOSITORY}/branches",
            branches,
            name="list_branches",
            summary="List branches",
            tag=Tag.REPOSITORIES,
            description="Returns the branches of a repository. They are fetched from the provider and cached "
            "for 30 seconds, or for some minutes if a search needs more than 1,000 branches. If they cannot "
            "be fetched, returns an earlier result if there is one.",
            query=BranchQuery,
            answers=[Answer(BranchList)],
            refusals=[*OF_CATALOG, RepositoryNotFound, *OF_PROVIDER],
        )
    ]


def _listed(page: BranchPage) -> BranchList:
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
