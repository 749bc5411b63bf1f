from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.catalog.branches import Branch
from core.domain.catalog.repository import RepositoryPage
from core.domain.connections import ProviderPerson
from core.domain.deliveries.delivery import QuotedDelivery
from core.domain.deliveries.recovery import LoggedDelivery
from core.domain.identifiers import RepoId
from core.domain.install.installations import (
    Installation,
    InstallationRequest,
    RepositoryAdministration,
    VisibleInstallations,
)
from core.domain.integrations.integration import Integration
from core.domain.provider import App, AppNeeds, Capabilities, WebhookConfig
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess, InstallationToken
from core.domain.tokens.user_tokens import UserTokens


class GitProvider(Protocol):
    """One provider's API.

    Every method may raise `ProviderUnavailable` or `RateLimited`, which say nothing of the object asked for.
    Calls that change nothing are tried again a bounded number of times; the rest never are.
    Not promised: that an answer is still true when it arrives.
    """

    @property
    def name(self) -> str:
        """The provider's name in paths and rows, such as `github`."""

    @property
    def capabilities(self) -> Capabilities:
        """What this provider can do."""

    @property
    def needs(self) -> AppNeeds:
        """What our app must be granted and told of, in this provider's words."""

    def get_key_uses(self) -> Mapping[str, datetime]:
        """Return when each of the app's keys was last used by this process, by the provider's name for it."""

    # As our app. A refusal of the app itself raises `AppRefused`.

    async def get_app(self) -> App:
        """Return our app as the provider knows it."""

    async def measure_clock_offset(self) -> timedelta | None:
        """Return how far the provider's clock is ahead of ours; None where it does not tell.

        Answers also while our app is refused, which a wrong clock may cause. Not exact: to a second.
        """

    async def get_installation(self, provider_id: str) -> Installation:
        """Return one installation, suspended or not; raises `InstallationGone`."""

    async def list_installation_requests(self) -> Sequence[InstallationRequest]:
        """Return the requests that wait for an owner's approval."""

    def build_manage_url(self, integration: Integration) -> str | None:
        """Return the page where the account's owners manage our app: its repositories and permissions."""

    async def mint_token(
        self,
        provider_id: str,
        *,
        repo_ids: Collection[RepoId] | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> InstallationToken:
        """Make a token, narrowed to repositories and permissions where given.

        An empty collection is a mistake (`ValueError`), not the whole installation. Raises
        `InstallationSuspended`, `InstallationGone` and other refusals of this installation as
        `CredentialRefused` (both only while the app itself is still accepted, else `AppRefused`),
        `PermissionMissing`, and `NotVisible` for a repository the installation does not cover.
        """

    async def uninstall(self, provider_id: str) -> None:
        """Remove the installation at the provider; one that is gone already is fine."""

    def list_deliveries(self) -> AsyncGenerator[LoggedDelivery, None]:
        """Return the log of deliveries, newest first, page by page as it is read."""

    async def get_delivery(self, logged_id: int) -> QuotedDelivery:
        """Return what a logged delivery told; raises `NotVisible`."""

    async def redeliver(self, logged_id: int) -> None:
        """Ask for the delivery to be sent again; raises `NotVisible`."""

    def get_remaining_calls(self) -> float | None:
        """Return the part of this hour's calls that the last look into the log left; None where not told."""

    async def get_webhook_config(self) -> WebhookConfig:
        """Return where deliveries are sent.

        Not promised: that they are sent. A provider may not tell whether they are switched on.
        """

    # With an installation's token. A dead one raises `CredentialRefused`.

    def list_repository_pages(self, access: InstallationAccess) -> AsyncGenerator[RepositoryPage, None]:
        """Return every page of the installation's repositories, several fetched at once, in any order.

        Each repository comes once. Where so much changed meanwhile that some may be missing, the last page is
        not `whole`.
        """

    async def get_repository(self, access: InstallationAccess, repo_id: RepoId) -> RepositoryFacts:
        """Return one repository by its durable id; raises `NotVisible`. Seeing one proves no right to it."""

    async def list_branches(
        self, access: InstallationAccess, repo_id: RepoId, *, prefix: str, limit: int
    ) -> Sequence[Branch]:
        """Return at most `limit` branches whose names begin with `prefix`, by name; raises `NotVisible`."""

    async def find_branch(self, access: InstallationAccess, repo_id: RepoId, name: str) -> Branch | None:
        """Return one branch by its exact name; raises `NotVisible` for the repository."""

    async def revoke_token(self, token: Secret) -> None:
        """End an installation's token at once; one that is dead already is fine."""

    # As a person.

    async def build_install_url(self, *, state: str, account_id: str | None = None) -> str:
        """Return where a person installs our app, on this account if one is given.

        Asks the provider at times, since an app's page moves when the app is renamed.
        """

    def build_single_sign_on_url(self, account_login: str | None) -> str | None:
        """Return where a person signs in to an account that requires it; without one, to any of theirs."""

    def build_authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:
        """Return where a person authorizes our app (PKCE, S256)."""

    async def exchange_code(
        self, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None
    ) -> UserTokens:
        """Trade a code for tokens; raises `CredentialRefused` for one that is wrong, used or too old.

        Raises `AppRefused`, here and in `refresh`, where the provider refuses us rather than what we show.
        """

    async def refresh(self, refresh_token: Secret) -> UserTokens:
        """Trade a refresh token, which dies, for new tokens; raises `CredentialRefused`.

        After `ProviderUnavailable` it is open whether the old one died.
        """

    async def get_person(self, token: Secret) -> ProviderPerson:
        """Return whom a user token speaks for."""

    async def list_verified_emails(self, token: Secret) -> Sequence[str]:
        """Return the person's verified addresses; raises `PermissionMissing`."""

    async def list_visible_installations(self, token: Secret) -> VisibleInstallations:
        """Return our installations the person can see, over all pages. Seeing one is not owning it."""

    async def count_administered(
        self,
        token: Secret,
        provider_id: str,
        *,
        after: RepositoryAdministration | None = None,
        until: datetime | None = None,
    ) -> RepositoryAdministration:
        """Count the installation's repositories the person sees and administers.

        Stops at the first page that has one they do not administer. After `until`, returns what is not
        complete once at least one page was read; a later call continues `after` it, in any process. Raises
        `NotVisible`, `InstallationSuspended`, `SingleSignOnRequired`, `AddressNotAllowed` or another
        `PermissionMissing`.
        """

    async def revoke_grant(self, token: Secret) -> None:
        """Withdraw the person's whole authorization, which ends every token of theirs for our app.

        Raises `CredentialRefused` for a dead token, which cannot show whose authorization is meant.
        """

    async def revoke_user_token(self, token: Secret) -> None:
        """End one user token; one that is dead already is fine."""
