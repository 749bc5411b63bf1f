from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.integrations.integration import InstallationOfOtherPerson
from core.domain.organizations import OrganizationNotFound
from core.domain.permissions import ActionForbidden
from core.use_cases.integrations.manage_pages import FindManagePage
from entrypoints.rest.browser.browser_flow import BrowserFlow, Redirection
from entrypoints.rest.browser.pages import takes_json
from entrypoints.rest.http.operations import HTML, Answer, Operation, Tag
from entrypoints.rest.http.queries import LocalPath, Query, read_query
from entrypoints.rest.openapi.errors import OF_CATALOG

_MANAGE = "/api/v1/git/{provider}/manage"


class ManageQuery(Query, frozen=True):
    """Which organization, and where the browser goes after the user has saved the settings."""

    organization_id: Annotated[
        UUID, Meta(description="The organization whose installation to manage. Pass the id of an organization, a UUID.")
    ]
    return_to: LocalPath = "/"


@dataclass(frozen=True, slots=True)
class Managing:
    """Managing an installation at the provider, over HTTP.

    The provider's page does not return a state, so a cookie has the path to return to. The cookie grants
    nothing, and only a path of this service is used.
    """

    flow: BrowserFlow
    find_manage_page: FindManagePage

    def operations(self) -> list[Operation]:
        """Return the operations."""
        return [
            Operation(
                "GET",
                _MANAGE,
                self.flow.pages.for_people(self._manage),
                name="manage_app",
                summary="Open the installation settings at the provider",
                description="Redirects the browser to the provider's page where a user chooses the "
                "repositories of the installation. With `Accept: application/json`, returns the URL "
                "instead.",
                tag=Tag.PROVIDER,
                query=ManageQuery,
                answers=[
                    Answer(Redirection),
                    Answer(media_type=HTML),
                    Answer(status=HTTPStatus.FOUND, headers={"location": "The provider's page."}),
                ],
                refusals=[OrganizationNotFound, ActionForbidden, InstallationOfOtherPerson, *OF_CATALOG],
            )
        ]

    async def _manage(self, request: Request) -> Response:
        actor = await self.flow.authentication(request)
        query = read_query(request, ManageQuery)
        page = await self.find_manage_page(
            actor,
            organization_id=query.organization_id,
            provider=request.path_params["provider"],
            return_to=query.return_to,
        )
        response = self.flow.redirect(request, page.url, is_json=takes_json(request))
        self.flow.cookies.set_return_path(response, page.return_to)
        return response
