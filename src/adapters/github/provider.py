import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from adapters.github.api.api_calls import CallContext
from adapters.github.api.app_calls import AppCalls
from adapters.github.api.app_jwt import AppJwt, read_private_key
from adapters.github.api.content_calls import ContentCalls
from adapters.github.api.credentials import AppCredential, ClientCredential, TokenAges
from adapters.github.api.http_client import Connect
from adapters.github.api.limits import Limits
from adapters.github.api.transport import Transport
from adapters.github.api.user_calls import UserCalls
from adapters.github.protocol.webhooks import PROVIDER
from adapters.github.registration import NEEDS
from adapters.github.urls import GitHubUrls
from core.domain.provider import AccountUrls, Capabilities
from core.domain.secret import Secret
from ports.provider import GitProvider
from ports.system import Clock
from ports.telemetry import Metrics, Traces


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """The registration of the app at one GitHub.

    Older GitHub Enterprise Servers need `app_id`. `slug` is used only until GitHub returns the current slug.
    """

    client_id: str
    client_secret: Secret
    private_key: Secret
    app_id: str | None = None
    slug: str | None = None
    addresses: GitHubUrls = field(default_factory=GitHubUrls)

    @property
    def issuer(self) -> str:
        """The issuer of JWTs: the client id, as GitHub recommends, which older servers do not accept."""
        return self.app_id if self.app_id and self.addresses.is_server else self.client_id


class GitHubProvider(AppCalls, ContentCalls, UserCalls, GitProvider):
    """GitHub's API for one app, for one event loop. Close it at the end."""

    name = PROVIDER
    needs = NEEDS
    capabilities = Capabilities(installation_requests=True, delivery_log=True, user_emails=True, display_name="GitHub")

    def __init__(
        self,
        app: GitHubApp,
        clock: Clock,
        *,
        limits: Limits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        metrics: Metrics | None = None,
        traces: Traces | None = None,
        connect: Connect | None = None,
    ) -> None:
        """Parse the key; raises `ValueError`. Does not connect."""
        jwt = AppJwt(app.issuer, read_private_key(app.private_key), clock)
        self._claim = jwt
        self.capabilities = replace(self.capabilities, web_url=app.addresses.web)
        super().__init__(
            CallContext(
                urls=app.addresses,
                transport=Transport(
                    clock,
                    limits=limits,
                    monotonic=monotonic,
                    sleep=sleep,
                    draw=draw,
                    metrics=metrics,
                    traces=traces,
                    connect=connect,
                ),
                metrics=metrics,
                clock=clock,
                app=AppCredential(jwt),
                client=ClientCredential(app.client_id, app.client_secret),
                client_id=app.client_id,
                client_secret=app.client_secret,
                ages=TokenAges(monotonic),
            ),
            slug=app.slug,
        )

    def get_key_uses(self) -> Mapping[str, datetime]:
        """Return the fingerprint of the app's key and its last use."""
        return {self._claim.fingerprint: self._claim.used_at} if self._claim.used_at else {}

    def build_account_urls(self, account_id: str | None, login: str) -> AccountUrls:
        """Return the addresses of an account, which follow from its id and its login."""
        urls = self._context.urls
        return AccountUrls(urls.build_avatar_url(account_id) if account_id else None, urls.build_profile_url(login))

    async def close(self) -> None:
        """Close all connections."""
        await self._context.transport.close()
