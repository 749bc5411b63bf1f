from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.catalog.repository import Repository, RepositoryNotFound
from core.domain.catalog.search import CatalogFilter, CatalogPosition
from core.domain.identifiers import RepoId
from core.domain.organizations import Project
from core.use_cases.catalog.list_repositories import ListRepositories, ShowRepository
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.cursors import decode_cursor, encode_cursor
from entrypoints.rest.http.json_response import Json, Time
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.paths import REPOSITORIES, REPOSITORY
from entrypoints.rest.http.queries import SEARCH_HINT, Cursor, Limit, NoQuery, Query, read_query
from entrypoints.rest.openapi.errors import OF_CATALOG
from entrypoints.rest.resources.sync_states import CatalogSync, catalog_sync


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
    archived: Annotated[
        bool | None,
        Meta(
            description="`true`: only archived repositories. `false`: only repositories that are not "
            "archived. Pass true or false."
        ),
    ] = None
    private: Annotated[
        bool | None,
        Meta(
            description="`true`: only private repositories. `false`: only repositories that are not "
            "private. Pass true or false."
        ),
    ] = None
    fork: Annotated[
        bool | None,
        Meta(description="`true`: only forks. `false`: only repositories that are not forks. Pass true or false."),
    ] = None
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


def operations(
    authentication: Authentication, list_repositories: ListRepositories, show_repository: ShowRepository
) -> list[Operation]:
    """Return what can be done with an integration's repositories."""

    async def repositories(request: Request) -> Response:
        actor = await authentication(request)
        query = read_query(request, RepositoryQuery)
        page = await list_repositories(
            actor,
            organization_id=request.path_params["org_id"],
            provider=request.path_params["provider"],
            where=CatalogFilter(query.q.strip(), query.archived, query.private, query.fork),
            limit=query.limit,
            after=decode_cursor(query.cursor, CatalogPosition),
            refresh=query.refresh,
            with_projects=query.projects,
        )
        following = encode_cursor(page.next) if page.next else None
        projects = page.projects
        data = [
            _body(found, None if projects is None else projects.get(found.repo_id, ())) for found in page.repositories
        ]
        return Json(RepositoryList(data, following, catalog_sync(page.sync)))

    async def repository(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        details = await show_repository(
            actor,
            organization_id=request.path_params["org_id"],
            provider=request.path_params["provider"],
            repo_id=RepoId(request.path_params["repo_id"]),
        )
        fields = msgspec.structs.asdict(_body(details.repository, details.projects))
        return Json(RepositoryShown(**fields, sync=catalog_sync(details.sync)))

    return [
        Operation(
            "GET",
            REPOSITORIES,
            repositories,
            name="list_repositories",
            summary="List repositories",
            tag=Tag.REPOSITORIES,
            description="Returns the repository catalog: the repositories that the integration can access, "
            "sorted by name, or with `q` the best matches first.",
            query=RepositoryQuery,
            answers=[Answer(RepositoryList)],
            refusals=OF_CATALOG,
        ),
        Operation(
            "GET",
            REPOSITORY,
            repository,
            name="show_repository",
            summary="Get a repository",
            tag=Tag.REPOSITORIES,
            description="Returns one repository of the repository catalog.",
            answers=[Answer(RepositoryShown)],
            refusals=[*OF_CATALOG, RepositoryNotFound],
        ),
    ]


def _body(found: Repository, projects: Sequence[Project] | None) -> RepositoryBody:
    owner, _, name = found.full_name.partition("/")
    return RepositoryBody(
        found.repo_id,
        found.full_name,
        owner,
        name,
        found.url,
        found.private,
        found.visibility,
        found.archived,
        found.fork,
        found.default_branch,
        found.description,
        found.language,
        list(found.topics or ()),
        found.pushed_at,
        found.provider_updated_at,
        None if projects is None else [LinkedProject(one.external_id, one.name) for one in projects],
    )
