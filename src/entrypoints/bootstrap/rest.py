import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp

from core.domain.errors import DomainError
from core.use_cases.deliveries.webhook_secrets import RecordSecretUses
from entrypoints.bootstrap.application import open_runtime, token_verifier
from entrypoints.bootstrap.monitoring import probe_during
from entrypoints.rest.app import RestParts, create_app
from entrypoints.rest.browser.sign_in import PATH as SIGN_IN
from entrypoints.rest.browser.sign_in import development_sign_in
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.resources.webhooks import WebhookEndpoint
from entrypoints.settings.settings import Settings
from entrypoints.settings.urls import origin_of

_SECRET_USES_SECONDS = 60

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rest:
    """The HTTP interface, and what to call when it is about to stop: streams would last for hours."""

    app: ASGIApp
    end_streams: Callable[[], None]


@asynccontextmanager
async def open_rest(settings: Settings) -> AsyncIterator[Rest]:
    """Build the HTTP interface on this event loop."""
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(open_runtime(settings))
        await stack.enter_async_context(probe_during(runtime.write_probe))
        application = runtime.application
        is_encrypted = (settings.public_url or "").startswith("https:")
        sign_in = development_sign_in(settings)
        sign_in_url = settings.sign_in_url or (SIGN_IN if sign_in else None)
        authentication = Authentication(
            verifier=token_verifier(settings, runtime.clock, stack),
            identify=application.account.identify,
            cookie=settings.session_cookie,
            origins=_origins(settings),
            sign_in_url=sign_in_url,
        )
        parts = RestParts(
            authentication=authentication,
            webhooks=WebhookEndpoint(
                runtime.protocols,
                application.deliveries.receive,
                runtime.metrics,
                find_source_secrets=application.deliveries.find_source_secrets,
                is_encrypted=is_encrypted,
            ),
            readiness=runtime.readiness,
            exposition=runtime.metrics.exposition,
            alerts=runtime.alerts,
            metrics=runtime.metrics,
            traces=runtime.traces,
            is_encrypted=is_encrypted,
            dashboard_url=settings.dashboard_url or "",
            service_url=settings.public_url or settings.http_url,
            sign_in_url=sign_in_url,
            providers={name: provider.capabilities for name, provider in runtime.providers.items()},
            sign_in=sign_in,
        )
        recording = asyncio.create_task(_record_secret_uses(application.deliveries.record_secret_uses))
        try:
            yield Rest(create_app(application, parts), application.stream_events.close)
        finally:
            recording.cancel()
            await _try_to_record(application.deliveries.record_secret_uses)


def _origins(settings: Settings) -> frozenset[str]:
    """Return the origins whose pages may use the session cookie: dashboard, API and the configured ones."""
    addresses = [settings.dashboard_url, settings.public_url]
    if settings.is_development:
        # Browsers on this machine may call it either way.
        port = settings.http_addr.port
        addresses += [settings.http_url, f"http://localhost:{port}", f"http://127.0.0.1:{port}"]
    return frozenset([*settings.allowed_origins, *(origin_of(address) for address in addresses if address)])


async def _record_secret_uses(record: RecordSecretUses) -> None:
    """Once a minute; a minute missed during an outage is made good by the next."""
    while True:
        await asyncio.sleep(_SECRET_USES_SECONDS)
        await _try_to_record(record)


async def _try_to_record(record: RecordSecretUses) -> None:
    """Record, or log why not: whatever the database says, it must not keep the API from stopping cleanly."""
    try:
        await record()
    except DomainError as error:
        _log.debug("secret_uses_not_recorded", error=error.code)
    except Exception:  # noqa: BLE001 - losing when a secret was last used costs little
        _log.exception("secret_uses_not_recorded")
