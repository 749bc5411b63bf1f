from collections.abc import Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from core.application import Application
from core.domain.identifiers import RepoId
from core.domain.links.link import LinkChoices
from core.domain.links.views import LinkView, ProjectView, Unreachable
from core.domain.organizations import ProjectPosition
from crewkit.git.v1 import projects_pb2 as wire
from crewkit.git.v1 import rules_pb2
from crewkit.git.v1.projects_pb2_grpc import ProjectRepositoryServiceServicer
from entrypoints.edge.cursors import encode_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import (
    invalid_field,
    read_id,
    read_name,
    read_page_size,
    read_page_token,
    read_provider,
    read_ref,
    read_request_id,
)
from entrypoints.grpc_api.messages import remedy, stamp
from entrypoints.grpc_api.rules import read_change, read_rules, to_affected_response, to_preview, to_rules


@dataclass(frozen=True, slots=True)
class ProjectRepositories(ProjectRepositoryServiceServicer):
    """Implements `ProjectRepositoryService`."""

    application: Application

    async def ListProjects(self, request: wire.ListProjectsRequest, context: Context) -> wire.ListProjectsResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        page = await self.application.links.list_projects(
            actor(),
            organization_id=organization_id,
            limit=read_page_size(request.page_size),
            after=read_page_token(request.page_token, ProjectPosition),
            linked=request.linked if request.HasField("linked") else None,
        )
        return wire.ListProjectsResponse(
            projects=[_project(view, organization_id) for view in page.projects],
            next_page_token=encode_cursor(page.next) or "",
        )

    async def GetProject(self, request: wire.GetProjectRequest, context: Context) -> wire.GetProjectResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        view = await self.application.links.show_project(
            actor(), organization_id=organization_id, project_id=read_id(request.project_id, "project_id")
        )
        return wire.GetProjectResponse(project=_project(view, organization_id))

    async def GetProjectRepository(
        self, request: wire.GetProjectRepositoryRequest, context: Context
    ) -> wire.GetProjectRepositoryResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        view = await self.application.links.show(
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
        done = await self.application.links.create(
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
        view = await self.application.links.change(
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
        await self.application.links.delete(
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
        done = await self.application.links.import_repository(
            actor(),
            organization_id=organization_id,
            provider=read_provider(request.provider),
            repo_id=RepoId(read_name(request.repo_id, "repo_id")),
            name=request.name if request.HasField("name") else None,
            choices=read_choices(request.choices),
            key=read_request_id(request.request_id),
        )
        return wire.ImportRepositoryResponse(project=_project(done.result, organization_id), replayed=done.is_replay)

    async def PreviewRules(
        self, request: rules_pb2.PreviewRulesRequest, context: Context
    ) -> rules_pb2.PreviewRulesResponse:
        previews = await self.application.links.preview_rules(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            project_id=read_id(request.project_id, "project_id"),
            provider=read_provider(request.provider),
            rules=read_rules(request.rules, "rules"),
            last=read_page_size(request.last, field="last"),
        )
        return rules_pb2.PreviewRulesResponse(events=[to_preview(preview) for preview in previews])

    async def ListChangedFiles(
        self, request: wire.ListChangedFilesRequest, context: Context
    ) -> wire.ListChangedFilesResponse:
        comparison = await self.application.catalog.list_changed_files(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            project_id=read_id(request.project_id, "project_id"),
            provider=read_provider(request.provider),
            base=read_ref(request.base, "base"),
            head=read_ref(request.head, "head"),
            from_merge_base=request.merge_base,
        )
        files = comparison.files
        return wire.ListChangedFilesResponse(
            base_sha=comparison.base_sha,
            head_sha=comparison.head_sha,
            paths=files.paths,
            total=files.total,
            complete=files.complete,
        )

    async def ResolveAffectedProjects(
        self, request: rules_pb2.ResolveAffectedProjectsRequest, context: Context
    ) -> rules_pb2.ResolveAffectedProjectsResponse:
        affected = await self.application.links.resolve_affected(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_provider(request.provider),
            repo_id=RepoId(read_name(request.repo_id, "repo_id")),
            **read_change(request),
        )
        return to_affected_response(affected)


def _project(view: ProjectView, organization_id: UUID) -> wire.Project:
    project = view.project
    return wire.Project(
        project_id=str(project.external_id),
        name=project.name,
        created_at=stamp(project.created_at),
        repository=link(view.links[0], organization_id) if view.links else None,
    )


UNREACHABLE: Mapping[Unreachable, "wire.UnreachableReason.ValueType"] = {
    Unreachable.INTEGRATION_REVOKED: wire.UNREACHABLE_REASON_INTEGRATION_REVOKED,
    Unreachable.INTEGRATION_SUSPENDED: wire.UNREACHABLE_REASON_INTEGRATION_SUSPENDED,
    Unreachable.REPOSITORY_REMOVED: wire.UNREACHABLE_REASON_REPOSITORY_REMOVED,
}


def read_choices(choices: wire.LinkChoices) -> LinkChoices:
    """Convert the link settings in a request."""
    return LinkChoices(
        default_branch=choices.default_branch if choices.HasField("default_branch") else None,
        webhooks_enabled=choices.webhooks_enabled if choices.HasField("webhooks_enabled") else None,
        root_directory=choices.root_directory if choices.HasField("root_directory") else None,
        rules=read_rules(choices.rules, "choices.rules") if choices.HasField("rules") else None,
    )


def read_changes(request: wire.UpdateProjectRepositoryRequest) -> LinkChoices:
    """Return the settings that the mask names, or all present settings if there is no mask."""
    choices = read_choices(request.choices)
    masked = list(request.update_mask.paths)
    if masked in ([], ["*"]):
        return choices
    settings = asdict(choices)
    for name in masked:
        if name not in settings:
            raise invalid_field("update_mask", f"Must contain only {', '.join(settings)}, or only *.")
        if settings[name] is None:
            raise invalid_field(f"choices.{name}", "Required, because `update_mask` names it.")
    return LinkChoices(**{name: settings[name] for name in masked})


def link(view: LinkView, organization_id: UUID) -> wire.ProjectRepository:
    """Convert a link to its message."""
    stored = view.link
    return wire.ProjectRepository(
        link_id=str(stored.external_id),
        project_id=str(stored.project_external_id),
        provider=stored.provider,
        repo_id=stored.repo_id,
        full_name=stored.repo_full_name,
        url=stored.repo_url,
        default_branch=stored.default_branch,
        webhooks_enabled=stored.webhooks_enabled,
        root_directory=stored.root_directory or None,
        rules=to_rules(stored.rules),
        reachable=view.reason is None,
        reason=UNREACHABLE[view.reason] if view.reason else wire.UNREACHABLE_REASON_UNSPECIFIED,
        remedy=remedy(view.remedy, stored.provider, organization_id, view.manage_url),
        created_at=stamp(stored.created_at),
        updated_at=stamp(stored.updated_at),
        archived=view.archived,
        previous_full_name=stored.previous_full_name,
    )
