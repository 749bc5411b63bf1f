from collections.abc import Sequence
from dataclasses import dataclass

from core.application import Application
from core.domain.catalog.repository import Repository
from core.domain.catalog.search import CatalogFilter, CatalogPosition
from core.domain.identifiers import RepoId
from core.domain.organizations import Project
from crewkit.git.v1 import repositories_pb2 as wire
from crewkit.git.v1.repositories_pb2_grpc import RepositoryServiceServicer
from entrypoints.edge.cursors import encode_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import read_id, read_name, read_page_size, read_page_token, read_query, read_ref
from entrypoints.grpc_api.messages import catalog_sync, stamp


@dataclass(frozen=True, slots=True)
class Repositories(RepositoryServiceServicer):
    """Implements `RepositoryService`."""

    application: Application

    async def ListRepositories(
        self, request: wire.ListRepositoriesRequest, context: Context
    ) -> wire.ListRepositoriesResponse:
        page = await self.application.catalog.list_repositories(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_name(request.provider, "provider"),
            where=CatalogFilter(
                read_query(request.query),
                request.archived if request.HasField("archived") else None,
                request.private if request.HasField("private") else None,
                request.fork if request.HasField("fork") else None,
            ),
            limit=read_page_size(request.page_size),
            after=read_page_token(request.page_token, CatalogPosition),
            refresh=request.refresh,
            with_projects=request.include_projects,
        )
        projects = page.projects or {}
        return wire.ListRepositoriesResponse(
            repositories=[
                _repository(repository, projects.get(repository.repo_id, ())) for repository in page.repositories
            ],
            next_page_token=encode_cursor(page.next) or "",
            sync=catalog_sync(page.sync),
        )

    async def GetRepository(self, request: wire.GetRepositoryRequest, context: Context) -> wire.GetRepositoryResponse:
        details = await self.application.catalog.show_repository(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_name(request.provider, "provider"),
            repo_id=RepoId(read_name(request.repo_id, "repo_id")),
        )
        return wire.GetRepositoryResponse(
            repository=_repository(details.repository, details.projects), sync=catalog_sync(details.sync)
        )

    async def ListBranches(self, request: wire.ListBranchesRequest, context: Context) -> wire.ListBranchesResponse:
        page = await self.application.catalog.list_branches(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_name(request.provider, "provider"),
            repo_id=RepoId(read_name(request.repo_id, "repo_id")),
            text=read_query(request.query),
            limit=read_page_size(request.page_size),
            after=read_page_token(request.page_token, str),
        )
        return wire.ListBranchesResponse(
            branches=[
                wire.Branch(
                    name=branch.name,
                    sha=branch.sha,
                    default=branch.name == page.default_branch,
                    protected=branch.protected,
                )
                for branch in page.branches
            ],
            next_page_token=encode_cursor(page.next) or "",
            fetched_at=stamp(page.fetched_at),
            stale=page.is_stale,
            complete=page.is_complete,
        )

    async def ListDirectories(
        self, request: wire.ListDirectoriesRequest, context: Context
    ) -> wire.ListDirectoriesResponse:
        directories = await self.application.catalog.list_directories(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_name(request.provider, "provider"),
            repo_id=RepoId(read_name(request.repo_id, "repo_id")),
            ref=read_ref(request.ref, "ref") if request.ref else "",
            text=read_query(request.query),
            limit=read_page_size(request.page_size),
        )
        return wire.ListDirectoriesResponse(paths=directories.paths, complete=directories.is_complete)


def _repository(repository: Repository, projects: Sequence[Project]) -> wire.Repository:
    return wire.Repository(
        repo_id=repository.repo_id,
        full_name=repository.full_name,
        url=repository.url,
        private=repository.private,
        visibility=repository.visibility,
        archived=repository.archived,
        fork=repository.fork,
        default_branch=repository.default_branch,
        description=repository.description,
        language=repository.language,
        pushed_at=stamp(repository.pushed_at),
        updated_at=stamp(repository.provider_updated_at),
        projects=[wire.LinkedProject(project_id=str(project.external_id), name=project.name) for project in projects],
    )
