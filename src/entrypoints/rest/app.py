from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from core.application import Application
from entrypoints.rest.browser import sign_in
from entrypoints.rest.browser.browser_flow import BrowserFlow
from entrypoints.rest.browser.flow_cookies import FlowCookies
from entrypoints.rest.browser.install import Installing
from entrypoints.rest.browser.manage_page import Managing
from entrypoints.rest.browser.pages import Pages
from entrypoints.rest.browser.sign_in import SignIn
from entrypoints.rest.dashboard.routes import Dashboard
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.cross_origin import CrossOrigin
from entrypoints.rest.http.envelope import Envelope
from entrypoints.rest.http.limits import Limits
from entrypoints.rest.http.operations import Operation, routes
from entrypoints.rest.http.problems import EXCEPTION_HANDLERS
from entrypoints.rest.http.representations import Representations
from entrypoints.rest.http.tracing import Traced
from entrypoints.rest.openapi import operations as description
from entrypoints.rest.resources import (
    account,
    attributions,
    branches,
    event_stream,
    health,
    integrations,
    links,
    metrics,
    projects,
    repositories,
    syncs,
    versions,
    webhook_events,
    webhook_retries,
)
from entrypoints.rest.resources.connections import Connecting
from entrypoints.rest.resources.health import ReadinessChecks
from entrypoints.rest.resources.metrics import Exposition
from entrypoints.rest.resources.webhooks import WebhookEndpoint
from ports.alerts import Alerts
from ports.metrics import Metrics
from ports.traces import Traces


@dataclass(frozen=True, slots=True)
class RestParts:
    """What the REST edge is made of, besides the application."""

    authentication: Authentication
    webhooks: WebhookEndpoint
    readiness: ReadinessChecks
    exposition: Exposition
    alerts: Alerts
    metrics: Metrics | None = None
    traces: Traces | None = None
    is_encrypted: bool = False
    """Browsers reach it by https."""

    dashboard_url: str = ""
    """Where browsers go when a flow is over; empty for here."""

    service_url: str = ""
    """This service's own address as browsers know it; empty for here."""

    sign_in_url: str | None = None
    """Where people become known to crewkit; a path is one of ours."""

    provider_origins: tuple[str, ...] = ()
    """The origins of the providers' web pages."""

    sign_in: SignIn | None = None
    """In development only."""

    @property
    def pages(self) -> Pages:
        """The small pages for people in the middle of a browser flow."""
        return Pages(self.dashboard_url, self.service_url, self.sign_in_url, self.provider_origins)


def create_app(application: Application, parts: RestParts) -> ASGIApp:
    """Return the whole HTTP interface as one ASGI application."""
    dashboard = Dashboard(parts.pages, parts.is_encrypted)
    framework = Starlette(
        routes=[*routes(operations(application, parts)), *dashboard.routes()], exception_handlers=EXCEPTION_HANDLERS
    )
    # A path with a slash too many is another path, and is refused rather than guessed.
    framework.router.redirect_slashes = False
    answered_well = CrossOrigin(Limits(Representations(framework)), parts.authentication.origins)
    enveloped = Envelope(answered_well, parts.alerts, parts.metrics, is_encrypted=parts.is_encrypted)
    whole = _DeliveriesFirst(parts.webhooks, enveloped)
    return Traced(whole, parts.traces, is_delivery=parts.webhooks.answers) if parts.traces else whole


def operations(application: Application, parts: RestParts) -> list[Operation]:
    """Return everything that can be done over HTTP."""
    flow = BrowserFlow(parts.authentication, FlowCookies(parts.is_encrypted), parts.pages)
    found = [
        *parts.webhooks.operations(),
        *account.operations(parts.authentication, application.account.who_am_i),
        *integrations.operations(
            parts.authentication,
            application.integrations.list,
            application.integrations.show,
            application.integrations.disconnect,
        ),
        *Installing(
            flow, application.install.begin, application.install.finish, application.account.who_am_i
        ).operations(),
        *Managing(flow, application.integrations.find_manage_page).operations(),
        *syncs.operations(parts.authentication, application.catalog.request_sync),
        *versions.operations(parts.authentication, application.integrations.list_versions),
        *repositories.operations(
            parts.authentication, application.catalog.list_repositories, application.catalog.show_repository
        ),
        *branches.operations(parts.authentication, application.catalog.list_branches),
        *projects.operations(
            parts.authentication,
            application.links.list_projects,
            application.links.show_project,
            application.links.import_repository,
        ),
        *links.operations(
            parts.authentication,
            application.links.show,
            application.links.create,
            application.links.change,
            application.links.delete,
        ),
        *Connecting(
            flow,
            application.connections.list,
            application.connections.begin,
            application.connections.finish,
            application.connections.disconnect,
        ).operations(),
        *attributions.operations(parts.authentication, application.attribution.list),
        *webhook_events.operations(parts.authentication, application.events.list, application.events.show),
        *webhook_retries.operations(parts.authentication, application.events.retry, application.events.retry_many),
        *event_stream.operations(parts.authentication, application.stream_events),
        *health.operations(parts.readiness),
        *metrics.operations(parts.exposition),
    ]
    if parts.sign_in is not None:
        found += sign_in.operations(parts.sign_in, parts.authentication)
    found += description.operations(lambda: found, cookie=parts.authentication.cookie)
    return found


class _DeliveriesFirst:
    """Hand deliveries to their endpoint before anything else looks at them.

    Routing and middleware would cost more than half of what receiving a delivery costs (docs/benchmarks.md).
    It has a route all the same, so that it is described like everything else.
    """

    def __init__(self, webhooks: WebhookEndpoint, rest: ASGIApp) -> None:
        self._webhooks = webhooks
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http" and self._webhooks.answers(scope["path"]):
            await self._webhooks(scope, receive, send)
        else:
            await self._rest(scope, receive, send)
