from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from core.domain.catalog.repository import RepositoryArchived, RepositoryNotFound
from core.domain.identifiers import RepoId
from core.domain.links.choices import LinkInvalid
from core.domain.links.link import LinkReplaced, ProjectAlreadyLinked, ProjectNotLinked
from core.domain.links.projects import ProjectNotFound
from core.domain.provider import ProviderUnknown
from core.use_cases.links.change_link import ChangeLink, ShowLink
from core.use_cases.links.link_repository import LinkRepository
from core.use_cases.links.unlink_repository import UnlinkRepository
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.bodies import read_json
from entrypoints.rest.http.idempotency import OF_KEYS, TOLD, answered, read_key
from entrypoints.rest.http.json_response import Json
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.paths import PROJECT_REPOSITORY
from entrypoints.rest.http.queries import NoQuery, read_query
from entrypoints.rest.openapi.errors import OF_CATALOG
from entrypoints.rest.resources.link_bodies import (
    LinkBody,
    LinkForm,
    LinkPatch,
    LinkQuery,
    UnlinkQuery,
    choices_of,
    link_body,
)

_OF_LINK = [ProjectNotLinked, ProjectNotFound, ProviderUnknown]


def operations(
    authentication: Authentication,
    show_link: ShowLink,
    link_repository: LinkRepository,
    change_link: ChangeLink,
    unlink_repository: UnlinkRepository,
) -> list[Operation]:
    """Return what can be done with a project's repository."""

    async def show(request: Request) -> Response:
        actor = await authentication(request)
        organization_id = request.path_params["org_id"]
        view = await show_link(
            actor,
            organization_id=organization_id,
            project_id=request.path_params["project_id"],
            provider=read_query(request, LinkQuery).provider,
        )
        return Json(link_body(view, organization_id))

    async def link(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        form = await read_json(request, LinkForm)
        organization_id = request.path_params["org_id"]
        done = await link_repository(
            actor,
            organization_id=organization_id,
            project_id=request.path_params["project_id"],
            provider=form.provider,
            repo_id=RepoId(form.repo_id),
            choices=choices_of(form),
            key=read_key(request),
            replace=form.replace,
        )
        body = link_body(done.result.view, organization_id)
        if not done.result.is_new:
            return answered(done, body)
        return answered(done, body, HTTPStatus.CREATED, {"location": request.url.path})

    async def change(request: Request) -> Response:
        actor = await authentication(request)
        query = read_query(request, LinkQuery)
        form = await read_json(request, LinkPatch)
        organization_id = request.path_params["org_id"]
        view = await change_link(
            actor,
            organization_id=organization_id,
            project_id=request.path_params["project_id"],
            provider=query.provider,
            choices=choices_of(form),
        )
        return Json(link_body(view, organization_id))

    async def unlink(request: Request) -> Response:
        actor = await authentication(request)
        query = read_query(request, UnlinkQuery)
        await unlink_repository(
            actor,
            organization_id=request.path_params["org_id"],
            project_id=request.path_params["project_id"],
            provider=query.provider,
            link_id=query.link_id,
        )
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return [
        Operation(
            "GET",
            PROJECT_REPOSITORY,
            show,
            name="show_link",
            summary="Get a project's link",
            tag=Tag.PROJECTS,
            description="Returns the link between the project and a repository, and whether the "
            "integration can access the repository. A project has at most one link per "
            "provider.",
            query=LinkQuery,
            answers=[Answer(LinkBody)],
            refusals=_OF_LINK,
        ),
        Operation(
            "POST",
            PROJECT_REPOSITORY,
            link,
            name="link_repository",
            summary="Link a project to a repository",
            tag=Tag.PROJECTS,
            description="Links the project to a repository of the repository catalog. If the project is "
            "already linked to this repository with the same settings, returns 200 with the "
            "existing link.",
            body=LinkForm,
            answers=[
                Answer(LinkBody, HTTPStatus.CREATED, headers={"Location": "The path of the link.", **TOLD}),
                Answer(
                    LinkBody,
                    description="The project was already linked to this repository with the same settings.",
                    headers=TOLD,
                ),
            ],
            refusals=[
                *OF_CATALOG,
                *OF_KEYS,
                LinkInvalid,
                ProjectAlreadyLinked,
                ProjectNotFound,
                ProviderUnknown,
                RepositoryArchived,
                RepositoryNotFound,
            ],
            takes_idempotency_key=True,
        ),
        Operation(
            "PATCH",
            PROJECT_REPOSITORY,
            change,
            name="change_link",
            summary="Update a project's link",
            tag=Tag.PROJECTS,
            description="Changes the branch, the root directory, or whether pushes and pull requests are "
            "forwarded to the project. Fields that are not in the request keep their values.",
            query=LinkQuery,
            body=LinkPatch,
            answers=[Answer(LinkBody)],
            refusals=[*_OF_LINK, LinkInvalid],
        ),
        Operation(
            "DELETE",
            PROJECT_REPOSITORY,
            unlink,
            name="unlink_repository",
            summary="Unlink a project",
            tag=Tag.PROJECTS,
            description="Removes the link. Later events of the repository are not forwarded to the "
            "project. Existing webhook events and audit versions are kept.",
            query=UnlinkQuery,
            answers=[Answer(status=HTTPStatus.NO_CONTENT)],
            refusals=[*_OF_LINK, LinkReplaced],
        ),
    ]
