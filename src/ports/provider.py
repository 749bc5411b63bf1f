from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.catalog.branches import Branch
from core.domain.catalog.commits import Directories
from core.domain.catalog.repository import RepositoryPage
from core.domain.changed_files import ChangedFiles
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
from core.domain.provider import AccountUrls, App, AppNeeds, Capabilities, WebhookConfig
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess, InstallationToken
from core.domain.tokens.user_tokens import UserTokens


class GitProvider(Protocol):
    """One provider's API.

    Every method may raise `ProviderUnavailable` or `RateLimited`, which do not depend on the requested object. Calls
    that change nothing are retried a limited number of times; other calls are not retried.

    Not guaranteed: that a result is still true when it arrives.
    """

    @property
    def name(self) -> str:
        """The provider's name in paths and rows, such as `github`."""

    @property
    def capabilities(self) -> Capabilities:
        """The features that this provider supports."""

    @property
    def needs(self) -> AppNeeds:
        """The permissions and events that the app must have, in this provider's words."""

    def get_key_uses(self) -> Mapping[str, datetime]:
        """Return when this process last used each of the app's keys, by the provider's name of the key."""

    # As the app. If the provider rejects the app itself, these raise `AppRefused`.

    async def get_app(self) -> App:
        """Return the app as the provider reports it."""

    async def measure_clock_offset(self) -> timedelta | None:
        """Return how far the provider's clock is ahead of this machine's clock, or None if it is unknown.

        Works while the app is rejected, which a wrong clock can cause. Exact to a second.
        """

    async def get_installation(self, provider_id: str) -> Installation:
        """Return an installation, suspended or not; raises `InstallationGone`."""

    async def list_installation_requests(self) -> Sequence[InstallationRequest]:
        """Return the requests that wait for an owner's approval."""

    def build_manage_url(self, integration: Integration) -> str | None:
        """Return the page where the account's owners manage the installation's repositories and permissions."""

    def build_account_urls(self, account_id: str | None, login: str) -> AccountUrls:
        """Return the addresses of the picture and the page of a user or organization, without a request."""

    async def mint_token(
        self,
        provider_id: str,
        *,
        repo_ids: Collection[RepoId] | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> InstallationToken:
        """Create a token, limited to repositories and permissions if they are given.

        An empty collection raises `ValueError`: it does not mean the whole installation. Raises
        `InstallationSuspended` or `InstallationGone`, `CredentialRefused` if the provider rejects this installation
        for another reason, `AppRefused` if it rejects the app itself, `PermissionMissing`, and `NotVisible` for a
        repository that the installation does not cover.
        """

    async def uninstall(self, provider_id: str) -> None:
        """Remove the installation at the provider. Does nothing if it does not exist."""

    def list_deliveries(self) -> AsyncGenerator[LoggedDelivery, None]:
        """Yield the delivery log, the newest first, page by page as it is read."""

    async def get_delivery(self, logged_id: int) -> QuotedDelivery:
        """Return the payload of a logged delivery; raises `NotVisible`."""

    async def redeliver(self, logged_id: int) -> None:
        """Request that the provider sends the delivery again; raises `NotVisible`."""

    def get_remaining_calls(self) -> float | None:
        """Return the fraction of this hour's calls that the last read of the log left, or None."""

    async def get_webhook_config(self) -> WebhookConfig:
        """Return where deliveries are sent.

        Not guaranteed: that they are sent. A provider may not report whether webhooks are enabled.
        """

    # With an installation's token. A token that is no longer valid raises `CredentialRefused`.

    def list_repository_pages(self, access: InstallationAccess) -> AsyncGenerator[RepositoryPage, None]:
        """Yield every page of the installation's repositories, several fetched at once, in any order.

        Each repository comes once. If the list changed so much that repositories may be missing, the last page is not
        `whole`.
        """

    async def get_repository(self, access: InstallationAccess, repo_id: RepoId) -> RepositoryFacts:
        """Return a repository by its permanent id; raises `NotVisible`. Visible does not prove access."""

    async def list_branches(
        self, access: InstallationAccess, repo_id: RepoId, *, prefix: str, limit: int
    ) -> Sequence[Branch]:
        """Return at most `limit` branches whose names begin with `prefix`, by name; raises `NotVisible`."""

    async def find_branch(self, access: InstallationAccess, repo_id: RepoId, name: str) -> Branch | None:
        """Return a branch by its exact name, or None; raises `NotVisible` for the repository."""

    async def find_commit(self, access: InstallationAccess, repo_id: RepoId, ref: str) -> str | None:
        """Return the full id of the commit that a branch, a tag or a commit id names, or None.

        Raises `NotVisible` for the repository.
        """

    async def compare_commits(
        self, access: InstallationAccess, repo_id: RepoId, *, base: str, head: str, from_merge_base: bool
    ) -> ChangedFiles:
        """Return the files that differ between two commits, which are named by their full ids.

        With `from_merge_base`, the files that differ between the head and its newest common ancestor with the base.
        Not complete only for repositories so large that reading all files would need too many calls. Raises
        `NotVisible`.
        """

    async def list_directories(self, access: InstallationAccess, repo_id: RepoId, sha: str) -> Directories:
        """Return the directories of a commit, which is named by its full id; raises `NotVisible`."""

    async def revoke_token(self, token: Secret) -> None:
        """Revoke an installation token at once. Does nothing if the token is no longer valid."""

    # As a user.

    async def build_install_url(self, *, state: str, account_id: str | None = None) -> str:
        """Return the page where a user installs the app, on this account if one is given.

        Sometimes calls the provider, because the page moves when the app is renamed.
        """

    def build_single_sign_on_url(self, account_login: str | None) -> str | None:
        """Return the single sign-on page of an account, or of any of the user's accounts."""

    def build_authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:
        """Return the page where a user authorizes the app (PKCE, S256)."""

    async def exchange_code(
        self, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None
    ) -> UserTokens:
        """Exchange a code for tokens; raises `CredentialRefused` for a code that is wrong, used or expired.

        Raises `AppRefused`, here and in `refresh`, if the provider rejects the app and not the code or token.
        """

    async def refresh(self, refresh_token: Secret) -> UserTokens:
        """Exchange a refresh token, which then ends, for new tokens; raises `CredentialRefused`.

        After `ProviderUnavailable`, it is unknown whether the old token has ended.
        """

    async def get_person(self, token: Secret) -> ProviderPerson:
        """Return the account that a user token belongs to."""

    async def list_verified_emails(self, token: Secret) -> Sequence[str]:
        """Return the user's verified addresses; raises `PermissionMissing`."""

    async def list_visible_installations(self, token: Secret) -> VisibleInstallations:
        """Return the installations of the app that the user can see, over all pages. Visible does not mean owned."""

    async def count_administered(
        self,
        token: Secret,
        provider_id: str,
        *,
        after: RepositoryAdministration | None = None,
        until: datetime | None = None,
    ) -> RepositoryAdministration:
        """Count the installation's repositories that the user sees and administers.

        Stops at the first page with a repository that they do not administer. After `until`, returns an incomplete
        count once at least one page was read; a later call continues `after` it, in any process. Raises `NotVisible`,
        `InstallationSuspended`, `SingleSignOnRequired`, `AddressNotAllowed` or another `PermissionMissing`.
        """

    async def revoke_grant(self, token: Secret) -> None:
        """Revoke the user's authorization of the app, which ends all their tokens for the app.

        Raises `CredentialRefused` for a token that is no longer valid, because it does not identify the
        authorization.
        """

    async def revoke_user_token(self, token: Secret) -> None:
        """Revoke one user token. Does nothing if it is no longer valid."""
