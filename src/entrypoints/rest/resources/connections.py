from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Connections
from core.domain.connections import (
    ConnectionStanding,
    ConnectionView,
    EmailPermissionMissing,
    OtherAccountConnected,
    ProviderAccountTaken,
)
from core.domain.flows.callback import AuthorizationDenied, Callback, CodeMissing
from core.domain.flows.flow import FlowExpired, FlowInvalid, FlowUsed
from core.domain.permissions import ActionForbidden
from core.domain.provider_errors import EmailUnverified, ProviderUnknown
from core.domain.secret import Secret
from core.use_cases.authorization import UserRequired
from entrypoints.edge.public_urls import CONNECTIONS
from entrypoints.edge.remedies import ConnectionAction, connection_action
from entrypoints.rest.browser.browser_flow import BrowserFlow, Redirect, redirect
from entrypoints.rest.http.authentication import OriginNotAllowed
from entrypoints.rest.http.operations import HTML, Access, Call, Operation, OperationGroup, Success, Tag, redirect_to
from entrypoints.rest.http.paths import CONNECTION
from entrypoints.rest.http.requests import LocalPath, Name, NoQuery, Query, prefers_page, request_id_of
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.openapi.errors import OF_CALLBACK

ProviderText = Annotated[
    str,
    Meta(max_length=2048, description="Added to the redirect by the provider. Pass the value that the provider sent."),
]


class AuthorizeQuery(Query, frozen=True):
    """Where the browser goes after the user has connected their account."""

    return_to: LocalPath = "/"


class ConnectionsQuery(Query, frozen=True):
    """Which provider; all providers by default."""

    provider: Annotated[
        Name | None, Meta(description="Only this provider. Pass the name of a provider, such as github.")
    ] = None


class ConnectionReturn(Query, frozen=True, forbid_unknown_fields=False):
    """The parameters of the provider's redirect. Each can be missing, and the provider can add others."""

    state: ProviderText = ""
    code: ProviderText = ""
    error: ProviderText = ""


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


def operations(flow: BrowserFlow, connections: Connections) -> list[Operation]:
    """Return the operations for the caller's accounts at providers."""
    group = OperationGroup(Tag.ACCOUNT)

    @group.add(
        "GET",
        CONNECTIONS,
        "List your connections",
        Success(ConnectionList),
        errors=[UserRequired, ActionForbidden, ProviderUnknown],
        description="Returns one entry for each supported provider, connected or not, with the caller's account at the "
        "provider.",
    )
    async def list_connections(call: Call[ConnectionsQuery, None]) -> Response:
        views = await connections.list(call.actor, provider=call.query.provider)
        return Json(ConnectionList([_body(view) for view in views]))

    @group.add(
        "GET",
        f"{CONNECTION}/authorize",
        "Start connecting your account",
        Success(Redirect),
        Success(media_type=HTML),
        redirect_to("The provider's page."),
        errors=[OriginNotAllowed],
        access=Access.USER,
        error_page=flow.pages.show_error,
        description="Redirects the browser to the provider, where the user authorizes the app. With `Accept: "
        "application/json`, returns the URL instead. A browser that does not come from a page of this service gets a "
        "confirmation page first.",
    )
    async def connect_account(call: Call[AuthorizeQuery, None]) -> Response:
        if flow.needs_confirmation(call.request, is_json=not prefers_page(call.request)):
            # Otherwise a link on another site could connect the account that the user has at the provider.
            return flow.pages.confirm(
                call.request,
                "Connect your account?",
                "This request came from another page. If you continue, the account that you use at the "
                "provider is connected to your crewkit account. Commits of that account are then attributed "
                "to you.",
            )
        return await connect_account_confirmed(call)

    @group.add(
        "POST",
        f"{CONNECTION}/authorize",
        "Start connecting your account after confirmation",
        Success(Redirect),
        redirect_to("The provider's page.", HTTPStatus.SEE_OTHER),
        access=Access.USER,
        error_page=flow.pages.show_error,
        description="Does the same as `GET`, without the confirmation page. The form of the confirmation page sends "
        "this request.",
    )
    async def connect_account_confirmed(call: Call[AuthorizeQuery, None]) -> Response:
        # Authentication rejects the session cookie of a form from another site, by its `Origin`.
        started = await connections.begin(call.actor, provider=call.provider, return_to=call.query.return_to)
        return flow.start(call.request, started, is_json=not prefers_page(call.request))

    @group.add(
        "GET",
        f"{CONNECTION}/callback",
        "Finish connecting your account",
        Success(Redirect),
        Success(media_type=HTML),
        redirect_to("The dashboard."),
        errors=[
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
        error_page=flow.pages.show_error,
        description="The provider redirects the browser here. The `state` and the flow's cookie authenticate the "
        "request. If the browser has a session, the session must belong to the user who started the flow.",
    )
    async def return_from_connecting(call: Call[ConnectionReturn, None]) -> Response:
        query = call.query
        return_to = await connections.finish(
            call.provider,
            Callback(
                state=query.state or None, code=Secret(query.code) if query.code else None, error=query.error or None
            ),
            cookies=flow.cookies.reader(call.request),
            session=await flow.find_session(call.request),
            request_id=request_id_of(call.request.scope),
        )
        return redirect(call.request, flow.pages.back(return_to).url, is_json=not prefers_page(call.request))

    @group.add(
        "DELETE",
        CONNECTION,
        "Disconnect your account",
        Success(status=HTTPStatus.NO_CONTENT),
        errors=[UserRequired, ActionForbidden],
        description="Deletes the caller's connection. Shortly afterwards, this service revokes the caller's "
        "authorization of the app at the provider. Commits that are attributed to the caller keep their attribution.",
    )
    async def disconnect_account(call: Call[NoQuery, None]) -> Response:
        await connections.disconnect(call.actor, provider=call.provider)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return group.operations


def _body(view: ConnectionView) -> ConnectionBody:
    connection = view.connection
    body = ConnectionBody(
        provider=view.provider, status=view.standing, action=connection_action(view.remedy, view.provider)
    )
    if connection is not None:
        body.reason = connection.status_reason
        body.username = connection.provider_username
        body.avatar_url = connection.provider_avatar_url
        body.emails = list(view.emails)
        body.connected_at = connection.created_at
    return body
