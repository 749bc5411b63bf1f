from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from starlette.responses import Response

from core.application import Links
from core.domain.catalog.repository import RepositoryArchived, RepositoryNotFound
from core.domain.identifiers import RepoId
from core.domain.links.link import LinkInvalid, LinkReplaced, ProjectAlreadyLinked, ProjectNotLinked
from core.domain.links.views import ProjectView
from core.domain.organizations import ProjectNameInvalid, ProjectNameTaken, ProjectNotFound, ProjectPosition
from core.domain.provider_errors import ProviderUnknown
from entrypoints.edge.cursors import encode_cursor
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import PROJECT, PROJECT_REPOSITORY, PROJECTS
from entrypoints.rest.http.requests import Cursor, Limit, NoQuery, Query, describe_filter, read_cursor
from entrypoints.rest.http.responses import Json, Time, respond_once
from entrypoints.rest.openapi.errors import OF_CATALOG
from entrypoints.rest.resources.link_bodies import (
    ImportForm,
    LinkBody,
    LinkForm,
    LinkPatch,
    LinkQuery,
    UnlinkQuery,
    choices_of,
    link_body,
)


class ProjectQuery(Query, frozen=True):
    """Which projects to list."""

    linked: Annotated[
        bool | None, describe_filter("projects that are linked to a repository", "projects that are not")
    ] = None
    limit: Limit = 50
    cursor: Cursor = ""


class ProjectBody(msgspec.Struct):
    """A project. `repository` is null if the project is not linked."""

    id: UUID
    name: str
    created_at: Time
    repository: LinkBody | None


class ProjectList(msgspec.Struct):
    """A page of projects, sorted by name."""

    data: list[ProjectBody]
    next_cursor: str | None


def project_operations(links: Links) -> list[Operation]:
    """Return the operations for an organization's projects."""
    group = OperationGroup(Tag.PROJECTS)

    @group.add(
        "GET",
        PROJECTS,
        "List projects",
        Success(ProjectList),
        description="Returns the organization's projects, sorted by name, each with its linked repository.",
    )
    async def list_projects(call: Call[ProjectQuery, None]) -> Response:
        page = await links.list_projects(
            call.actor,
            organization_id=call.organization_id,
            limit=call.query.limit,
            after=read_cursor(call.query.cursor, ProjectPosition),
            linked=call.query.linked,
        )
        projects = [_project_body(view, call.organization_id) for view in page.projects]
        return Json(ProjectList(projects, encode_cursor(page.next)))

    @group.add(
        "GET",
        PROJECT,
        "Get a project",
        Success(ProjectBody),
        errors=[ProjectNotFound],
        description="Returns one project with its linked repository.",
    )
    async def show_project(call: Call[NoQuery, None]) -> Response:
        view = await links.show_project(call.actor, organization_id=call.organization_id, project_id=call.project_id)
        return Json(_project_body(view, call.organization_id))

    @group.add(
        "POST",
        f"{PROJECTS}/import",
        "Import a repository as a project",
        Success(ProjectBody, HTTPStatus.CREATED, headers={"Location": "The path of the link."}),
        errors=[
            *OF_CATALOG,
            LinkInvalid,
            ProjectNameInvalid,
            ProjectNameTaken,
            ProviderUnknown,
            RepositoryArchived,
            RepositoryNotFound,
        ],
        takes_idempotency_key=True,
        description="Creates a project and links it to the repository in one transaction. If the project or the link "
        "cannot be created, nothing is changed.",
    )
    async def import_repository(call: Call[NoQuery, ImportForm]) -> Response:
        once = await links.import_repository(
            call.actor,
            organization_id=call.organization_id,
            provider=call.body.provider,
            repo_id=RepoId(call.body.repo_id),
            name=call.body.name,
            choices=choices_of(call.body),
            key=call.key,
        )
        body = _project_body(once.result, call.organization_id)
        location = f"/api/v1/{call.organization_id}/projects/{body.id}/repository"
        return respond_once(once, body, HTTPStatus.CREATED, {"location": location})

    return group.operations


def _project_body(view: ProjectView, organization_id: UUID) -> ProjectBody:
    project = view.project
    link = link_body(view.links[0], organization_id) if view.links else None
    return ProjectBody(project.external_id, project.name, project.created_at, link)


_OF_LINK = [ProjectNotLinked, ProjectNotFound, ProviderUnknown]


def link_operations(links: Links) -> list[Operation]:
    """Return the operations for the link of a project."""
    group = OperationGroup(Tag.PROJECTS)

    @group.add(
        "GET",
        PROJECT_REPOSITORY,
        "Get a project's link",
        Success(LinkBody),
        errors=_OF_LINK,
        description="Returns the link between the project and a repository, and whether the integration can access the "
        "repository. A project has at most one link per provider.",
    )
    async def show_link(call: Call[LinkQuery, None]) -> Response:
        view = await links.show(
            call.actor, organization_id=call.organization_id, project_id=call.project_id, provider=call.query.provider
        )
        return Json(link_body(view, call.organization_id))

    @group.add(
        "POST",
        PROJECT_REPOSITORY,
        "Link a project to a repository",
        Success(LinkBody, HTTPStatus.CREATED, headers={"Location": "The path of the link."}),
        Success(LinkBody, description="The project was already linked to this repository with the same settings."),
        errors=[
            *OF_CATALOG,
            LinkInvalid,
            ProjectAlreadyLinked,
            ProjectNotFound,
            ProviderUnknown,
            RepositoryArchived,
            RepositoryNotFound,
        ],
        takes_idempotency_key=True,
        description="Links the project to a repository of the repository catalog. If the project is already linked to "
        "this repository with the same settings, returns 200 with the existing link.",
    )
    async def link_repository(call: Call[NoQuery, LinkForm]) -> Response:
        once = await links.create(
            call.actor,
            organization_id=call.organization_id,
            project_id=call.project_id,
            provider=call.body.provider,
            repo_id=RepoId(call.body.repo_id),
            choices=choices_of(call.body),
            key=call.key,
            replace=call.body.replace,
        )
        body = link_body(once.result.view, call.organization_id)
        if not once.result.is_new:
            return respond_once(once, body)
        return respond_once(once, body, HTTPStatus.CREATED, {"location": call.request.url.path})

    @group.add(
        "PATCH",
        PROJECT_REPOSITORY,
        "Update a project's link",
        Success(LinkBody),
        errors=[*_OF_LINK, LinkInvalid],
        description="Changes the branch, the root directory, or whether pushes and pull requests are forwarded to the "
        "project. Fields that are not in the request keep their values.",
    )
    async def change_link(call: Call[LinkQuery, LinkPatch]) -> Response:
        view = await links.change(
            call.actor,
            organization_id=call.organization_id,
            project_id=call.project_id,
            provider=call.query.provider,
            choices=choices_of(call.body),
        )
        return Json(link_body(view, call.organization_id))

    @group.add(
        "DELETE",
        PROJECT_REPOSITORY,
        "Unlink a project",
        Success(status=HTTPStatus.NO_CONTENT),
        errors=[*_OF_LINK, LinkReplaced],
        description="Removes the link. Later events of the repository are not forwarded to the project. Existing "
        "webhook events and audit versions are kept.",
    )
    async def unlink_repository(call: Call[UnlinkQuery, None]) -> Response:
        await links.delete(
            call.actor,
            organization_id=call.organization_id,
            project_id=call.project_id,
            provider=call.query.provider,
            link_id=call.query.link_id,
        )
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return group.operations
