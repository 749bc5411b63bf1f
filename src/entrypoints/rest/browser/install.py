from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from msgspec import Meta
from starlette.responses import Response

from core.application import Install
from core.domain.errors import DomainError
from core.domain.flows.callback import (
    ApprovalNotFound,
    AuthorizationDenied,
    Callback,
    ChoiceInvalid,
    CodeMissing,
    SetupAction,
)
from core.domain.flows.flow import FlowExpired, FlowInProgress, FlowInterrupted, FlowInvalid, FlowUsed, to_local_path
from core.domain.install.claims import InstallationNotProven, InstallationNotVisible
from core.domain.integrations.integration import InstallationBoundElsewhere, OrganizationAlreadyConnected
from core.domain.organizations import OrganizationNotFound
from core.domain.permissions import ActionForbidden
from core.domain.provider_errors import EmailUnverified
from core.domain.secret import Secret
from core.use_cases.account import WhoAmI
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import NoFlow
from entrypoints.rest.browser.browser_flow import BrowserFlow, Redirect, redirect
from entrypoints.rest.browser.install_responses import INSTALL, InstallStep, install_response, integrations_path
from entrypoints.rest.browser.pages import Pages
from entrypoints.rest.http.authentication import OriginNotAllowed
from entrypoints.rest.http.operations import HTML, Access, Call, Operation, OperationGroup, Success, Tag, redirect_to
from entrypoints.rest.http.requests import (
    IgnoredQuery,
    LocalPath,
    Query,
    prefers_page,
    read_form,
    request_id_of,
    takes_json,
)
from entrypoints.rest.openapi.errors import OF_APP, OF_CALLBACK

_CALLBACK = "/api/v1/git/{provider}/callback"
_MAX_FORM_BYTES = 4096
_NEXT_PAGE = "The dashboard, or the provider's page."
_OF_START: Sequence[type[DomainError]] = (OrganizationNotFound, ActionForbidden, OrganizationAlreadyConnected, *OF_APP)

_ProviderText = Annotated[
    str,
    Meta(
        max_length=512,
        pattern="^[ -~]*$",
        description="Added to the redirect by the provider. Pass the value that the provider sent.",
    ),
]
_InstallationId = Annotated[
    str,
    Meta(
        max_length=19,
        pattern="^[0-9]*$",
        description="The id of the installation, a number. Added to the redirect by the provider. Pass the value that "
        "the provider sent.",
    ),
]

_OF_STEP: Sequence[type[DomainError]] = (
    FlowInvalid,
    FlowExpired,
    FlowUsed,
    FlowInProgress,
    FlowInterrupted,
    OrganizationNotFound,
    ActionForbidden,
    InstallationNotVisible,
    InstallationNotProven,
    InstallationBoundElsewhere,
    OrganizationAlreadyConnected,
    *OF_CALLBACK,
)


class InstallQuery(Query, frozen=True):
    """Which organization to connect and how, and where the browser goes afterwards."""

    organization_id: Annotated[
        UUID, Meta(description="The organization to connect. Pass the id of an organization, a UUID.")
    ]
    return_to: LocalPath = ""
    mode: Annotated[
        InstallMode | None,
        Meta(
            description="`new`: install the app. `existing`: choose from the installations that the user "
            "administers. The default is `existing` if the organization was connected before, "
            "otherwise `new`. Pass new or existing."
        ),
    ] = None


class CallbackQuery(Query, frozen=True, forbid_unknown_fields=False):
    """The parameters of the provider's redirect. Each can be missing, and the provider can add others."""

    state: _ProviderText = ""
    code: _ProviderText = ""
    installation_id: _InstallationId = ""
    setup_action: _ProviderText = ""
    error: _ProviderText = ""


def operations(flow: BrowserFlow, install: Install, who_am_i: WhoAmI) -> list[Operation]:
    """Return the operations for installing the app in the browser."""
    group = OperationGroup(Tag.PROVIDER)

    @group.add(
        "GET",
        INSTALL,
        "Start installing the app",
        Success(Redirect),
        Success(media_type=HTML),
        redirect_to("The provider's page."),
        errors=[*_OF_START, OriginNotAllowed],
        access=Access.USER,
        error_page=flow.pages.show_error,
        description="Redirects the browser of an owner or admin to the provider, to install the app or to choose an "
        "existing installation. With `Accept: application/json`, returns the URL instead. A browser that does not come "
        "from a page of this service gets a confirmation page first.",
    )
    async def install_app(call: Call[InstallQuery, None]) -> Response:
        if flow.needs_confirmation(call.request, is_json=takes_json(call.request)):
            return await _confirm(call, flow.pages, who_am_i)
        return await install_app_confirmed(call)

    @group.add(
        "POST",
        INSTALL,
        "Start installing the app after confirmation",
        Success(Redirect),
        Success(media_type=HTML),
        redirect_to("The provider's page.", HTTPStatus.SEE_OTHER),
        errors=_OF_START,
        access=Access.USER,
        error_page=flow.pages.show_error,
        description="Does the same as `GET`, without the confirmation page. The form of the confirmation page sends "
        "this request.",
    )
    async def install_app_confirmed(call: Call[InstallQuery, None]) -> Response:
        # Authentication rejects the session cookie of a form from another site, by its `Origin`.
        organization_id = call.query.organization_id
        started = await install.begin(
            call.actor,
            organization_id=organization_id,
            provider=call.provider,
            return_to=to_local_path(call.query.return_to, otherwise=integrations_path(organization_id)),
            mode=call.query.mode,
        )
        return flow.start(call.request, started, is_json=takes_json(call.request))

    @group.add(
        "GET",
        _CALLBACK,
        "Finish installing the app",
        Success(InstallStep),
        Success(media_type=HTML),
        redirect_to(_NEXT_PAGE),
        errors=[*_OF_STEP, AuthorizationDenied, CodeMissing, ApprovalNotFound, EmailUnverified],
        access=Access.ANYONE,
        error_page=flow.pages.show_error,
        description="The provider redirects the browser here. The `state` and the flow's cookie authenticate the "
        "request. If the browser has a session, the session must belong to the user who started the flow.",
    )
    async def return_from_installing(call: Call[CallbackQuery, None]) -> Response:
        result = await install.finish(
            call.provider,
            _to_callback(call.query),
            cookies=flow.cookies.reader(call.request),
            flow_ids=flow.cookies.flow_ids(call.request),
            session=await flow.find_session(call.request),
            request_id=request_id_of(call.request.scope),
        )
        return_path = flow.cookies.find_return_path(call.request)
        is_saved = isinstance(result, NoFlow) and result.setup_action is SetupAction.UPDATE
        if is_saved and return_path is not None and prefers_page(call.request):
            response = redirect(call.request, flow.pages.back(return_path).url)
            flow.cookies.delete_return_path(response)
            return response
        return install_response(call.request, result, flow.pages)

    @group.add(
        "POST",
        _CALLBACK,
        "Connect the chosen installation",
        Success(InstallStep),
        Success(media_type=HTML),
        redirect_to(_NEXT_PAGE, HTTPStatus.SEE_OTHER),
        errors=[*_OF_STEP, ChoiceInvalid],
        access=Access.ANYONE,
        error_page=flow.pages.show_error,
        description="Continues with the installation or the approval request that the user chose on the selection "
        "page. The form of the selection page sends this request.",
    )
    async def choose_installation(call: Call[IgnoredQuery, None]) -> Response:
        form = await read_form(call.request, max_bytes=_MAX_FORM_BYTES)
        page = form.get("page", "")
        result = await install.finish.choose(
            call.provider,
            form.get("state", ""),
            form.get("installation_id") or form.get("account_id", ""),
            page=int(page) if page.isascii() and page.isdecimal() else None,
            cookies=flow.cookies.reader(call.request),
            session=await flow.find_session(call.request),
            request_id=request_id_of(call.request.scope),
        )
        return install_response(call.request, result, flow.pages)

    return group.operations


async def _confirm(call: Call[InstallQuery, None], pages: Pages, who_am_i: WhoAmI) -> Response:
    """Return the confirmation page: a link on another site could connect an account to another team.

    If the user has authorized the app before, the provider shows no page.
    """
    account = await who_am_i(call.actor)
    names = {membership.organization.external_id: membership.organization.name for membership in account.memberships}
    if call.query.organization_id not in names:
        raise OrganizationNotFound(
            "The organization does not exist, or you are not a member of it. Check the organization id."
        )
    return pages.confirm(
        call.request,
        f"Connect {names[call.query.organization_id]}?",
        "This request came from another page. If you continue, all members of this crewkit organization "
        "can see the repositories of the account that you connect.",
    )


def _to_callback(query: CallbackQuery) -> Callback:
    setup_actions = {action.value: action for action in SetupAction}
    return Callback(
        state=query.state or None,
        code=Secret(query.code) if query.code else None,
        installation_id=query.installation_id or None,
        setup_action=setup_actions.get(query.setup_action),
        error=query.error or None,
    )
