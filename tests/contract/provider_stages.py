"""The stages of the providers we have: the one in memory, and GitHub's adapter at the sandbox."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from uuid import uuid4

from core.domain.catalog.branches import Branch
from core.domain.deliveries.recovery import LoggedDelivery
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.install.installations import InstallationRequest
from core.domain.provider_errors import ProviderUnavailable
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from testing.contracts.provider.app import ProviderStage
from testing.memory.provider import FakeProvider
from testing.memory.provider_state import FakeCommit
from tests.support.fakes.github import Time

_CALLBACK = "https://crewkit.example/callback"


class MemoryStage(ProviderStage):
    """The provider in memory."""

    callback = _CALLBACK

    def __init__(self) -> None:
        self._time = Time()
        self._numbers = count(1000)
        self._fake = FakeProvider(self._time)
        self.provider = self._fake

    def now(self) -> datetime:
        """Return the time."""
        return self._time.now()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._time.pass_by(by.total_seconds())

    def advance_provider_clock(self, by: timedelta) -> None:
        """Set it."""
        self._fake.state.clock_offset = by

    def reject_app(self) -> None:
        """Refuse our app."""
        self._fake.accepts_app = False

    def stop_provider(self) -> None:
        """Fail always."""
        self._fake.fail("*", ProviderUnavailable("down", retry_after=10), times=None)

    def start_provider(self) -> None:
        """Fail no longer."""
        self._fake.heal()

    def install(self, repositories: int = 2) -> tuple[str, AccountId]:
        """Install for new repositories."""
        provider_id, account_id = str(next(self._numbers)), AccountId(str(next(self._numbers)))
        made = [self._repository(account_id) for _ in range(repositories)]
        self._fake.state.install(provider_id, *made, account_id=account_id, login=f"org-{account_id}")
        return provider_id, account_id

    def list_covered(self, provider_id: str) -> Sequence[RepoId]:
        """Return what it covers."""
        return list(self._fake.state.installations[provider_id].repositories)

    def add_private_repository(self) -> RepoId:
        """Return the id of an object that does not exist."""
        return self._repository(AccountId("1")).repo_id

    def set_branches(self, repo_id: RepoId, *names: str) -> None:
        """Set them."""
        self._fake.state.branches[repo_id] = [Branch(name, "a" * 40, protected=False) for name in names]

    def add_commit(
        self, repo_id: RepoId, files: Mapping[str, str], *, parent: str | None = None, branch: str | None = None
    ) -> str:
        """Add it."""
        commits = self._fake.state.commits.setdefault(repo_id, {})
        sha = f"{len(commits):040x}"
        commits[sha] = FakeCommit(files, parent)
        if branch:
            others = [one for one in self._fake.state.branches.get(repo_id, []) if one.name != branch]
            self._fake.state.branches[repo_id] = [*others, Branch(branch, sha, protected=False)]
        return sha

    def suspend(self, provider_id: str) -> None:
        """Suspend it."""
        self._fake.state.suspend(provider_id)

    def unsuspend(self, provider_id: str) -> None:
        """Lift that."""
        self._fake.state.suspend(provider_id, suspended=False)

    def remove(self, provider_id: str) -> None:
        """Forget it."""
        del self._fake.state.installations[provider_id]

    def add_request(self) -> InstallationRequest:
        """Remember a request."""
        request = InstallationRequest(ProviderUserId("7"), AccountId("9"), "acme", self.now())
        self._fake.state.requests.append(request)
        return request

    def add_person(
        self,
        *,
        emails: Collection[str] = (),
        unverified: Collection[str] = (),  # noqa: ARG002 - the memory knows verified ones only
        sees: Collection[RepoId] = (),
        administers: Collection[RepoId] = (),
    ) -> ProviderUserId:
        """Register them."""
        person_id = str(next(self._numbers))
        self._fake.state.register(person_id, emails=emails, sees=sees, administers=administers)
        return ProviderUserId(person_id)

    def hide_emails(self) -> None:
        """Hide everyone's."""
        for person in self._fake.state.people.values():
            person.emails = None

    def authorize(self, person_id: ProviderUserId, *, code_challenge: str | None = None) -> Secret:
        """Make a code."""
        return self._fake.state.authorize(person_id, redirect_uri=self.callback, code_challenge=code_challenge)

    def log_delivery(self) -> tuple[str, bytes]:
        """Log one."""
        guid = str(uuid4())
        logged = LoggedDelivery(
            next(self._numbers), guid, self.now(), "push", None, "41", None, succeeded=True, answer="OK"
        )
        self._fake.state.log(logged, body=b"{}")
        return guid, b"push"

    def _repository(self, account_id: AccountId) -> RepositoryFacts:
        number = next(self._numbers)
        return RepositoryFacts(
            RepoId(str(number)), f"org-{account_id}/r-{number}", private=True, owner_id=account_id, whole=True
        )
