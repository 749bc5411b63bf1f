"""GitHub's adapter at the sandbox, for the suites of providers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from adapters.github.provider import GitHubProvider
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.install.installations import InstallationRequest
from core.domain.secret import Secret
from sandbox import user_tokens
from sandbox.actions import installation_changes
from sandbox.behaviour import DeliveryMode
from sandbox.faults import Fault, FaultKind
from sandbox.state import repositories as state
from sandbox.state.accounts import Account, AccountType, Email
from sandbox.state.apps import App, Installation
from sandbox.state.git_objects import create_commit
from sandbox.state.seed import make_sha
from testing.contracts.provider.app import ProviderStage
from tests.support.fakes.github import Time
from tests.support.servers.sandbox import RunningSandbox


class SandboxStage(ProviderStage):
    """GitHub's adapter, asking the sandbox over HTTP."""

    def __init__(self, running: RunningSandbox, provider: GitHubProvider, time: Time) -> None:
        self.provider = provider
        self._time = time
        self._sandbox = running.sandbox
        self._world = running.data
        self._app = self._our_app(running.app.id)
        self._sandbox.clock = time.now
        self._sandbox.behaviour.delivering = DeliveryMode.NEVER
        self.callback = self._app.callback_urls[0]

    def now(self) -> datetime:
        """Return the time."""
        return self._time.now()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._time.pass_by(by.total_seconds())

    def advance_provider_clock(self, by: timedelta) -> None:
        """Let the sandbox's clock be wrong."""
        self._sandbox.faults.active.append(Fault(FaultKind.SKEWED_CLOCK, seconds=by.total_seconds()))

    def reject_app(self) -> None:
        """Refuse our key."""
        self._sandbox.faults.active.append(Fault(FaultKind.KEY_REFUSED))

    def stop_provider(self) -> None:
        """Answer with errors only."""
        self._sandbox.faults.active.append(Fault(FaultKind.ERROR, status=502))

    def start_provider(self) -> None:
        """Answer again."""
        self._sandbox.faults.active.clear()

    def install(self, repositories: int = 2) -> tuple[str, AccountId]:
        """Install on a new organization."""
        owner, account = self._account("User"), self._account("Organization")
        account.owners, account.members = {owner.id}, {owner.id}
        account.members_read = False
        covered = {self._repository(account) for _ in range(repositories)}
        one = installation_changes.install(
            self._sandbox, owner, self._app, account, selection="selected", repository_ids=covered
        )
        return str(one.id), AccountId(str(account.id))

    def list_covered(self, provider_id: str) -> Sequence[RepoId]:
        """Return what it covers."""
        return [RepoId(str(one.id)) for one in self._world.list_covered(self._installation(provider_id))]

    def add_private_repository(self) -> RepoId:
        """Make one where our app is not."""
        return RepoId(str(self._repository(self._account("Organization"))))

    def set_branches(self, repo_id: RepoId, *names: str) -> None:
        """Set them."""
        self._world.repositories[int(repo_id)].branches = {name: state.Branch(make_sha(name)) for name in names}

    def add_commit(
        self, repo_id: RepoId, files: Mapping[str, str], *, parent: str | None = None, branch: str | None = None
    ) -> str:
        """Add it."""
        repository = self._world.repositories[int(repo_id)]
        commit = create_commit(
            f"Commit {len(repository.commits)}",
            author=state.Signature("Ada", "ada@example.com"),
            at=self.now(),
            parents=[parent] if parent else [],
            files=files,
            changed=(),
        )
        repository.commits[commit.sha] = commit
        if branch:
            repository.branches[branch] = state.Branch(commit.sha)
        return commit.sha

    def suspend(self, provider_id: str) -> None:
        """Let its owner suspend it."""
        one = self._installation(provider_id)
        installation_changes.suspend(self._sandbox, self._owner(one), one)

    def unsuspend(self, provider_id: str) -> None:
        """Let its owner lift that."""
        one = self._installation(provider_id)
        installation_changes.unsuspend(self._sandbox, self._owner(one), one)

    def remove(self, provider_id: str) -> None:
        """Let its owner uninstall."""
        one = self._installation(provider_id)
        installation_changes.uninstall(self._sandbox, self._owner(one), one)

    def add_request(self) -> InstallationRequest:
        """Let a member ask."""
        person, account = self._account("User"), self._account("Organization")
        installation_changes.request_installation(
            self._sandbox, person, self._app, account, selection="all", repository_ids=set()
        )
        return InstallationRequest(
            ProviderUserId(str(person.id)), AccountId(str(account.id)), account.login, self.now()
        )

    def add_person(
        self,
        *,
        emails: Collection[str] = (),
        unverified: Collection[str] = (),
        sees: Collection[RepoId] = (),
        administers: Collection[RepoId] = (),
    ) -> ProviderUserId:
        """Make an account and let it collaborate."""
        one = self._account("User")
        first, *others = emails or ["primary@mail.example"]
        one.emails = [
            *(Email(address, verified=False) for address in unverified),
            *(Email(address) for address in others),
            Email(first, primary=True),
        ]
        for repo_id in sees:
            self._world.repositories[int(repo_id)].collaborators[one.id] = "pull"
        for repo_id in administers:
            self._world.repositories[int(repo_id)].collaborators[one.id] = "admin"
        return ProviderUserId(str(one.id))

    def hide_emails(self) -> None:
        """Take the permission away."""
        self._app.permissions = {"contents": "read", "metadata": "read"}

    def authorize(self, person_id: ProviderUserId, *, code_challenge: str | None = None) -> Secret:
        """Make a code."""
        return Secret(
            user_tokens.create_code(
                self._sandbox, self._app, int(person_id), redirect_uri=self.callback, code_challenge=code_challenge
            )
        )

    def log_delivery(self) -> tuple[str, bytes]:
        """Create an installation, which the app receives a webhook for."""
        self._sandbox.behaviour.delivering = DeliveryMode.FAILING
        self.install(0)
        self._sandbox.behaviour.delivering = DeliveryMode.NEVER
        newest = list(self._world.deliveries.values())[-1]
        return newest.guid, newest.event.encode()

    def _our_app(self, number: int) -> App:
        return self._world.apps[number]

    def _account(self, kind: AccountType) -> Account:
        number, now = self._world.new_id("account"), self.now()
        self._world.accounts[number] = account = Account(
            number, f"account-{number}", None, kind, created_at=now, updated_at=now
        )
        return account

    def _repository(self, owner: Account) -> int:
        number, now = self._world.new_id("repository"), self.now()
        self._world.repositories[number] = state.Repository(
            id=number,
            name=f"r-{number}",
            owner_id=owner.id,
            created_at=now,
            updated_at=now,
            pushed_at=now,
            branches={"main": state.Branch(make_sha("main"))},
        )
        return number

    def _installation(self, provider_id: str) -> Installation:
        return self._world.installations[int(provider_id)]

    def _owner(self, one: Installation) -> Account:
        (owner,) = self._world.accounts[one.account_id].owners
        return self._world.accounts[owner]
