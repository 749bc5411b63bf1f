from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from core.domain.catalog.branches import Branch
from core.domain.catalog.repository import RepositoryPage
from core.domain.connections import ProviderPerson
from core.domain.deliveries.delivery import QuotedDelivery
from core.domain.deliveries.recovery import LoggedDelivery
from core.domain.identifiers import ProviderUserId, RepoId
from core.domain.install.installations import (
    Installation,
    InstallationRequest,
    RepositoryAdministration,
    VisibleInstallation,
    VisibleInstallations,
)
from core.domain.integrations.integration import Integration
from core.domain.provider import App, AppNeeds, Capabilities, WebhookConfig
from core.domain.provider_errors import (
    AppRefused,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    NotVisible,
    PermissionMissing,
)
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess, InstallationToken
from core.domain.tokens.user_tokens import UserTokens
from ports.provider import GitProvider
from ports.system import Clock
from testing.memory.failing import Failing
from testing.memory.provider_state import (
    FakeInstallation,
    FakePerson,
    FakeProviderState,
    MintedToken,
    SentDelivery,
    UserGrant,
)

_TOKEN_LIFE = timedelta(hours=1)
_EVERYTHING = Capabilities(installation_requests=True, delivery_log=True, user_emails=True)


class FakeProvider(Failing, GitProvider):
    """A provider in this process with the rules that matter: tokens end, codes and refresh tokens work once.

    `world` is what there is and what people do there; `accepts_app` tells whether our app's
    key is still good.
    """

    def __init__(
        self, clock: Clock, *, name: str = "github", capabilities: Capabilities = _EVERYTHING, page_size: int = 100
    ) -> None:
        super().__init__()
        self.state = FakeProviderState(clock)
        self.accepts_app = True
        self._key_used_at: datetime | None = None
        self._clock = clock
        self._name = name
        self._capabilities = capabilities
        self._page_size = page_size

    @property
    def name(self) -> str:
        """The provider's name in paths and rows."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What it was made to be able to do."""
        return self._capabilities

    @property
    def needs(self) -> AppNeeds:
        """What the world's app has, unless the world says otherwise."""
        return self.state.needs

    def get_key_uses(self) -> Mapping[str, datetime]:
        """Return when the one key was last used."""
        return {"SHA256:fake": self._key_used_at} if self._key_used_at else {}

    # As our app.

    async def get_app(self) -> App:
        """Return our app."""
        await self._as_app("get_app")
        return self.state.app

    async def measure_clock_offset(self) -> timedelta | None:
        """Return what the world says; a refused app may know it, too."""
        await self._meet("measure_clock_offset")
        return self.state.clock_offset

    async def get_installation(self, provider_id: str) -> Installation:
        """Return one installation, suspended or not; raises `InstallationGone`."""
        await self._as_app("get_installation")
        return self._get_installation(provider_id).facts

    def build_manage_url(self, integration: Integration) -> str | None:
        """Return where an installation is managed."""
        return f"https://provider.example/installations/{integration.provider_id}"

    async def list_installation_requests(self) -> Sequence[InstallationRequest]:
        """Return the requests that wait."""
        await self._as_app("list_installation_requests")
        return list(self.state.requests)

    async def mint_token(
        self,
        provider_id: str,
        *,
        repo_ids: Collection[RepoId] | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> InstallationToken:
        """Make a token that lives an hour; raises what the port says."""
        await self._as_app("mint_token")
        installed = self._get_installation(provider_id)
        if installed.facts.suspended_at is not None:
            raise InstallationSuspended(
                "The installation is suspended. An owner of the account can unsuspend it at the provider."
            )
        granted = installed.facts.permissions
        asked = granted if permissions is None else permissions
        if repo_ids is not None and not repo_ids:
            raise ValueError("a token must be limited to at least one repository")
        if not asked.items() <= granted.items():
            raise PermissionMissing(
                "The installation does not have the permissions that this token needs. Ask an owner to grant them."
            )
        narrowed = frozenset(repo_ids or ())
        if not narrowed <= installed.repositories.keys():
            raise NotVisible("The installation has no access to this repository. Give the app access to it.")
        token, expires_at = f"ghs_fake_{next(self.state.numbers)}", self._clock.now() + _TOKEN_LIFE
        self.state.installation_tokens[token] = MintedToken(provider_id, narrowed, expires_at)
        return InstallationToken(Secret(token), expires_at, dict(asked))

    async def uninstall(self, provider_id: str) -> None:
        """Remove the installation, and so its tokens."""
        await self._as_app("uninstall")
        self.state.installations.pop(provider_id, None)

    async def list_deliveries(self) -> AsyncGenerator[LoggedDelivery, None]:
        """Return the log, newest first."""
        await self._as_app("list_deliveries")
        for sent in list(self.state.deliveries):
            yield sent.logged

    async def get_delivery(self, logged_id: int) -> QuotedDelivery:
        """Return what was sent; raises `NotVisible`."""
        await self._as_app("get_delivery")
        sent = self._get_delivery(logged_id)
        if sent.body is None:
            raise NotVisible("The provider's log no longer stores this payload.")
        return QuotedDelivery(self._name, sent.logged.guid, sent.logged.event_type, sent.body)

    def get_remaining_calls(self) -> float | None:
        """Return what the world says."""
        return self.state.calls_left

    async def redeliver(self, logged_id: int) -> None:
        """Record in `state.redelivered` that it was asked for; raises `NotVisible`."""
        await self._as_app("redeliver")
        self.state.redelivered.append(self._get_delivery(logged_id).logged.id)

    async def get_webhook_config(self) -> WebhookConfig:
        """Return where deliveries are sent."""
        await self._as_app("get_webhook_config")
        return self.state.config

    # With an installation's token.

    async def list_repository_pages(self, access: InstallationAccess) -> AsyncGenerator[RepositoryPage, None]:
        """Return every page of what the token opens, by id."""
        await self._meet("list_repository_pages")
        opened = [facts for _, facts in sorted(self._list_readable(access.token).items())]
        # An installation without repositories has one page all the same, which says so.
        for start in range(0, max(len(opened), 1), self._page_size):
            yield RepositoryPage(len(opened), tuple(opened[start : start + self._page_size]))

    async def get_repository(self, access: InstallationAccess, repo_id: RepoId) -> RepositoryFacts:
        """Return one repository; as at a real provider, any public one there is can be seen."""
        await self._meet("get_repository")
        return self._get_readable(access.token, repo_id)

    async def list_branches(
        self, access: InstallationAccess, repo_id: RepoId, *, prefix: str, limit: int
    ) -> Sequence[Branch]:
        """Return at most `limit` branches whose names begin so, by name; raises `NotVisible`."""
        await self._meet("list_branches")
        self._get_readable(access.token, repo_id)
        known = sorted(self.state.branches.get(repo_id, []), key=lambda branch: branch.name)
        return [branch for branch in known if branch.name.startswith(prefix)][:limit]

    async def find_branch(self, access: InstallationAccess, repo_id: RepoId, name: str) -> Branch | None:
        """Return one branch by its exact name; raises `NotVisible`."""
        await self._meet("find_branch")
        self._get_readable(access.token, repo_id)
        known = self.state.branches.get(repo_id, [])
        return next((branch for branch in known if branch.name == name), None)

    async def revoke_token(self, token: Secret) -> None:
        """End an installation's token."""
        await self._meet("revoke_token")
        self.state.installation_tokens.pop(token.reveal(), None)

    # As a person.

    async def build_install_url(self, *, state: str, account_id: str | None = None) -> str:
        """Return where a person installs our app."""
        query = {"state": state}
        if account_id is not None:
            query["target_id"] = account_id
        return f"{self.state.app.url}/installations/new?{urlencode(query)}"

    def build_single_sign_on_url(self, account_login: str | None) -> str | None:
        """Return where a person signs in to an account."""
        return f"https://provider.example/orgs/{account_login}/sso" if account_login else None

    def build_authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:
        """Return where a person authorizes our app."""
        query = {"state": state, "redirect_uri": redirect_uri, "code_challenge": code_challenge}
        return f"https://provider.example/authorize?{urlencode(query)}"

    async def exchange_code(
        self, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None
    ) -> UserTokens:
        """Trade a code, which then is used, for tokens; raises `CredentialRefused`."""
        await self._as_app("exchange_code")
        waiting = self.state.codes.pop(code.reveal(), None)
        verifier = code_verifier.reveal() if code_verifier else None
        if waiting is None or waiting.expires_at <= self._clock.now():
            raise CredentialRefused("The code is wrong, already used or expired. Start again.")
        if not waiting.is_answered_by(redirect_uri, verifier):
            raise CredentialRefused("The code was issued for another client. Start again.")
        return self.state.grant(waiting.person_id)

    async def refresh(self, refresh_token: Secret) -> UserTokens:
        """Trade a refresh token for new tokens; it and its access token die at once."""
        await self._as_app("refresh")
        grant = next((one for one in self.state.grants if one.refresh == refresh_token.reveal()), None)
        if grant is None or grant.refresh_expires_at <= self._clock.now():
            raise CredentialRefused("The refresh token is wrong, already used or expired. Connect again.")
        self.state.grants.remove(grant)
        return self.state.grant(grant.person_id)

    async def get_person(self, token: Secret) -> ProviderPerson:
        """Return whom a user token speaks for."""
        await self._meet("get_person")
        return self._person(token).facts

    async def list_verified_emails(self, token: Secret) -> Sequence[str]:
        """Return the person's addresses; raises `PermissionMissing`."""
        await self._meet("list_verified_emails")
        emails = self._person(token).emails
        if emails is None:
            raise PermissionMissing("The app is not permitted to read email addresses. Grant it that permission.")
        return list(emails)

    async def list_visible_installations(self, token: Secret) -> VisibleInstallations:
        """Return the installations of which the person sees a repository, or whose account is theirs."""
        await self._meet("list_visible_installations")
        person = self._person(token)
        found = [
            VisibleInstallation(provider_id, one.facts.account_id, one.facts.account_login)
            for provider_id, one in self.state.installations.items()
            if _sees_some_of(person, one)
        ]
        return VisibleInstallations(tuple(found), self.state.hides_accounts)

    async def count_administered(
        self,
        token: Secret,
        provider_id: str,
        *,
        after: RepositoryAdministration | None = None,
        until: datetime | None = None,
    ) -> RepositoryAdministration:
        """Count what the person sees and administers; raises `NotVisible` where they see nothing of it."""
        person, installed = self._person(token), self.state.installations.get(provider_id)
        await self._meet("count_administered")
        if installed is None or not _sees_some_of(person, installed):
            raise NotVisible("The installation does not exist, or this user has no access to it.")
        seen = sorted(person.sees & installed.repositories.keys())
        read = after.administered if after else 0
        while True:
            await self._meet("administered_page")
            page = seen[read : read + self._page_size]
            administered = read + len(person.administers.intersection(page))
            read += len(page)
            if administered < read or read == len(seen):
                return RepositoryAdministration(read, administered)
            if until is not None and self._clock.now() >= until:
                return RepositoryAdministration(len(seen), administered, is_complete=False)

    async def revoke_grant(self, token: Secret) -> None:
        """End every token of the person; raises `CredentialRefused` for a dead one."""
        await self._as_app("revoke_grant")
        grant = self._find_grant(token)
        if grant is None:
            raise CredentialRefused("The user token is wrong or expired. Connect again.")
        self._keep_grants(lambda one: one.person_id != grant.person_id)

    async def revoke_user_token(self, token: Secret) -> None:
        """End one user token."""
        await self._as_app("revoke_user_token")
        self._keep_grants(lambda one: one.access != token.reveal())

    async def _as_app(self, call: str) -> None:
        self._key_used_at = self._clock.now()
        await self._meet(call)
        if not self.accepts_app:
            raise AppRefused("The provider rejected the app's key. An operator must correct it.")

    def _get_installation(self, provider_id: str) -> FakeInstallation:
        installed = self.state.installations.get(provider_id)
        if installed is None:
            raise InstallationGone("The installation of the app does not exist. Install the app again.")
        return installed

    def _get_delivery(self, logged_id: int) -> SentDelivery:
        for sent in self.state.deliveries:
            if sent.logged.id == logged_id:
                return sent
        raise NotVisible("The provider's log does not have this delivery.")

    def _list_readable(self, token: Secret) -> Mapping[RepoId, RepositoryFacts]:
        minted = self.state.installation_tokens.get(token.reveal())
        installed = self.state.installations.get(minted.provider_id) if minted else None
        if minted is None or installed is None or minted.expires_at <= self._clock.now():
            raise CredentialRefused("The token is wrong or expired. Try again.")
        if installed.facts.suspended_at is not None:
            raise InstallationSuspended(
                "The installation is suspended. An owner of the account can unsuspend it at the provider."
            )
        covered = installed.repositories
        return {repo_id: covered[repo_id] for repo_id in minted.repo_ids or covered if repo_id in covered}

    def _get_readable(self, token: Secret, repo_id: RepoId) -> RepositoryFacts:
        opened = self._list_readable(token)
        if repo_id in opened:
            return opened[repo_id]
        for installed in self.state.installations.values():
            facts = installed.repositories.get(repo_id)
            if facts is not None and not facts.private:
                return facts
        raise NotVisible("The repository does not exist, or this token has no access to it.")

    def _find_grant(self, token: Secret) -> UserGrant | None:
        return next((one for one in self.state.grants if one.access == token.reveal()), None)

    def _keep_grants(self, kept: Callable[[UserGrant], bool]) -> None:
        self.state.grants[:] = filter(kept, self.state.grants)

    def _person(self, token: Secret) -> FakePerson:
        grant = self._find_grant(token)
        if grant is None or grant.expires_at <= self._clock.now():
            raise CredentialRefused("The user token is wrong or expired. Connect again.")
        return self.state.people[grant.person_id]


def _sees_some_of(person: FakePerson, installed: FakeInstallation) -> bool:
    owns = ProviderUserId(installed.facts.account_id) == person.facts.id
    return owns or not person.sees.isdisjoint(installed.repositories)
