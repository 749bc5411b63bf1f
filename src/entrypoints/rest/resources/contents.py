from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Catalog
from core.domain.catalog.commits import CommitNotFound
from core.domain.catalog.repository import RepositoryNotFound
from core.domain.links.link import ProjectNotLinked
from core.domain.organizations import ProjectNotFound
from core.domain.provider_errors import ProviderUnknown
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import CHANGED_FILES, DIRECTORIES
from entrypoints.rest.http.requests import SEARCH_HINT, Limit, Query
from entrypoints.rest.http.responses import Json
from entrypoints.rest.openapi.errors import OF_CATALOG, OF_PROVIDER
from entrypoints.rest.resources.link_bodies import LinkQuery

_REF_HINT = "Pass a branch, a tag or a commit hash."


class ChangedFilesQuery(LinkQuery, frozen=True, kw_only=True):
    """Which commits to compare."""

    base: Annotated[
        str,
        Meta(min_length=1, max_length=256, description=f"The commit before the change. {_REF_HINT}", examples=["main"]),
    ]
    head: Annotated[
        str,
        Meta(min_length=1, max_length=256, description=f"The commit after the change. {_REF_HINT}", examples=["main"]),
    ]
    merge_base: Annotated[
        bool,
        Meta(
            description="Whether to compare `head` with its newest common ancestor with `base`, as pull requests and "
            "new branches need, and not with `base` itself. Pass true or false."
        ),
    ] = False


class ChangedFilesBody(msgspec.Struct):
    """The files that differ between two commits, sorted by path. A renamed file has both paths.

    `base_sha` and `head_sha` are the commit hashes of `base` and `head`. `paths` has at most the first 10,000 paths,
    and fewer if they have more than 900,000 characters; `total` counts all. `complete` is false if the repository is
    too large to find all changed files.
    """

    base_sha: str
    head_sha: str
    paths: list[str]
    total: int
    complete: bool


class DirectoryQuery(Query, frozen=True):
    """Which directories to list."""

    ref: Annotated[str, Meta(max_length=256, description=f"By default, the default branch. {_REF_HINT}")] = ""
    q: Annotated[
        str,
        Meta(
            max_length=256, description=f"Only directories whose path contains this text, ignoring case. {SEARCH_HINT}"
        ),
    ] = ""
    limit: Limit = 50


class DirectoryBody(msgspec.Struct):
    """A directory."""

    path: str


class DirectoryList(msgspec.Struct):
    """Directories: those near the root directory first, then by path. The root directory is not included.

    `complete` is false if there are more directories than `data` has. To find others, pass a part of a path in `q`.
    """

    data: list[DirectoryBody]
    complete: bool


def operations(catalog: Catalog) -> list[Operation]:
    """Return the operations for the files of repositories."""
    projects, repositories = OperationGroup(Tag.PROJECTS), OperationGroup(Tag.REPOSITORIES)

    @projects.add(
        "GET",
        CHANGED_FILES,
        "List changed files",
        Success(ChangedFilesBody),
        errors=[
            *OF_CATALOG,
            *OF_PROVIDER,
            CommitNotFound,
            ProjectNotFound,
            ProjectNotLinked,
            ProviderUnknown,
            RepositoryNotFound,
        ],
        description="Returns the files of the project's repository that differ between two commits. They are fetched "
        "from the provider and cached. Use it if `changed_files` of a push is not complete.",
    )
    async def list_changed_files(call: Call[ChangedFilesQuery, None]) -> Response:
        comparison = await catalog.list_changed_files(
            call.actor,
            organization_id=call.organization_id,
            project_id=call.project_id,
            provider=call.query.provider,
            base=call.query.base,
            head=call.query.head,
            from_merge_base=call.query.merge_base,
        )
        files = comparison.files
        return Json(
            ChangedFilesBody(comparison.base_sha, comparison.head_sha, list(files.paths), files.total, files.complete)
        )

    @repositories.add(
        "GET",
        DIRECTORIES,
        "List directories",
        Success(DirectoryList),
        errors=[*OF_CATALOG, *OF_PROVIDER, CommitNotFound, RepositoryNotFound],
        description="Returns the directories of a commit, for example to choose a root directory. They are fetched "
        "from the provider and cached.",
    )
    async def list_directories(call: Call[DirectoryQuery, None]) -> Response:
        directories = await catalog.list_directories(
            call.actor,
            organization_id=call.organization_id,
            provider=call.provider,
            repo_id=call.repo_id,
            ref=call.query.ref,
            text=call.query.q.strip(),
            limit=call.query.limit,
        )
        return Json(DirectoryList([DirectoryBody(path) for path in directories.paths], directories.is_complete))

    return [*projects.operations, *repositories.operations]
