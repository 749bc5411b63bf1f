from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

from adapters.github.api.limits import Limits, RetryPolicy
from adapters.github.provider import GitHubApp, GitHubProvider
from adapters.postgres.connection.database import Database
from core.domain.errors import DomainError
from core.domain.provider import WebhookConfig
from core.domain.provider_errors import (
    AccessBlocked,
    AppRefused,
    CredentialRefused,
    NotVisible,
    ProviderUnavailable,
    RateLimited,
)
from core.domain.secret import Secret
from entrypoints.bootstrap.github import github_app
from entrypoints.bootstrap.outgoing import connect_by, create_route
from entrypoints.doctor.app import check_clock, check_events, check_identity, check_permissions, note_callbacks
from entrypoints.doctor.checks.settings import report_missing
from entrypoints.doctor.checks.storage import find_stored_deliveries
from entrypoints.doctor.findings import Check, Finding, fail, note, ok
from entrypoints.doctor.webhook import check_deliveries, check_webhook
from entrypoints.edge.public_urls import WEBHOOKS, callback_urls
from entrypoints.settings.settings import Settings
from ports.provider import GitProvider
from ports.system import Clock

_ABOUT = "github app"
_MOST_DELIVERIES = 50
# Two attempts fit into the time limit of a check, so that the check can report which call failed.
_LIMITS = Limits(connect_timeout=3.0, read_timeout=4.5, total_timeout=4.5, retries=RetryPolicy(attempts=2))
_REGISTER = "Register an app with `crewkit-git register-app` (docs/github-app.md)."
_REFUSED = (
    "Generate a private key on the app's page and set CREWKIT_GIT_GITHUB_PRIVATE_KEY to the path of the "
    "downloaded file. Copy CREWKIT_GIT_GITHUB_CLIENT_ID and CREWKIT_GIT_GITHUB_APP_ID from the same page. If "
    "`github clock` warns or fails, correct the clock instead."
)
_CLIENT_REFUSED = (
    "Unless GitHub suspended the app, generate a client secret on the app's page and set "
    "CREWKIT_GIT_GITHUB_CLIENT_SECRET to its value. Copy CREWKIT_GIT_GITHUB_CLIENT_ID from the same page."
)
_RATE_LIMITED = (
    "Wait until GitHub resets the rate limit, at most an hour, and run this command again. If this happens often, "
    "check which other programs use this app."
)
_NO_CODE = Secret("sent-by-crewkit-git-doctor")


def provider_checks(settings: Settings, clock: Clock, database: Database | None, stack: AsyncExitStack) -> list[Check]:
    """Return the checks that call GitHub as the app."""
    app = github_app(settings)
    if app is None:
        values = {
            "GITHUB_CLIENT_ID": settings.github_client_id,
            "GITHUB_CLIENT_SECRET": settings.github_client_secret,
            "GITHUB_PRIVATE_KEY": settings.github_private_key,
        }
        missing = [name for name, value in values.items() if value is None]
        return [report_missing(settings, _ABOUT, missing, _REGISTER)]
    provider = GitHubProvider(app, clock, limits=_LIMITS, connect=connect_by(create_route(settings)))
    stack.push_async_callback(provider.close)
    checks = _ProviderChecks(settings, clock, provider, app, database)
    addresses = f"{settings.github_api_url} and {settings.github_url}"
    remedy = f"Check that this machine can reach {addresses}, and look at https://www.githubstatus.com"
    return [
        Check(_ABOUT, checks.app, remedy),
        Check("client secret", checks.client_secret, remedy),
        Check("github clock", checks.clock_offset, remedy),
        Check("webhook", checks.webhook, remedy),
        Check("deliveries", checks.deliveries, remedy),
        Check("callback urls", checks.callbacks, remedy),
    ]


@dataclass(frozen=True, slots=True)
class _ProviderChecks:
    settings: Settings
    clock: Clock
    provider: GitProvider
    registration: GitHubApp
    database: Database | None

    async def app(self) -> list[Finding]:
        try:
            app = await self.provider.get_app()
        except AppRefused as refusal:
            return [fail(_ABOUT, refusal.message, _REFUSED)]
        except RateLimited as refusal:
            return [fail(_ABOUT, refusal.message, _RATE_LIMITED)]
        needs, configured = self.provider.needs, self.registration
        return [
            *check_identity(app, client_id=configured.client_id, app_id=configured.app_id, slug=configured.slug),
            *check_permissions(app, needs),
            *check_events(app, needs),
        ]

    async def client_secret(self) -> list[Finding]:
        """Send an invalid code. GitHub checks the client secret first and has another error for a wrong one.

        https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
        """
        about = "client secret"
        try:
            await self.provider.exchange_code(_NO_CODE, redirect_uri=None, code_verifier=None)
        except AppRefused as refusal:
            return [fail(about, f"Users cannot connect their accounts. {refusal.message}", _CLIENT_REFUSED)]
        except CredentialRefused:
            pass
        except (AccessBlocked, ProviderUnavailable, RateLimited) as refusal:
            return [_note_unchecked(about, refusal)]
        return [ok(about, "GitHub accepts the client secret.")]

    async def clock_offset(self) -> list[Finding]:
        try:
            return [check_clock("github", await self.provider.measure_clock_offset())]
        except (AccessBlocked, ProviderUnavailable, RateLimited) as refusal:
            return [_note_unchecked("github clock", refusal)]

    async def webhook(self) -> list[Finding]:
        try:
            config = await self.provider.get_webhook_config()
        except NotVisible:
            config = WebhookConfig("", "")
        except (AppRefused, AccessBlocked, ProviderUnavailable, RateLimited) as refusal:
            return [_note_unchecked("webhook", refusal)]
        expected = f"{self.settings.public_url or ''}{WEBHOOKS}"
        page = await self._page()
        return check_webhook(config, expected, page, is_development=self.settings.is_development)

    async def deliveries(self) -> list[Finding]:
        log = []
        try:
            async with aclosing(self.provider.list_deliveries()) as logged:
                async for delivery in logged:
                    log.append(delivery)
                    if len(log) == _MOST_DELIVERIES:
                        break
        except NotVisible:
            pass
        except (AppRefused, AccessBlocked, ProviderUnavailable, RateLimited) as refusal:
            return [_note_unchecked("deliveries", refusal)]
        sent = list(dict.fromkeys(delivery.guid for delivery in log))
        stored = await find_stored_deliveries(self.database, self.provider.name, sent)
        return check_deliveries(log, stored, await self._page(), now=self.clock.now())

    async def callbacks(self) -> list[Finding]:
        public_url = self.settings.public_url
        return [note_callbacks(callback_urls(public_url))] if public_url else []

    async def _page(self) -> str:
        try:
            return (await self.provider.get_app()).settings_url or "the app's page"
        except DomainError:
            return "the app's page"


def _note_unchecked(about: str, refusal: DomainError) -> Finding:
    return note(about, f"Not checked. {refusal.message}")
