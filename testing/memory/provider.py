from collections.abc import AsyncGenerator, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from core.domain.catalog.branches import Branch
from core.domain.catalog.commits import Directories
from core.domain.catalog.repository import RepositoryPage
from core.domain.changed_files import ChangedFiles
from core.domain.deliveries.delivery import QuotedDelivery
from core.domain.deliveries.recovery import LoggedDelivery
from core.domain.identifiers import RepoId
from core.domain.install.installations import Installation, InstallationRequest
from core.domain.integrations.integration import Integration
from core.domain.provider import AccountUrls, App, AppNeeds, Capabilities, WebhookConfig
from core.domain.provider_errors import (
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    NotVisible,
    PermissionMissing,
)
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess, InstallationToken
from ports.provider import GitProvider
from testing.memory.provider_state import FakeCommit, FakeInstallation, MintedToken, SentDelivery
from testing.memory.user_calls import FakeUserCalls

_TOKEN_LIFE = timedelta(hours=1)


class FakeProvider(FakeUserCalls, GitProvider):
    """A provider in this process with the important rules: tokens expire, codes and refresh tokens work once.

    `state` has the provider's data, and methods for what users do there. If `accepts_app` is false, the provider
    rejects the app's key.
    """

    @property
    def name(self) -> str:
        """The provider's name in paths and rows."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities that the constructor got."""
        return self._capabilities

    @property
    def needs(self) -> AppNeeds:
        """The app's needs, which tests can replace in `state`."""
        return self.state.needs

    def get_key_uses(self) -> Mapping[str, datetime]:
        """Return when the key was last used."""
        return {"SHA256:fake": self._key_used_at} if self._key_used_at else {}

    # As the app.

    async def get_app(self) -> App:
        """Return the app."""
        await self._as_app("get_app")
        return self.state.app

    async def measure_clock_offset(self) -> timedelta | None:
        """Return the offset in `state`. Works for a rejected app too."""
        await self._meet("measure_clock_offset")
        return self.state.clock_offset

    async def get_installation(self, provider_id: str) -> Installation:
        """Return one installation, suspended or not; raises `InstallationGone`."""
        await self._as_app("get_installation")
        return self._get_installation(provider_id).facts

    def build_manage_url(self, integration: Integration) -> str | None:
        """Return where an installation is managed."""
        return f"https://provider.example/installations/{integration.provider_id}"

    def build_account_urls(self, account_id: str | None, login: str) -> AccountUrls:
        """Return the addresses of an account."""
        return AccountUrls(
            f"https://provider.example/avatars/{account_id}" if account_id else None,
            f"https://provider.example/{login}",
        )

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
        requested = granted if permissions is None else permissions
        if repo_ids is not None and not repo_ids:
            raise ValueError("a token must be limited to at least one repository")
        if not requested.items() <= granted.items():
            raise PermissionMissing(
                "The installation does not have the permissions that this token needs. Ask an owner to grant them."
            )
        narrowed = frozenset(repo_ids or ())
        if not narrowed <= installed.repositories.keys():
            raise NotVisible("The installation has no access to this repository. Give the app access to it.")
        token, expires_at = f"ghs_fake_{next(self.state.numbers)}", self._clock.now() + _TOKEN_LIFE
        self.state.installation_tokens[token] = MintedToken(provider_id, narrowed, expires_at)
        return InstallationToken(Secret(token), expires_at, dict(requested))

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
        """Add the id to `state.redelivered`; raises `NotVisible`."""
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
        # An installation without repositories has one empty page.
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

    async def find_commit(self, access: InstallationAccess, repo_id: RepoId, ref: str) -> str | None:
        """Return the id of the commit of a branch or a commit id; raises `NotVisible`."""
        await self._meet("find_commit")
        self._get_readable(access.token, repo_id)
        branches = {branch.name: branch.sha for branch in self.state.branches.get(repo_id, [])}
        return branches.get(ref, ref if ref in self.state.commits.get(repo_id, {}) else None)

    async def compare_commits(
        self, access: InstallationAccess, repo_id: RepoId, *, base: str, head: str, from_merge_base: bool
    ) -> ChangedFiles:
        """Return the files that differ; raises `NotVisible`."""
        await self._meet("compare_commits")
        self._get_readable(access.token, repo_id)
        commits = self.state.commits[repo_id]
        if from_merge_base:
            ancestors = set(_list_history(commits, base))
            base = next((sha for sha in _list_history(commits, head) if sha in ancestors), base)
        changed = commits[base].files.items() ^ commits[head].files.items()
        return ChangedFiles.of((path for path, _ in changed), complete=True)

    async def list_directories(self, access: InstallationAccess, repo_id: RepoId, sha: str) -> Directories:
        """Return the directories of a commit; raises `NotVisible`."""
        await self._meet("list_directories")
        self._get_readable(access.token, repo_id)
        parents = {
            str(parent) for path in self.state.commits[repo_id][sha].files for parent in PurePosixPath(path).parents
        }
        return Directories(sorted(parents - {"."}), is_complete=True)

    async def revoke_token(self, token: Secret) -> None:
        """End an installation's token."""
        await self._meet("revoke_token")
        self.state.installation_tokens.pop(token.reveal(), None)

    # As a person.

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


def _list_history(commits: Mapping[str, FakeCommit], sha: str | None) -> Iterator[str]:
    while sha is not None:
        yield sha
        sha = commits[sha].parent
