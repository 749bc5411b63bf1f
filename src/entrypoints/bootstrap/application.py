"""The composition root: it selects the adapter of each port."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from adapters.github.protocol.webhooks import PROVIDER as GITHUB
from adapters.github.protocol.webhooks import GitHubWebhooks
from adapters.github.provider import GitHubProvider
from adapters.observability.logs import LoggedAlerts, configure_logs
from adapters.observability.metrics import PrometheusMetrics
from adapters.oso_policy.authorizer import OsoAuthorizer
from adapters.postgres.connection.database import Database
from adapters.postgres.connection.locks import PostgresExclusion
from adapters.postgres.connection.write_probe import WriteProbe
from adapters.postgres.queries.directory import PostgresDirectory
from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.redis_queue.queue_probe import QueueProbe
from adapters.redis_queue.worker_notifier import QUEUE, RedisWorkerNotifier
from adapters.secrets.cipher import AesGcmCipher, NoKeys
from adapters.secrets.jwks import JwksKeys
from adapters.secrets.keys import KeySource, PinnedKey
from adapters.secrets.tokens import JwtVerifier
from adapters.system import SystemClock, keep_memory_private
from core.application import Application
from core.domain.secret import Secret
from core.use_cases.events.housekeeping import Retention
from entrypoints.bootstrap.extensions import with_extensions
from entrypoints.bootstrap.github import github_app
from entrypoints.bootstrap.outgoing import connect_by, create_route, http_client
from entrypoints.bootstrap.ports import Ports
from entrypoints.bootstrap.wiring import wire
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings
from ports.encryption import Cipher
from ports.event_queue import WorkerNotifier
from ports.identity import Directory, TokenVerifier
from ports.provider import GitProvider
from ports.system import Alerts
from ports.telemetry import Traces
from ports.webhooks import WebhookProtocol

LANE_QUEUE = QUEUE
_DRAIN_JOB = "entrypoints.worker.jobs.drain"


@dataclass(frozen=True, slots=True)
class Runtime:
    """The application, and what the REST and gRPC interfaces need besides it."""

    application: Application
    protocols: dict[str, WebhookProtocol]
    providers: Mapping[str, GitProvider]
    metrics: PrometheusMetrics
    alerts: Alerts
    clock: SystemClock
    directory: Directory
    database: Database
    write_probe: WriteProbe
    queue_probe: QueueProbe
    traces: Traces | None

    @property
    def readiness(self) -> Mapping[str, Callable[[], Awaitable[object]]]:
        """The checks of the systems that the service depends on.

        The service is ready without Redis, because deliveries are stored without it. It is not ready with a kind of
        Redis that is not supported.
        """
        return {"database": self.write_probe.check, "redis": self.queue_probe.check}


@asynccontextmanager
async def open_application(settings: Settings) -> AsyncIterator[Application]:
    """Open the application for a command or a process without an interface."""
    async with open_runtime(settings) as runtime:
        yield runtime.application


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Build everything on this event loop, and close it in reverse order.

    Adapters connect when they are first used, so that a process can start during an outage.
    """
    async with AsyncExitStack() as stack:
        clock, metrics = SystemClock(), PrometheusMetrics()
        traces = _traces(settings, stack)
        protocols: dict[str, WebhookProtocol] = {
            GITHUB: GitHubWebhooks(
                settings.github_webhook_secrets, noreply_hosts=settings.github_noreply_hosts, metrics=metrics
            )
        }
        database_url = _reveal(settings.database_url)
        setting = f"{PREFIX}DATABASE_URL"
        database = Database(database_url, setting=setting)
        stack.push_async_callback(database.close)
        write_probe = WriteProbe(database, metrics=metrics)
        stack.push_async_callback(write_probe.close)
        queue_probe = QueueProbe(_reveal(settings.redis_url), setting=f"{PREFIX}REDIS_URL")
        stack.push_async_callback(queue_probe.close)
        delivery_log = PostgresDeliveryLog(database_url, metrics=metrics, setting=setting)
        stack.push_async_callback(delivery_log.close)
        ports = Ports(
            unit_of_work=PostgresUnitOfWork(database),
            directory=PostgresDirectory(database),
            authorizer=OsoAuthorizer(),
            delivery_log=delivery_log,
            worker_notifier=_worker_notifier(settings, traces, stack),
            exclusion=PostgresExclusion(database),
            protocols=protocols,
            providers=_providers(settings, clock, metrics, traces, stack),
            cipher=create_cipher(settings),
            clock=clock,
            public_url=settings.public_url or "",
            metrics=metrics,
            alerts=_alerts(settings, stack),
            retention=Retention(
                settings.payload_days, settings.event_days, settings.domain_event_days, settings.attribution_days
            ),
        )
        ports = with_extensions(ports, settings.adapters, os.environ, stack)
        yield Runtime(
            wire(ports),
            dict(ports.protocols),
            ports.providers,
            metrics,
            ports.alerts,
            clock,
            ports.directory,
            database,
            write_probe,
            queue_probe,
            traces,
        )


def token_verifier(settings: Settings, clock: SystemClock, stack: AsyncExitStack) -> TokenVerifier:
    """Return the verifier of crewkit's access tokens."""
    keys: KeySource
    if settings.auth_jwks_url:
        client = http_client(create_route(settings))
        stack.push_async_callback(client.aclose)
        published = keys = JwksKeys(settings.auth_jwks_url, client)
        stack.push_async_callback(published.close)
    else:
        keys = PinnedKey(settings.auth_public_key or "")
    return JwtVerifier(keys, clock, issuer=settings.auth_issuer or "", audience=settings.auth_audience or "")


def configure_process(settings: Settings) -> None:
    """Set up the logs and the memory protection of this process. Call it once, in its main function."""
    configure_logs(level=settings.log_level, development=settings.is_development)
    if not settings.is_development:
        keep_memory_private()


def configure_command(settings: Settings) -> None:
    """Set up the process of a command, which prints results and errors itself instead of logging."""
    configure_process(replace(settings, log_level="CRITICAL"))


def _worker_notifier(settings: Settings, traces: Traces | None, stack: AsyncExitStack) -> WorkerNotifier:
    worker_notifier = RedisWorkerNotifier(
        _reveal(settings.redis_url), setting=f"{PREFIX}REDIS_URL", job=_DRAIN_JOB, traces=traces
    )
    stack.callback(worker_notifier.close)
    return worker_notifier


def _providers(
    settings: Settings, clock: SystemClock, metrics: PrometheusMetrics, traces: Traces | None, stack: AsyncExitStack
) -> dict[str, GitProvider]:
    """Return the client of each provider. Settings of commands that call no provider have none."""
    app = github_app(settings)
    if app is None:
        return {}
    github = GitHubProvider(app, clock, metrics=metrics, traces=traces, connect=connect_by(create_route(settings)))
    stack.push_async_callback(github.close)
    return {github.name: github}


def _alerts(settings: Settings, stack: AsyncExitStack) -> Alerts:
    logged = LoggedAlerts()
    if settings.sentry_dsn is None:
        return logged
    # Importing the SDK takes a tenth of the start of a process, and most have no DSN.
    from adapters.observability.sentry import SentryAlerts  # noqa: PLC0415

    outgoing = create_route(settings)
    sentry = SentryAlerts(
        settings.sentry_dsn,
        environment=settings.environment.value,
        also=logged,
        proxy=outgoing.proxy_for(settings.sentry_dsn.reveal()),
        ca_bundle=outgoing.ca_bundle,
    )
    stack.callback(sentry.close)
    return sentry


def _traces(settings: Settings, stack: AsyncExitStack) -> Traces | None:
    """Open the sender of traces. Its packages are optional."""
    if settings.otlp_url is None:
        return None
    from adapters.observability.open_telemetry import OpenTelemetryTraces, make_span_processor  # noqa: PLC0415

    outgoing = create_route(settings)
    proxy = outgoing.proxy_for(settings.otlp_url)
    traces = OpenTelemetryTraces(make_span_processor(settings.otlp_url, proxy=proxy, ca_bundle=outgoing.ca_bundle))
    stack.callback(traces.close)
    return traces


def _reveal(url: Secret | None) -> str:
    if url is None:
        raise RuntimeError("the settings of this process were read without saying which process it is")
    return url.reveal()


def create_cipher(settings: Settings) -> Cipher:
    """Return the cipher with the keys of the settings, or a cipher that rejects all values."""
    setting = f"{PREFIX}ENCRYPTION_KEYS"
    if not settings.encryption_keys:
        return NoKeys(setting=setting)
    return AesGcmCipher(settings.encryption_keys, setting=setting)
