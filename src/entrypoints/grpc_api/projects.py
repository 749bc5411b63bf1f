from dataclasses import dataclass
from uuid import UUID

from core.domain.identifiers import RepoId
from core.domain.links.views import ProjectView
from core.domain.organizations import ProjectPosition
from core.use_cases.links.change_link import ChangeLink, ShowLink
from core.use_cases.links.import_repository import ImportRepository
from core.use_cases.links.link_repository import LinkRepository
from core.use_cases.links.list_projects import ListProjects, ShowProject
from core.use_cases.links.unlink_repository import UnlinkRepository
from crewkit.git.v1 import projects_pb2 as wire
from crewkit.git.v1.projects_pb2_grpc import ProjectRepositoryServiceServicer
from entrypoints.edge.cursors import encode_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import (
    read_id,
    read_name,
    read_page_size,
    read_page_token,
    read_provider,
    read_request_id,
)
from entrypoints.grpc_api.links import link, read_changes, read_choices
from entrypoints.grpc_api.times import stamp


@dataclass(frozen=True, slots=True)
class ProjectRepositories(ProjectRepositoryServiceServicer):
    """Implements `ProjectRepositoryService`."""

    list_projects: ListProjects
    show_project: ShowProject
    show_link: ShowLink
    link_repository: LinkRepository
    change_link: ChangeLink
    unlink_repository: UnlinkRepository
    import_repository: ImportRepository

    async def ListProjects(self, request: wire.ListProjectsRequest, context: Context) -> wire.ListProjectsResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        page = await self.list_projects(
            actor(),
            organization_id=organization_id,
            limit=read_page_size(request.page_size),
            after=read_page_token(request.page_token, ProjectPosition),
            linked=request.linked if request.HasField("linked") else None,
        )
        return wire.ListProjectsResponse(
            projects=[_project(view, organization_id) for view in page.projects],
            next_page_token=encode_cursor(page.next) if page.next else "",
        )

    async def GetProject(self, request: wire.GetProjectRequest, context: Context) -> wire.GetProjectResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        view = await self.show_project(
            actor(), organization_id=organization_id, project_id=read_id(request.project_id, "project_id")
        )
        return wire.GetProjectResponse(project=_project(view, organization_id))

    async def GetProjectRepository(
        self, request: wire.GetProjectRepositoryRequest, context: Context
    ) -> wire.GetProjectRepositoryResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        view = await self.show_link(
            actor(),
            organization_id=organization_id,
            project_id=read_id(request.project_id, "project_id"),
            provider=read_provider(request.provider),
        )
        return wire.GetProjectRepositoryResponse(repository=link(view, organization_id))

    async def LinkProjectRepository(
        self, request: wire.LinkProjectRepositoryRequest, context: Context
    ) -> wire.LinkProjectRepositoryResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        done = await self.link_repository(
            actor(),
            organization_id=organization_id,
            project_id=read_id(request.project_id, "project_id"),
            provider=read_provider(request.provider),
            repo_id=RepoId(read_name(request.repo_id, "repo_id")),
            choices=read_choices(request.choices),
            key=read_request_id(request.request_id),
            replace=request.replace,
        )
        return wire.LinkProjectRepositoryResponse(
            repository=link(done.result.view, organization_id), created=done.result.is_new, replayed=done.is_replay
        )

    async def UpdateProjectRepository(
        self, request: wire.UpdateProjectRepositoryRequest, context: Context
    ) -> wire.UpdateProjectRepositoryResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        view = await self.change_link(
            actor(),
            organization_id=organization_id,
            project_id=read_id(request.project_id, "project_id"),
            provider=read_provider(request.provider),
            choices=read_changes(request),
        )
        return wire.UpdateProjectRepositoryResponse(repository=link(view, organization_id))

    async def UnlinkProjectRepository(
        self, request: wire.UnlinkProjectRepositoryRequest, context: Context
    ) -> wire.UnlinkProjectRepositoryResponse:
        await self.unlink_repository(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            project_id=read_id(request.project_id, "project_id"),
            provider=read_provider(request.provider),
            link_id=read_id(request.link_id, "link_id") if request.HasField("link_id") else None,
        )
        return wire.UnlinkProjectRepositoryResponse()

    async def ImportRepository(
        self, request: wire.ImportRepositoryRequest, context: Context
    ) -> wire.ImportRepositoryResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        done = await self.import_repository(
            actor(),
            organization_id=organization_id,
            provider=read_provider(request.provider),
            repo_id=RepoId(read_name(request.repo_id, "repo_id")),
            name=request.name if request.HasField("name") else None,
            choices=read_choices(request.choices),
            key=read_request_id(request.request_id),
        )
        return wire.ImportRepositoryResponse(project=_project(done.result, organization_id), replayed=done.is_replay)


def _project(view: ProjectView, organization_id: UUID) -> wire.Project:
    project = view.project
    return wire.Project(
        project_id=str(project.external_id),
        name=project.name,
        created_at=stamp(project.created_at),
        repository=link(view.links[0], organization_id) if view.links else None,
    )
