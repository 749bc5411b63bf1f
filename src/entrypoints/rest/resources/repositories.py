from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Catalog
from core.domain.catalog.repository import Repository, RepositoryNotFound
from core.domain.catalog.search import CatalogFilter, CatalogPosition
from core.domain.organizations import Project
from core.use_cases.catalog.list_branches import BranchPage
from entrypoints.edge.cursors import encode_cursor
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import REPOSITORIES, REPOSITORY
from entrypoints.rest.http.requests import SEARCH_HINT, Cursor, Limit, NoQuery, Query, describe_filter, read_cursor
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.openapi.errors import OF_CATALOG, OF_PROVIDER
from entrypoints.rest.resources.syncs import CatalogSync, catalog_sync


class RepositoryQuery(Query, frozen=True):
    """Which repositories to list."""

    q: Annotated[
        str,
        Meta(
            max_length=256,
            description="Only repositories that match this text in their name, owner, description, language "
            "or topics, ignoring case. The best matches come first. A text with a slash is "
            f"compared with `owner/name`. {SEARCH_HINT}",
        ),
    ] = ""
    archived: Annotated[bool | None, describe_filter("archived repositories", "repositories that are not archived")] = (
        None
    )
    private: Annotated[bool | None, describe_filter("private repositories", "repositories that are not private")] = None
    fork: Annotated[bool | None, describe_filter("forks", "repositories that are not forks")] = None
    limit: Limit = 50
    cursor: Cursor = ""
    refresh: Annotated[
        bool,
        Meta(
            description="Whether to also request a catalog sync. The response does not wait for the sync. "
            "The caller needs the permission to sync. No sync is requested if the catalog was synced less "
            "than a minute ago or the integration is suspended. Pass true or false."
        ),
    ] = False
    projects: Annotated[
        bool, Meta(description="Whether to include the linked projects of each repository. Pass true or false.")
    ] = False


class LinkedProject(msgspec.Struct):
    """A project that is linked to a repository."""

    id: UUID
    name: str


class RepositoryBody(msgspec.Struct):
    """A repository of the repository catalog. `id` is the provider's id, which never changes.

    `visibility` is `public`, `private`, or `internal` (visible to all members of an enterprise).
    `projects` are at most three linked projects, earliest link first; null if the request does not include
    projects.
    """

    id: str
    full_name: str
    owner: str
    name: str
    url: str | None
    private: bool
    visibility: str
    archived: bool
    fork: bool
    default_branch: str | None
    description: str | None
    language: str | None
    topics: list[str]
    pushed_at: Time | None
    updated_at: Time | None
    projects: list[LinkedProject] | None


class RepositoryList(msgspec.Struct):
    """A page of repositories, and the age and sync state of the catalog."""

    data: list[RepositoryBody]
    next_cursor: str | None
    sync: CatalogSync


class RepositoryShown(RepositoryBody, kw_only=True):
    """A repository, and the age and sync state of the catalog."""

    sync: CatalogSync


def operations(catalog: Catalog) -> list[Operation]:
    """Return the operations for an integration's repositories."""
    group = OperationGroup(Tag.REPOSITORIES)

    @group.add(
        "GET",
        REPOSITORIES,
        "List repositories",
        Success(RepositoryList),
        errors=OF_CATALOG,
        description="Returns the repository catalog: the repositories that the integration can access, sorted by name, "
        "or with `q` the best matches first.",
    )
    async def list_repositories(call: Call[RepositoryQuery, None]) -> Response:
        page = await catalog.list_repositories(
            call.actor,
            organization_id=call.organization_id,
            provider=call.provider,
            where=CatalogFilter(call.query.q.strip(), call.query.archived, call.query.private, call.query.fork),
            limit=call.query.limit,
            after=read_cursor(call.query.cursor, CatalogPosition),
            refresh=call.query.refresh,
            with_projects=call.query.projects,
        )
        projects = page.projects
        data = [
            _body(repository, None if projects is None else projects.get(repository.repo_id, ()))
            for repository in page.repositories
        ]
        return Json(RepositoryList(data, encode_cursor(page.next), catalog_sync(page.sync)))

    @group.add(
        "GET",
        REPOSITORY,
        "Get a repository",
        Success(RepositoryShown),
        errors=[*OF_CATALOG, RepositoryNotFound],
        description="Returns one repository of the repository catalog.",
    )
    async def show_repository(call: Call[NoQuery, None]) -> Response:
        details = await catalog.show_repository(
            call.actor, organization_id=call.organization_id, provider=call.provider, repo_id=call.repo_id
        )
        fields = msgspec.structs.asdict(_body(details.repository, details.projects))
        return Json(RepositoryShown(**fields, sync=catalog_sync(details.sync)))

    return group.operations


def _body(repository: Repository, projects: Sequence[Project] | None) -> RepositoryBody:
    owner, _, name = repository.full_name.partition("/")
    return RepositoryBody(
        repository.repo_id,
        repository.full_name,
        owner,
        name,
        repository.url,
        repository.private,
        repository.visibility,
        repository.archived,
        repository.fork,
        repository.default_branch,
        repository.description,
        repository.language,
        list(repository.topics or ()),
        repository.pushed_at,
        repository.provider_updated_at,
        None if projects is None else [LinkedProject(project.external_id, project.name) for project in projects],
    )


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


def branch_operations(catalog: Catalog) -> list[Operation]:
    """Return the operations for a repository's branches."""
    group = OperationGroup(Tag.REPOSITORIES)

    @group.add(
        "GET",
        f"{REPOSITORY}/branches",
        "List branches",
        Success(BranchList),
        errors=[*OF_CATALOG, RepositoryNotFound, *OF_PROVIDER],
        description="Returns the branches of a repository. They are fetched from the provider and cached for 30 "
        "seconds, or for some minutes if a search needs more than 1,000 branches. If they cannot be fetched, returns "
        "an earlier result if there is one.",
    )
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
        return Json(_branch_list(page))

    return group.operations


def _branch_list(page: BranchPage) -> BranchList:
    return BranchList(
        data=[
            BranchBody(branch.name, branch.sha, branch.name == page.default_branch, branch.protected)
            for branch in page.branches
        ],
        next_cursor=encode_cursor(page.next),
        fetched_at=page.fetched_at,
        stale=page.is_stale,
        complete=page.is_complete,
    )
