from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Annotated, assert_never
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.domain.actors import Actor
from core.domain.claims import InstallationNotProven, InstallationNotVisible
from core.domain.errors import DomainError
from core.domain.flows import FlowInvalid
from core.domain.integrations import InstallationBoundElsewhere, OrganizationAlreadyConnected
from core.domain.organizations import OrganizationNotFound, UserNotFound
from core.domain.permissions import ActionForbidden
from core.domain.principals import TokenRefused
from core.domain.provider import Installation
from core.domain.returns import (
    ApprovalNotFound,
    AuthorizationDenied,
    ChoiceInvalid,
    CodeMissing,
    Return,
    SetupAction,
)
from core.domain.secret import Secret
from core.use_cases.account.who_am_i import UserRequired
from core.use_cases.install.begin import BeginInstall, Mode
from core.use_cases.install.finish import FinishInstall
from core.use_cases.install.outcomes import AwaitingApproval, Choose, Connected, GoOn, Outcome, Unasked
from entrypoints.rest.authentication import Authentication
from entrypoints.rest.bodies import read_body
from entrypoints.rest.flow_cookies import FlowCookies
from entrypoints.rest.json_response import Json
from entrypoints.rest.operations import HTML, Access, Answer, Operation, Tag
from entrypoints.rest.pages import Pages, prefers_page
from entrypoints.rest.queries import PathWish, Query, read_query
from entrypoints.rest.refusals import OF_PROVIDER
from entrypoints.rest.request_ids import request_id_of

_INSTALL = "/api/v1/git/{provider}/install"
_CALLBACK = "/api/v1/git/{provider}/callback"
_LARGEST_FORM = 4096

_Given = Annotated[str, Meta(max_length=512, pattern="^[ -~]*$", description="what the provider sent along")]
_Named = Annotated[str, Meta(max_length=19, pattern="^[0-9]*$", description="the number of an installation")]


class InstallQuery(Query, frozen=True):
    """For which organization, and where to go on afterwards: a path of the dashboard's.

    `mode=existing` begins with the installations that the caller can show to be theirs; it is what a revoked
    integration begins with anyway.
    """

    organization_id: Annotated[UUID, Meta(description="the organization's id, a UUID")]
    return_to: PathWish = "/"
    mode: Annotated[Mode | None, Meta(description="new or existing")] = None


class CallbackQuery(Query, frozen=True, forbid_unknown_fields=False):
    """What the provider sends along, which is more with the years; all of it may be missing."""

    state: _Given = ""
    code: _Given = ""
    installation_id: _Named = ""
    setup_action: _Given = ""
    error: _Given = ""


class Redirection(msgspec.Struct):
    """Where to send the browser, which has its cookie already."""

    redirect_url: str


class Proven(msgspec.Struct):
    """An installation that was shown to be the caller's."""

    installation_id: str
    account: str


class Going(msgspec.Struct):
    """How it goes on: `connected`, `continue`, `choose`, `awaiting_approval` or `unasked`."""

    outcome: str
    redirect_url: str | None = None
    state: str | None = None
    installations: list[Proven] | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Installing:
    """The browser's way through installing the app, as it looks over HTTP."""

    authentication: Authentication
    begin: BeginInstall
    finish: FinishInstall
    cookies: FlowCookies
    pages: Pages

    def operations(self) -> list[Operation]:
        """Return what can be done on that way."""
        return [
            Operation(
                "GET",
                _INSTALL,
                self.pages.for_people(self._install),
                name="install_app",
                summary="sends an owner or admin to the provider to install the app",
                description="With `Accept: application/json` it answers the address instead.",
                tag=Tag.PROVIDER,
                query=InstallQuery,
                answers=[
                    Answer(Redirection),
                    Answer(status=HTTPStatus.FOUND, headers={"location": "the provider's page"}),
                ],
                refusals=[
                    OrganizationNotFound,
                    ActionForbidden,
                    UserRequired,
                    OrganizationAlreadyConnected,
                    *OF_PROVIDER,
                ],
            ),
            Operation(
                "GET",
                _CALLBACK,
                self.pages.for_people(self._callback),
                name="return_from_installing",
                summary="where the provider sends the browser back to",
                description="Proven by the flow's state and the browser's cookie for it; a session, if there "
                "is one, must be of the same person.",
                tag=Tag.PROVIDER,
                query=CallbackQuery,
                answers=[
                    Answer(Going),
                    Answer(media_type=HTML),
                    Answer(status=HTTPStatus.FOUND, headers={"location": "the dashboard, or the provider"}),
                ],
                refusals=[*_OF_FINISHING, AuthorizationDenied, CodeMissing, ApprovalNotFound],
                access=Access.ANYONE,
            ),
            Operation(
                "POST",
                _CALLBACK,
                self.pages.for_people(self._choose),
                name="choose_installation",
                summary="connects the installation chosen on the page of those proven",
                tag=Tag.PROVIDER,
                answers=[
                    Answer(Going),
                    Answer(status=HTTPStatus.SEE_OTHER, headers={"location": "the dashboard"}),
                ],
                refusals=[*_OF_FINISHING, ChoiceInvalid],
                access=Access.ANYONE,
            ),
        ]

    async def _install(self, request: Request) -> Response:
        actor = await self.authentication(request)
        query = read_query(request, InstallQuery)
        begun = await self.begin(
            actor,
            organization_id=query.organization_id,
            provider=request.path_params["provider"],
            return_to=query.return_to,
            mode=query.mode,
        )
        if request.headers.get("accept", "").partition(",")[0].strip() == "application/json":
            answer: Response = Json(Redirection(begun.url))
        else:
            answer = RedirectResponse(begun.url, HTTPStatus.FOUND.value)
        self.cookies.give(answer, begun.flow_id, begun.cookie, begun.expires_at)
        return answer

    async def _callback(self, request: Request) -> Response:
        query = read_query(request, CallbackQuery)
        outcome = await self.finish(
            request.path_params["provider"],
            _return(query),
            cookies=self.cookies.of(request),
            session=await self._session(request),
            request_id=request_id_of(request.scope),
        )
        return self._shown(request, outcome, HTTPStatus.FOUND)

    async def _choose(self, request: Request) -> Response:
        form = _read_form(await read_body(request, limit=_LARGEST_FORM))
        outcome = await self.finish.choose(
            request.path_params["provider"],
            form.get("state", ""),
            form.get("installation_id", ""),
            cookies=self.cookies.of(request),
            session=await self._session(request),
            request_id=request_id_of(request.scope),
        )
        return self._shown(request, outcome, HTTPStatus.SEE_OTHER)

    async def _session(self, request: Request) -> Actor | None:
        """Return whose session the browser has, if it has one that still counts."""
        with suppress(TokenRefused, UserNotFound):
            return await self.authentication(request)
        return None

    def _shown(self, request: Request, outcome: Outcome, redirected: HTTPStatus) -> Response:
        if not prefers_page(request):
            return Json(_going(outcome, self.pages))
        match outcome:
            case Connected(return_to):
                return RedirectResponse(self.pages.back(return_to).url, redirected.value)
            case GoOn(url):
                return RedirectResponse(url, redirected.value)
            case Choose(state, installations):
                return self.pages.show(
                    request,
                    "Which account?",
                    "Our app is installed on several accounts of yours. Choose the one to connect.",
                    form=_choices(state, installations),
                )
            case AwaitingApproval(account, return_to):
                return self.pages.show(
                    request,
                    "An owner has been asked",
                    f"An owner of {account} has to approve the app. It connects by itself when they do; "
                    "the request waits for 30 days.",
                    action=self.pages.back(return_to),
                )
            case Unasked(setup_action):
                return self.pages.show(request, *_UNASKED[setup_action])
            case _:
                assert_never(outcome)


_OF_FINISHING: Sequence[type[DomainError]] = (
    FlowInvalid,
    OrganizationNotFound,
    ActionForbidden,
    InstallationNotVisible,
    InstallationNotProven,
    InstallationBoundElsewhere,
    OrganizationAlreadyConnected,
    *OF_PROVIDER,
)

_INSTALLED = (
    "The app is installed",
    "If someone of your team asked for it, their organization in crewkit connects by itself within moments.",
    "If you came here on your own, open your organization's integrations in crewkit and connect it there.",
)
_UNASKED: Mapping[SetupAction | None, tuple[str, ...]] = {
    SetupAction.INSTALL: _INSTALLED,
    SetupAction.UPDATE: (
        "Your changes are saved",
        "What the app may see has changed, and crewkit follows within moments. You can close this page.",
    ),
    SetupAction.REQUEST: (
        "An owner has been asked",
        "An owner of the account has to approve the app. Then connect it in crewkit.",
    ),
    None: (
        "Nothing to do here",
        "This page belongs to connecting an account. Open your organization's integrations in crewkit.",
    ),
}


def _return(query: CallbackQuery) -> Return:
    known = {action.value: action for action in SetupAction}
    return Return(
        state=query.state or None,
        code=Secret(query.code) if query.code else None,
        installation_id=query.installation_id or None,
        setup_action=known.get(query.setup_action),
        error=query.error or None,
    )


def _read_form(body: bytes) -> dict[str, str]:
    fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=16)
    return {name: values[0] for name, values in fields.items()}


def _choices(state: str, installations: Sequence[Installation]) -> str:
    buttons = "".join(
        f'<p><button name="installation_id" value="{escape(one.provider_id)}">'
        f"{escape(one.account_login)}</button></p>"
        for one in installations
    )
    return f'<form method="post"><input type="hidden" name="state" value="{escape(state)}">{buttons}</form>'


def _going(outcome: Outcome, pages: Pages) -> Going:
    match outcome:
        case Connected(return_to):
            return Going("connected", pages.back(return_to).url)
        case GoOn(url):
            return Going("continue", url)
        case Choose(state, installations):
            proven = [Proven(one.provider_id, one.account_login) for one in installations]
            return Going("choose", state=state, installations=proven)
        case AwaitingApproval(account, return_to):
            return Going("awaiting_approval", pages.back(return_to).url, account=account)
        case Unasked():
            return Going("unasked", pages.back().url)
        case _:
            assert_never(outcome)
