from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qs
from uuid import UUID

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.actors import Actor
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
from core.domain.provider import EmailUnverified
from core.domain.secret import Secret
from core.use_cases.account import WhoAmI
from core.use_cases.authorization import UserRequired
from core.use_cases.install.begin_install import BeginInstall, InstallMode
from core.use_cases.install.finish_install import FinishInstall
from core.use_cases.install.results import NoFlow
from entrypoints.rest.browser.browser_flow import BrowserFlow, Redirection, redirect_status
from entrypoints.rest.browser.install_responses import INSTALL, Going, answer_of
from entrypoints.rest.browser.pages import prefers_page, takes_json
from entrypoints.rest.http.authentication import OriginRefused
from entrypoints.rest.http.bodies import read_body
from entrypoints.rest.http.operations import HTML, Access, Answer, Operation, Tag
from entrypoints.rest.http.queries import LocalPath, Query, read_query
from entrypoints.rest.http.request_ids import request_id_of
from entrypoints.rest.openapi.errors import OF_APP, OF_CALLBACK

_CALLBACK = "/api/v1/git/{provider}/callback"
_LARGEST_FORM = 4096

_Given = Annotated[
    str,
    Meta(
        max_length=512,
        pattern="^[ -~]*$",
        description="Added to the redirect by the provider. Pass the value that the provider sent.",
    ),
]
_Named = Annotated[
    str,
    Meta(
        max_length=19,
        pattern="^[0-9]*$",
        description="Added to the redirect by the provider. Pass the id of an installation, a number.",
    ),
]


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

    state: _Given = ""
    code: _Given = ""
    installation_id: _Named = ""
    setup_action: _Given = ""
    error: _Given = ""


@dataclass(frozen=True, slots=True)
class Installing:
    """Installing the app in the browser, over HTTP."""

    flow: BrowserFlow
    begin: BeginInstall
    finish: FinishInstall
    who_am_i: WhoAmI

    def operations(self) -> list[Operation]:
        """Return the operations."""
        return [
            Operation(
                "GET",
                INSTALL,
                self.flow.pages.for_people(self._install),
                name="install_app",
                summary="Start installing the app",
                description="Redirects the browser of an owner or admin to the provider, to install the app "
                "or to choose an existing installation. With `Accept: application/json`, returns the URL "
                "instead. A browser that does not come from a page of this service gets a confirmation "
                "page first.",
                tag=Tag.PROVIDER,
                query=InstallQuery,
                answers=[
                    Answer(Redirection),
                    Answer(media_type=HTML),
                    Answer(status=HTTPStatus.FOUND, headers={"location": "The provider's page."}),
                ],
                refusals=[
                    OrganizationNotFound,
                    ActionForbidden,
                    UserRequired,
                    OriginRefused,
                    OrganizationAlreadyConnected,
                    *OF_APP,
                ],
                access=Access.USER,
            ),
            Operation(
                "POST",
                INSTALL,
                self.flow.pages.for_people(self._install_confirmed),
                name="install_app_confirmed",
                summary="Start installing the app after confirmation",
                description="Does the same as `GET`, without the confirmation page. The form of the "
                "confirmation page sends this request.",
                tag=Tag.PROVIDER,
                query=InstallQuery,
                answers=[
                    Answer(Redirection),
                    Answer(media_type=HTML),
                    Answer(status=HTTPStatus.SEE_OTHER, headers={"location": "The provider's page."}),
                ],
                refusals=[OrganizationNotFound, ActionForbidden, UserRequired, OrganizationAlreadyConnected, *OF_APP],
                access=Access.USER,
            ),
            Operation(
                "GET",
                _CALLBACK,
                self.flow.pages.for_people(self._callback),
                name="return_from_installing",
                summary="Finish installing the app",
                description="The provider redirects the browser here. The `state` and the flow's cookie "
                "authenticate the request. If the browser has a session, the session must belong to "
                "the user who started the flow.",
                tag=Tag.PROVIDER,
                query=CallbackQuery,
                answers=[
                    Answer(Going),
                    Answer(media_type=HTML),
                    Answer(status=HTTPStatus.FOUND, headers={"location": "The dashboard, or the provider's page."}),
                ],
                refusals=[*_OF_FINISHING, AuthorizationDenied, CodeMissing, ApprovalNotFound, EmailUnverified],
                access=Access.ANYONE,
            ),
            Operation(
                "POST",
                _CALLBACK,
                self.flow.pages.for_people(self._choose),
                name="choose_installation",
                summary="Connect the chosen installation",
                tag=Tag.PROVIDER,
                description="Continues with the installation or the approval request that the user chose on "
                "the selection page. The form of the selection page sends this request.",
                answers=[
                    Answer(Going),
                    Answer(media_type=HTML),
                    Answer(status=HTTPStatus.SEE_OTHER, headers={"location": "The dashboard, or the provider's page."}),
                ],
                refusals=[*_OF_FINISHING, ChoiceInvalid],
                access=Access.ANYONE,
            ),
        ]

    async def _install(self, request: Request) -> Response:
        actor = await self.flow.authentication(request)
        query = read_query(request, InstallQuery)
        if self.flow.needs_confirmation(request, is_json=takes_json(request)):
            return await self._confirm(request, actor, query.organization_id)
        return await self._begin(request, actor, query)

    async def _install_confirmed(self, request: Request) -> Response:
        # Authentication rejects the session cookie of a form from another site, by its `Origin`.
        actor = await self.flow.authentication(request)
        return await self._begin(request, actor, read_query(request, InstallQuery))

    async def _begin(self, request: Request, actor: Actor, query: InstallQuery) -> Response:
        started = await self.begin(
            actor,
            organization_id=query.organization_id,
            provider=request.path_params["provider"],
            return_to=to_local_path(query.return_to, otherwise=_integrations(query.organization_id)),
            mode=query.mode,
        )
        return self.flow.start(request, started, is_json=takes_json(request))

    async def _confirm(self, request: Request, actor: Actor, organization_id: UUID) -> Response:
        """Return the confirmation page: a link on another site could connect an account to another team.

        If the user has authorized the app before, the provider shows no page.
        """
        account = await self.who_am_i(actor)
        names = {one.organization.external_id: one.organization.name for one in account.memberships}
        if organization_id not in names:
            raise OrganizationNotFound(
                "The organization does not exist, or you are not a member of it. Check the organization id."
            )
        return self.flow.pages.confirm(
            request,
            f"Connect {names[organization_id]}?",
            "This request came from another page. If you continue, all members of this crewkit organization "
            "can see the repositories of the account that you connect.",
        )

    async def _callback(self, request: Request) -> Response:
        query = read_query(request, CallbackQuery)
        outcome = await self.finish(
            request.path_params["provider"],
            _return(query),
            cookies=self.flow.cookies.reader(request),
            flow_ids=self.flow.cookies.flow_ids(request),
            session=await self.flow.find_session(request),
            request_id=request_id_of(request.scope),
        )
        return_path = self.flow.cookies.find_return_path(request)
        is_saved = isinstance(outcome, NoFlow) and outcome.setup_action is SetupAction.UPDATE
        if is_saved and return_path is not None and prefers_page(request):
            response = self.flow.redirect(request, self.flow.pages.back(return_path).url, is_json=False)
            self.flow.cookies.delete_return_path(response)
            return response
        return answer_of(request, outcome, self.flow.pages, redirect_status(request))

    async def _choose(self, request: Request) -> Response:
        form = _read_form(await read_body(request, limit=_LARGEST_FORM))
        outcome = await self.finish.choose(
            request.path_params["provider"],
            form.get("state", ""),
            form.get("installation_id") or form.get("account_id", ""),
            page=int(page) if (page := form.get("page", "")).isascii() and page.isdecimal() else None,
            cookies=self.flow.cookies.reader(request),
            session=await self.flow.find_session(request),
            request_id=request_id_of(request.scope),
        )
        return answer_of(request, outcome, self.flow.pages, redirect_status(request))


_OF_FINISHING: Sequence[type[DomainError]] = (
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


def _integrations(organization_id: UUID) -> str:
    """Return the dashboard's page of an organization's integrations."""
    return f"/kit/{organization_id}/settings/integrations"


def _return(query: CallbackQuery) -> Callback:
    known = {action.value: action for action in SetupAction}
    return Callback(
        state=query.state or None,
        code=Secret(query.code) if query.code else None,
        installation_id=query.installation_id or None,
        setup_action=known.get(query.setup_action),
        error=query.error or None,
    )


def _read_form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=16)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
