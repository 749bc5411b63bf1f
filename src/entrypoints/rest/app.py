from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from core.application import Application
from core.domain.provider import Capabilities
from entrypoints.rest.browser import install, manage_page, sign_in
from entrypoints.rest.browser.browser_flow import BrowserFlow, FlowCookies
from entrypoints.rest.browser.pages import Pages
from entrypoints.rest.browser.sign_in import SignIn
from entrypoints.rest.dashboard.routes import Dashboard
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.cross_origin import CrossOrigin
from entrypoints.rest.http.envelope import Envelope, Tracing
from entrypoints.rest.http.limits import Limits
from entrypoints.rest.http.operations import Operation, routes
from entrypoints.rest.http.problems import EXCEPTION_HANDLERS
from entrypoints.rest.http.representations import Representations
from entrypoints.rest.http.route_table import RouteTable
from entrypoints.rest.openapi import operations as openapi
from entrypoints.rest.resources import (
    account,
    activity,
    attributions,
    connections,
    contents,
    event_metrics,
    event_stream,
    git_authors,
    integrations,
    links,
    monitoring,
    overview,
    read_tokens,
    repositories,
    rules,
    syncs,
    webhook_events,
    webhook_retries,
)
from entrypoints.rest.resources.monitoring import Exposition, ReadinessChecks
from entrypoints.rest.resources.webhooks import WebhookEndpoint
from ports.system import Alerts
from ports.telemetry import Metrics, Traces


@dataclass(frozen=True, slots=True)
class RestParts:
    """The parts of the REST API besides the application."""

    authentication: Authentication
    webhooks: WebhookEndpoint
    readiness: ReadinessChecks
    exposition: Exposition
    alerts: Alerts
    metrics: Metrics | None = None
    traces: Traces | None = None
    is_encrypted: bool = False
    """Whether browsers use HTTPS."""
    dashboard_url: str = ""
    """Where browsers continue after a flow; empty for this service."""
    service_url: str = ""
    """The public URL of this service."""
    sign_in_url: str | None = None
    """The sign-in page: a URL, or a path of this service."""
    providers: Mapping[str, Capabilities] = field(default_factory=dict)
    """The capabilities of each provider, by its name."""
    sign_in: SignIn | None = None
    """In development only."""

    @property
    def pages(self) -> Pages:
        """The pages for users in the middle of a browser flow."""
        return Pages(self.dashboard_url, self.service_url, self.sign_in_url, self.providers)


def create_app(application: Application, parts: RestParts) -> ASGIApp:
    """Return the complete HTTP interface as an ASGI application."""
    operation_routes = routes(list_operations(application, parts), parts.authentication)
    dashboard_routes = Dashboard(parts.pages, parts.is_encrypted).routes()
    table = RouteTable([*operation_routes, *dashboard_routes])
    framework = Starlette(routes=[table], exception_handlers=EXCEPTION_HANDLERS)
    # A path with an additional slash is another path.
    framework.router.redirect_slashes = False
    cross_origin = CrossOrigin(Limits(Representations(framework)), parts.authentication.origins)
    envelope = Envelope(cross_origin, parts.alerts, parts.metrics, is_encrypted=parts.is_encrypted)
    app = _WebhooksFirst(parts.webhooks, envelope)
    return Tracing(app, parts.traces, is_delivery=parts.webhooks.has_path) if parts.traces else app


def list_operations(application: Application, parts: RestParts) -> list[Operation]:
    """Return all operations of the HTTP interface."""
    operations = list(_list_described(application, parts))
    operations += openapi.operations(lambda: operations, cookie=parts.authentication.cookie)
    return operations


def _list_described(application: Application, parts: RestParts) -> Iterator[Operation]:
    flow = BrowserFlow(parts.authentication, FlowCookies(parts.is_encrypted), parts.pages)
    yield from parts.webhooks.operations()
    yield from account.operations(application.account)
    yield from integrations.operations(application.integrations)
    yield from install.operations(flow, application.install, application.account.who_am_i)
    yield from manage_page.operations(flow, application.integrations.find_manage_page)
    yield from syncs.operations(application.catalog)
    yield from integrations.version_operations(application.integrations)
    yield from repositories.operations(application.catalog)
    yield from repositories.branch_operations(application.catalog)
    yield from contents.operations(application.catalog)
    yield from links.project_operations(application.links)
    yield from links.link_operations(application.links)
    yield from rules.operations(application.links)
    yield from connections.operations(flow, application.connections)
    yield from attributions.operations(application.attribution)
    yield from git_authors.author_operations(application.attribution)
    yield from read_tokens.operations(application.tokens)
    yield from webhook_events.operations(application.events)
    yield from webhook_retries.retry_operations(application.events)
    yield from activity.operations(application.events)
    yield from event_metrics.operations(application.events)
    yield from overview.operations(application.show_overview)
    yield from event_stream.operations(application.stream_events)
    yield from monitoring.health_operations(parts.readiness)
    yield from monitoring.metrics_operations(parts.exposition)
    if parts.sign_in is not None:
        yield from sign_in.operations(parts.sign_in, parts.authentication)


class _WebhooksFirst:
    """Passes webhook deliveries to their endpoint before all other middleware.

    Routing and middleware cost more than half of what receiving a delivery costs (docs/benchmarks.md). The
    endpoint also has a route, so that the OpenAPI document describes it.
    """

    def __init__(self, webhooks: WebhookEndpoint, rest: ASGIApp) -> None:
        self._webhooks = webhooks
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http" and self._webhooks.has_path(scope["path"]):
            await self._webhooks(scope, receive, send)
        else:
            await self._rest(scope, receive, send)
