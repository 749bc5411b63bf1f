"""Responses about the app and its installations, with only the fields in use: https://docs.github.com/rest/apps."""

from datetime import datetime

import msgspec

from adapters.github.protocol.webhooks import PROVIDER
from adapters.github.registration import normalize_permission_names
from adapters.github.tolerant_decoder import Id, Unreadable
from adapters.github.urls import GitHubUrls, parse_web_url
from core.domain.deliveries.delivery import QuotedDelivery
from core.domain.deliveries.recovery import LoggedDelivery
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.install.installations import Installation, InstallationRequest
from core.domain.provider import App, WebhookConfig
from core.domain.provider_errors import NotVisible
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationToken

_SUCCEEDED = "OK"


class Owner(msgspec.Struct):
    """The owner of an app. An enterprise has no login."""

    login: str | None = None
    type: str | None = None


class AppResponse(msgspec.Struct):
    """The app."""

    id: Id
    slug: str
    name: str = ""
    html_url: str | None = None
    owner: Owner | None = None
    client_id: str | None = None
    permissions: dict[str, str] = {}
    events: list[str] = []

    def to_domain(self, addresses: GitHubUrls) -> App:
        """Return the domain value."""
        organization = self.owner.login if self.owner and self.owner.type == "Organization" else None
        return App(
            id=str(self.id),
            slug=self.slug,
            client_id=self.client_id,
            name=self.name or self.slug,
            url=parse_web_url(self.html_url) or addresses.app_page(self.slug),
            permissions=normalize_permission_names(self.permissions),
            events=frozenset(self.events),
            settings_url=addresses.app_settings(self.slug, organization),
        )


class Account(msgspec.Struct):
    """A user, an organization, or an enterprise, which has a slug instead of a login."""

    id: Id
    login: str | None = None
    slug: str | None = None
    html_url: str | None = None


class InstallationResponse(msgspec.Struct):
    """An installation of the app."""

    id: Id
    target_id: Id | None = None
    target_type: str = "Organization"
    repository_selection: str = "selected"
    account: Account | None = None
    permissions: dict[str, str] = {}
    html_url: str | None = None
    suspended_at: datetime | None = None
    updated_at: datetime | None = None

    def to_domain(self) -> Installation:
        """Return the domain value."""
        account = self.account or (Account(self.target_id) if self.target_id else None)
        if account is None:
            raise Unreadable.at("account.id", "missing, and `target_id` is missing too", "an integer greater than 0")
        return Installation(
            provider_id=str(self.id),
            account_id=AccountId(str(account.id)),
            account_login=account.login or account.slug or "",
            account_type=self.target_type,
            account_url=parse_web_url(account.html_url),
            repository_selection=self.repository_selection,
            permissions=self.permissions,
            manage_url=parse_web_url(self.html_url),
            suspended_at=self.suspended_at,
            updated_at=self.updated_at,
        )


class InstallationRequestResponse(msgspec.Struct):
    """A pending installation request."""

    account: Account
    requester: Account
    created_at: datetime | None = None

    def to_domain(self) -> InstallationRequest:
        """Return the domain value."""
        return InstallationRequest(
            requester_id=ProviderUserId(str(self.requester.id)),
            account_id=AccountId(str(self.account.id)),
            account_login=self.account.login or self.account.slug or "",
            created_at=self.created_at,
        )


class TokenResponse(msgspec.Struct):
    """A new installation token, of any format and length.

    https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
    """

    token: str
    expires_at: datetime
    permissions: dict[str, str] = {}

    def to_domain(self) -> InstallationToken:
        """Return the domain value."""
        return InstallationToken(Secret(self.token), self.expires_at, self.permissions)


class DeliveryResponse(msgspec.Struct):
    """A delivery attempt in the delivery log."""

    id: Id
    guid: str
    delivered_at: datetime
    event: str
    status: str = ""
    status_code: int | None = None
    action: str | None = None
    installation_id: Id | None = None
    repository_id: Id | None = None

    def to_domain(self) -> LoggedDelivery:
        """Return the domain value. Attempts without a response, such as timeouts, have no status code.

        https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
        """
        return LoggedDelivery(
            id=self.id,
            guid=self.guid,
            delivered_at=self.delivered_at,
            event_type=self.event,
            action=self.action,
            source_key=None if self.installation_id is None else str(self.installation_id),
            repo_id=None if self.repository_id is None else RepoId(str(self.repository_id)),
            succeeded=self.status == _SUCCEEDED,
            answer=self.status,
            status_code=self.status_code or None,
        )


class DeliveryRequest(msgspec.Struct):
    """The request of an attempt. The payload stays text, so that decoding does not change it."""

    payload: msgspec.Raw = msgspec.Raw(b"null")


class DeliveryDetailResponse(msgspec.Struct):
    """A delivery attempt with its request."""

    guid: str
    event: str
    request: DeliveryRequest

    def to_domain(self) -> QuotedDelivery:
        """Return the domain value; raises `NotVisible` if GitHub no longer stores the payload."""
        payload = bytes(self.request.payload)
        if payload.startswith(b'"'):
            payload = msgspec.json.decode(payload, type=str).encode()
        if payload in {b"null", b""}:
            raise NotVisible("GitHub no longer stores the payload of this delivery.")
        return QuotedDelivery(PROVIDER, self.guid, self.event, payload)


class HookConfigResponse(msgspec.Struct):
    """The webhook configuration of the app."""

    url: str | None = None
    content_type: str = ""
    insecure_ssl: str | int = "0"

    def to_domain(self) -> WebhookConfig:
        """Return the domain value."""
        return WebhookConfig(self.url or "", self.content_type, verifies_certificate=str(self.insecure_ssl) == "0")
