from typing import Annotated
from uuid import UUID

from msgspec import Meta
from starlette.responses import Response

from core.domain.integrations.integration import InstallationOfOtherPerson
from core.domain.organizations import OrganizationNotFound
from core.domain.permissions import ActionForbidden
from core.use_cases.integrations.manage_pages import FindManagePage
from entrypoints.rest.browser.browser_flow import BrowserFlow, Redirect, redirect
from entrypoints.rest.http.operations import HTML, Call, Operation, OperationGroup, Success, Tag, redirect_to
from entrypoints.rest.http.requests import LocalPath, Query, takes_json
from entrypoints.rest.openapi.errors import OF_CATALOG


class ManageQuery(Query, frozen=True):
    """Which organization, and where the browser goes after the user has saved the settings."""

    organization_id: Annotated[
        UUID, Meta(description="The organization whose installation to manage. Pass the id of an organization, a UUID.")
    ]
    return_to: LocalPath = "/"


def operations(flow: BrowserFlow, find_manage_page: FindManagePage) -> list[Operation]:
    """Return the operation that opens the installation settings.

    The provider's page does not return a state, so a cookie has the path to return to. The cookie grants
    nothing, and only a path of this service is used.
    """
    group = OperationGroup(Tag.PROVIDER)

    @group.add(
        "GET",
        "/api/v1/git/{provider}/manage",
        "Open the installation settings at the provider",
        Success(Redirect),
        Success(media_type=HTML),
        redirect_to("The provider's page."),
        errors=[OrganizationNotFound, ActionForbidden, InstallationOfOtherPerson, *OF_CATALOG],
        error_page=flow.pages.show_error,
        description="Redirects the browser to the provider's page where a user chooses the repositories of the "
        "installation. With `Accept: application/json`, returns the URL instead.",
    )
    async def manage_app(call: Call[ManageQuery, None]) -> Response:
        page = await find_manage_page(
            call.actor,
            organization_id=call.query.organization_id,
            provider=call.provider,
            return_to=call.query.return_to,
        )
        response = redirect(call.request, page.url, is_json=takes_json(call.request))
        flow.cookies.set_return_path(response, page.return_to)
        return response

    return group.operations
