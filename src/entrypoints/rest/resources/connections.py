from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.actors import Actor
from core.domain.connections.connection import EmailPermissionMissing, OtherAccountConnected, ProviderAccountTaken
from core.domain.connections.views import ConnectionStanding, ConnectionView
from core.domain.flows.callback import AuthorizationDenied, Callback, CodeMissing
from core.domain.flows.flow import FlowExpired, FlowInvalid, FlowUsed
from core.domain.permissions import ActionForbidden
from core.domain.provider import EmailUnverified, ProviderUnknown
from core.domain.secret import Secret
from core.use_cases.authorization import UserRequired
from core.use_cases.connections.connect_account import BeginConnection, FinishConnection
from core.use_cases.connections.disconnect_account import DisconnectAccount
from core.use_cases.connections.list_connections import ListConnections
from entrypoints.edge.public_urls import CONNECTIONS
from entrypoints.edge.remedies import ConnectionAction, connection_action
from entrypoints.rest.browser.browser_flow import BrowserFlow, Redirection
from entrypoints.rest.browser.pages import prefers_page
from entrypoints.rest.http.authentication import OriginRefused
from entrypoints.rest.http.json_response import Json, Time
from entrypoints.rest.http.operations import HTML, Access, Answer, Operation, Tag
from entrypoints.rest.http.paths import CONNECTION
from entrypoints.rest.http.queries import LocalPath, NoQuery, Query, read_query
from entrypoints.rest.http.request_ids import request_id_of
from entrypoints.rest.openapi.errors import OF_CALLBACK

_Name = Annotated[str, Meta(min_length=1, max_length=64)]
_Given = Annotated[
    str,
    Meta(max_length=2048, description="Added to the redirect by the provider. Pass the value that the provider sent."),
]


class AuthorizeQuery(Query, frozen=True):
    """Where the browser goes after the user has connected their account."""

    return_to: LocalPath = "/"


class ConnectionsQuery(Query, frozen=True):
    """Which provider; all providers by default."""

    provider: Annotated[
        _Name | None, Meta(description="Only this provider. Pass the name of a provider, such as github.")
    ] = None


class ConnectionReturn(Query, frozen=True, forbid_unknown_fields=False):
    """The parameters of the provider's redirect. Each can be missing, and the provider can add others."""

    state: _Given = ""
    code: _Given = ""
    error: _Given = ""


class ConnectionBody(msgspec.Struct, kw_only=True):
    """The caller's connection to a provider. `emails` are the addresses that the provider verified."""

    provider: str
    status: ConnectionStanding
    reason: str | None = None
    action: ConnectionAction | None = None
    username: str | None = None
    avatar_url: str | None = None
    emails: list[str] = msgspec.field(default_factory=list)
    connected_at: Time | None = None


class ConnectionList(msgspec.Struct):
    """One entry for each supported provider, connected or not, or only the entry of the requested provider.

    There is only one page.
    """

    data: list[ConnectionBody]
    next_cursor: None = None


class Redirect(Redirection):
    """The URL to send the browser to. At the start of a flow, the response also sets the flow's cookie."""

    # Only documents the released schema name of these operations.


@dataclass(frozen=True, slots=True)
class Connecting:
    """A user's accounts at providers, over HTTP."""

    flow: BrowserFlow
    list_connections: ListConnections
    begin: BeginConnection
    finish: FinishConnection
    disconnect: DisconnectAccount

    def operations(self) -> list[Operation]:
        """Return the operations."""
        return [
            Operation(
                "GET",
                CONNECTIONS,
                self._list,
                name="list_connections",
                summary="List your connections",
                tag=Tag.ACCOUNT,
                description="Returns one entry for each supported provider, connected or not, with the "
                "caller's account at the provider.",
                query=ConnectionsQuery,
                answers=[Answer(ConnectionList)],
                refusals=[UserRequired, ActionForbidden, ProviderUnknown],
            ),
            Operation(
                "GET",
                f"{CONNECTION}/authorize",
                self.flow.pages.for_people(self._authorize),
                name="connect_account",
                summary="Start connecting your account",
                description="Redirects the browser to the provider, where the user authorizes the app. With "
                "`Accept: application/json`, returns the URL instead. A browser that does not come from "
                "a page of this service gets a confirmation page first.",
                tag=Tag.ACCOUNT,
                query=AuthorizeQuery,
                answers=[
                    Answer(Redirect),
                    Answer(media_type=HTML),
                    Answer(status=HTTPStatus.FOUND, headers={"location": "The provider's page."}),
                ],
                refusals=[UserRequired, OriginRefused],
                access=Access.USER,
            ),
            Operation(
                "POST",
                f"{CONNECTION}/authorize",
                self.flow.pages.for_people(self._authorize_confirmed),
                name="connect_account_confirmed",
                summary="Start connecting your account after confirmation",
                description="Does the same as `GET`, without the confirmation page. The form of the "
                "confirmation page sends this request.",
                tag=Tag.ACCOUNT,
                query=AuthorizeQuery,
                answers=[
                    Answer(Redirect),
                    Answer(status=HTTPStatus.SEE_OTHER, headers={"location": "The provider's page."}),
                ],
                refusals=[UserRequired],
                access=Access.USER,
            ),
            Operation(
                "GET",
                f"{CONNECTION}/callback",
                self.flow.pages.for_people(self._callback),
                name="return_from_connecting",
                summary="Finish connecting your account",
                description="The provider redirects the browser here. The `state` and the flow's cookie "
                "authenticate the request. If the browser has a session, the session must belong to "
                "the user who started the flow.",
                tag=Tag.ACCOUNT,
                query=ConnectionReturn,
                answers=[
                    Answer(Redirect),
                    Answer(media_type=HTML),
                    Answer(status=HTTPStatus.FOUND, headers={"location": "The dashboard."}),
                ],
                refusals=[
                    FlowInvalid,
                    FlowExpired,
                    FlowUsed,
                    AuthorizationDenied,
                    CodeMissing,
                    ProviderAccountTaken,
                    OtherAccountConnected,
                    EmailPermissionMissing,
                    EmailUnverified,
                    *OF_CALLBACK,
                ],
                access=Access.ANYONE,
            ),
            Operation(
                "DELETE",
                CONNECTION,
                self._disconnect,
                name="disconnect_account",
                summary="Disconnect your account",
                tag=Tag.ACCOUNT,
                description="Deletes the caller's connection. Shortly afterwards, this service revokes the "
                "caller's authorization of the app at the provider. Commits that are attributed to the "
                "caller keep their attribution.",
                answers=[Answer(status=HTTPStatus.NO_CONTENT)],
                refusals=[UserRequired, ActionForbidden],
            ),
        ]

    async def _list(self, request: Request) -> Response:
        actor = await self.flow.authentication(request)
        query = read_query(request, ConnectionsQuery)
        views = await self.list_connections(actor, provider=query.provider)
        return Json(ConnectionList([_body(view) for view in views]))

    async def _authorize(self, request: Request) -> Response:
        actor = await self.flow.authentication(request)
        query = read_query(request, AuthorizeQuery)
        if self.flow.needs_confirmation(request, is_json=not prefers_page(request)):
            # Otherwise a link on another site could connect the account that the user has at the provider.
            return self.flow.pages.confirm(
                request,
                "Connect your account?",
                "This request came from another page. If you continue, the account that you use at the "
                "provider is connected to your crewkit account. Commits of that account are then attributed "
                "to you.",
            )
        return await self._begin(request, actor, query)

    async def _authorize_confirmed(self, request: Request) -> Response:
        # Authentication rejects the session cookie of a form from another site, by its `Origin`.
        actor = await self.flow.authentication(request)
        return await self._begin(request, actor, read_query(request, AuthorizeQuery))

    async def _begin(self, request: Request, actor: Actor, query: AuthorizeQuery) -> Response:
        provider = request.path_params["provider"]
        started = await self.begin(actor, provider=provider, return_to=query.return_to)
        return self.flow.start(request, started, is_json=not prefers_page(request))

    async def _callback(self, request: Request) -> Response:
        query = read_query(request, ConnectionReturn)
        return_to = await self.finish(
            request.path_params["provider"],
            Callback(
                state=query.state or None, code=Secret(query.code) if query.code else None, error=query.error or None
            ),
            cookies=self.flow.cookies.reader(request),
            session=await self.flow.find_session(request),
            request_id=request_id_of(request.scope),
        )
        url = self.flow.pages.back(return_to).url
        return self.flow.redirect(request, url, is_json=not prefers_page(request))

    async def _disconnect(self, request: Request) -> Response:
        actor = await self.flow.authentication(request)
        read_query(request, NoQuery)
        await self.disconnect(actor, provider=request.path_params["provider"])
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _body(view: ConnectionView) -> ConnectionBody:
    known = view.connection
    body = ConnectionBody(
        provider=view.provider, status=view.standing, action=connection_action(view.remedy, view.provider)
    )
    if known is not None:
        body.reason = known.status_reason
        body.username = known.provider_username
        body.avatar_url = known.provider_avatar_url
        body.emails = list(view.emails)
        body.connected_at = known.created_at
    return body
