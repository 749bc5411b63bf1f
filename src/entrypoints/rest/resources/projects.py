from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.catalog.repository import RepositoryArchived, RepositoryNotFound
from core.domain.identifiers import RepoId
from core.domain.links.choices import LinkInvalid
from core.domain.links.projects import ProjectNameInvalid, ProjectNameTaken, ProjectNotFound, ProjectPosition
from core.domain.links.views import ProjectView
from core.domain.provider import ProviderUnknown
from core.use_cases.links.import_repository import ImportRepository
from core.use_cases.links.list_projects import ListProjects, ShowProject
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.bodies import read_json
from entrypoints.rest.http.cursors import decode_cursor, encode_cursor
from entrypoints.rest.http.idempotency import OF_KEYS, TOLD, answered, read_key
from entrypoints.rest.http.json_response import Json, Time
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.paths import PROJECT, PROJECTS
from entrypoints.rest.http.queries import Cursor, Limit, NoQuery, Query, read_query
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


def operations(
    authentication: Authentication,
    list_projects: ListProjects,
    show_project: ShowProject,
    import_repository: ImportRepository,
) -> list[Operation]:
    """Return what can be done with an organization's projects."""

    async def projects(request: Request) -> Response:
        actor = await authentication(request)
        query = read_query(request, ProjectQuery)
        organization_id = request.path_params["org_id"]
        page = await list_projects(
            actor,
            organization_id=organization_id,
            limit=query.limit,
            after=decode_cursor(query.cursor, ProjectPosition),
            linked=query.linked,
        )
        following = encode_cursor(page.next) if page.next else None
        return Json(ProjectList([_body(view, organization_id) for view in page.projects], following))

    async def project(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        organization_id = request.path_params["org_id"]
        view = await show_project(actor, organization_id=organization_id, project_id=request.path_params["project_id"])
        return Json(_body(view, organization_id))

    async def import_project(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        form = await read_json(request, ImportForm)
        organization_id = request.path_params["org_id"]
        done = await import_repository(
            actor,
            organization_id=organization_id,
            provider=form.provider,
            repo_id=RepoId(form.repo_id),
            name=form.name,
            choices=choices_of(form),
            key=read_key(request),
        )
        body = _body(done.result, organization_id)
        location = f"/api/v1/{organization_id}/projects/{body.id}/repository"
        return answered(done, body, HTTPStatus.CREATED, {"location": location})

    return [
        Operation(
            "GET",
            PROJECTS,
            projects,
            name="list_projects",
            summary="List projects",
            tag=Tag.PROJECTS,
            description="Returns the organization's projects, sorted by name, each with its linked repository.",
            query=ProjectQuery,
            answers=[Answer(ProjectList)],
        ),
        Operation(
            "GET",
            PROJECT,
            project,
            name="show_project",
            summary="Get a project",
            tag=Tag.PROJECTS,
            description="Returns one project with its linked repository.",
            answers=[Answer(ProjectBody)],
            refusals=[ProjectNotFound],
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
            answers=[Answer(ProjectBody, HTTPStatus.CREATED, headers={"Location": "The path of the link.", **TOLD})],
            refusals=[
                *OF_CATALOG,
                *OF_KEYS,
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
