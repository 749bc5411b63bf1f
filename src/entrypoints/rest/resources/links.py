from http import HTTPStatus

from starlette.responses import Response

from core.application import Links
from core.domain.catalog.repository import RepositoryArchived, RepositoryNotFound
from core.domain.identifiers import RepoId
from core.domain.links.choices import LinkInvalid
from core.domain.links.link import LinkReplaced, ProjectAlreadyLinked, ProjectNotLinked
from core.domain.links.projects import ProjectNotFound
from core.domain.provider import ProviderUnknown
from entrypoints.rest.http.operations import Call, Operation, Success, Tag
from entrypoints.rest.http.paths import PROJECT_REPOSITORY
from entrypoints.rest.http.requests import NoQuery
from entrypoints.rest.http.responses import Json, once_response
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


def operations(links: Links) -> list[Operation]:
    """Return the operations for the link of a project."""

    async def show_link(call: Call[LinkQuery, None]) -> Response:
        view = await links.show(
            call.actor, organization_id=call.organization_id, project_id=call.project_id, provider=call.query.provider
        )
        return Json(link_body(view, call.organization_id))

    async def create_link(call: Call[NoQuery, LinkForm]) -> Response:
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
            return once_response(once, body)
        return once_response(once, body, HTTPStatus.CREATED, {"location": call.request.url.path})

    async def change_link(call: Call[LinkQuery, LinkPatch]) -> Response:
        view = await links.change(
            call.actor,
            organization_id=call.organization_id,
            project_id=call.project_id,
            provider=call.query.provider,
            choices=choices_of(call.body),
        )
        return Json(link_body(view, call.organization_id))

    async def delete_link(call: Call[UnlinkQuery, None]) -> Response:
        await links.delete(
            call.actor,
            organization_id=call.organization_id,
            project_id=call.project_id,
            provider=call.query.provider,
            link_id=call.query.link_id,
        )
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return [
        Operation(
            "GET",
            PROJECT_REPOSITORY,
            show_link,
            name="show_link",
            summary="Get a project's link",
            tag=Tag.PROJECTS,
            description="Returns the link between the project and a repository, and whether the "
            "integration can access the repository. A project has at most one link per "
            "provider.",
            query=LinkQuery,
            responses=[Success(LinkBody)],
            errors=_OF_LINK,
        ),
        Operation(
            "POST",
            PROJECT_REPOSITORY,
            create_link,
            name="link_repository",
            summary="Link a project to a repository",
            tag=Tag.PROJECTS,
            description="Links the project to a repository of the repository catalog. If the project is "
            "already linked to this repository with the same settings, returns 200 with the "
            "existing link.",
            body=LinkForm,
            responses=[
                Success(LinkBody, HTTPStatus.CREATED, headers={"Location": "The path of the link."}),
                Success(
                    LinkBody, description="The project was already linked to this repository with the same settings."
                ),
            ],
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
        ),
        Operation(
            "PATCH",
            PROJECT_REPOSITORY,
            change_link,
            name="change_link",
            summary="Update a project's link",
            tag=Tag.PROJECTS,
            description="Changes the branch, the root directory, or whether pushes and pull requests are "
            "forwarded to the project. Fields that are not in the request keep their values.",
            query=LinkQuery,
            body=LinkPatch,
            responses=[Success(LinkBody)],
            errors=[*_OF_LINK, LinkInvalid],
        ),
        Operation(
            "DELETE",
            PROJECT_REPOSITORY,
            delete_link,
            name="unlink_repository",
            summary="Unlink a project",
            tag=Tag.PROJECTS,
            description="Removes the link. Later events of the repository are not forwarded to the "
            "project. Existing webhook events and audit versions are kept.",
            query=UnlinkQuery,
            responses=[Success(status=HTTPStatus.NO_CONTENT)],
            errors=[*_OF_LINK, LinkReplaced],
        ),
    ]
