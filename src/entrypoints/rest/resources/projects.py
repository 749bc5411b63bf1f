from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Links
from core.domain.catalog.repository import RepositoryArchived, RepositoryNotFound
from core.domain.identifiers import RepoId
from core.domain.links.choices import LinkInvalid
from core.domain.links.projects import ProjectNameInvalid, ProjectNameTaken, ProjectNotFound, ProjectPosition
from core.domain.links.views import ProjectView
from core.domain.provider import ProviderUnknown
from entrypoints.edge.cursors import encode_cursor
from entrypoints.rest.http.operations import Call, Operation, Success, Tag
from entrypoints.rest.http.paths import PROJECT, PROJECTS
from entrypoints.rest.http.requests import Cursor, Limit, NoQuery, Query, read_cursor
from entrypoints.rest.http.responses import Json, Time, once_response
from entrypoints.rest.openapi.errors import OF_CATALOG
from entrypoints.rest.resources.link_bodies import ImportForm, LinkBody, choices_of, link_body


class ProjectQuery(Query, frozen=True):
    """Which projects to list."""

    linked: Annotated[
        bool | None,
        Meta(
            description="`true`: only projects that are linked to a repository. `false`: only projects that "
            "are not. Pass true or false."
        ),
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


def operations(links: Links) -> list[Operation]:
    """Return the operations for an organization's projects."""

    async def list_projects(call: Call[ProjectQuery, None]) -> Response:
        page = await links.list_projects(
            call.actor,
            organization_id=call.organization_id,
            limit=call.query.limit,
            after=read_cursor(call.query.cursor, ProjectPosition),
            linked=call.query.linked,
        )
        next_cursor = encode_cursor(page.next) if page.next else None
        return Json(ProjectList([_body(view, call.organization_id) for view in page.projects], next_cursor))

    async def show_project(call: Call[NoQuery, None]) -> Response:
        view = await links.show_project(call.actor, organization_id=call.organization_id, project_id=call.project_id)
        return Json(_body(view, call.organization_id))

    async def import_project(call: Call[NoQuery, ImportForm]) -> Response:
        once = await links.import_repository(
            call.actor,
            organization_id=call.organization_id,
            provider=call.body.provider,
            repo_id=RepoId(call.body.repo_id),
            name=call.body.name,
            choices=choices_of(call.body),
            key=call.key,
        )
        body = _body(once.result, call.organization_id)
        location = f"/api/v1/{call.organization_id}/projects/{body.id}/repository"
        return once_response(once, body, HTTPStatus.CREATED, {"location": location})

    return [
        Operation(
            "GET",
            PROJECTS,
            list_projects,
            name="list_projects",
            summary="List projects",
            tag=Tag.PROJECTS,
            description="Returns the organization's projects, sorted by name, each with its linked repository.",
            query=ProjectQuery,
            responses=[Success(ProjectList)],
        ),
        Operation(
            "GET",
            PROJECT,
            show_project,
            name="show_project",
            summary="Get a project",
            tag=Tag.PROJECTS,
            description="Returns one project with its linked repository.",
            responses=[Success(ProjectBody)],
            errors=[ProjectNotFound],
        ),
        Operation(
            "POST",
            f"{PROJECTS}/import",
            import_project,
            name="import_repository",
            summary="Import a repository as a project",
            tag=Tag.PROJECTS,
            description="Creates a project and links it to the repository in one transaction. If the project "
            "or the link cannot be created, nothing is changed.",
            body=ImportForm,
            responses=[Success(ProjectBody, HTTPStatus.CREATED, headers={"Location": "The path of the link."})],
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
        ),
    ]


def _body(view: ProjectView, organization_id: UUID) -> ProjectBody:
    project = view.project
    link = link_body(view.links[0], organization_id) if view.links else None
    return ProjectBody(project.external_id, project.name, project.created_at, link)
