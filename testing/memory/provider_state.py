"""What there is at a `FakeProvider`, and how people there change it."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from core.domain.catalog.branches import Branch
from core.domain.connections import ProviderPerson
from core.domain.deliveries.recovery import LoggedDelivery
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.install.installations import Installation, InstallationRequest
from core.domain.provider import App, AppNeeds, WebhookConfig
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from core.domain.tokens.user_tokens import UserTokens
from ports.system import Clock

# As GitHub has them:
# https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
_USER_TOKEN_LIFE = timedelta(hours=8)
_REFRESH_TOKEN_LIFE = timedelta(seconds=15_811_200)
_CODE_LIFE = timedelta(minutes=10)

PERMISSIONS = {"contents": "read", "metadata": "read", "pull_requests": "read"}


@dataclass(slots=True)
class FakeInstallation:
    """One installation with what it covers."""

    facts: Installation
    repositories: dict[RepoId, RepositoryFacts] = field(default_factory=dict)


@dataclass(slots=True)
class FakePerson:
    """A person; `emails` is None where our app may not read addresses."""

    facts: ProviderPerson
    emails: list[str] | None
    sees: set[RepoId]
    administers: set[RepoId]


@dataclass(frozen=True, slots=True)
class FakeCommit:
    """A commit: the content of each file by path, and the id of its parent."""

    files: Mapping[str, str]
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class MintedToken:
    """What one installation token opens, and until when; no `repo_ids` means everything."""

    provider_id: str
    repo_ids: frozenset[RepoId]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UserGrant:
    """What one pair of user tokens stands for."""

    person_id: ProviderUserId
    access: str
    refresh: str
    expires_at: datetime
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingCode:
    """What a browser was sent back with."""

    person_id: ProviderUserId
    redirect_uri: str | None
    code_challenge: str | None
    expires_at: datetime

    def is_answered_by(self, redirect_uri: str | None, verifier: str | None) -> bool:
        """Return whether the code was issued for this redirect address and PKCE verifier."""
        challenge = None if verifier is None else _s256(verifier)
        return challenge == self.code_challenge and redirect_uri in (None, self.redirect_uri)


@dataclass(frozen=True, slots=True)
class SentDelivery:
    """A delivery in the log, with what was sent; the body is None where it is not kept."""

    logged: LoggedDelivery
    body: bytes | None


class FakeProviderState:
    """Everything there is at the provider; its methods do what people do there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.numbers = count(1)
        self.app = App(
            id="1",
            slug="crewkit",
            client_id="Iv1.fake",
            name="crewkit",
            url="https://provider.example/apps/crewkit",
            permissions=PERMISSIONS,
            events=frozenset({"push", "pull_request", "repository"}),
        )
        self.needs = AppNeeds(self.app.permissions, {}, self.app.events)
        self.clock_offset: timedelta | None = timedelta(0)
        self.config = WebhookConfig("https://git.example/webhooks/github", "json")
        self.requests: list[InstallationRequest] = []
        self.installations: dict[str, FakeInstallation] = {}
        self.people: dict[ProviderUserId, FakePerson] = {}
        self.branches: dict[RepoId, list[Branch]] = {}
        self.commits: dict[RepoId, dict[str, FakeCommit]] = {}
        self.codes: dict[str, WaitingCode] = {}
        self.installation_tokens: dict[str, MintedToken] = {}
        self.grants: list[UserGrant] = []
        self.deliveries: list[SentDelivery] = []
        self.redelivered: list[int] = []
        self.calls_left: float | None = None
        self.hides_accounts = False

    def install(
        self,
        provider_id: str,
        *repositories: RepositoryFacts,
        account_id: str = "9",
        login: str = "acme",
        account_type: str = "Organization",
    ) -> FakeInstallation:
        """Install our app on an account, for these repositories."""
        facts = Installation(
            provider_id=provider_id,
            account_id=AccountId(account_id),
            account_login=login,
            account_type=account_type,
            account_url=f"https://provider.example/{login}",
            repository_selection="selected",
            permissions=PERMISSIONS,
            manage_url=f"https://provider.example/installations/{provider_id}",
            suspended_at=None,
            updated_at=self._clock.now(),
        )
        installed = FakeInstallation(facts, {item.repo_id: item for item in repositories})
        self.installations[provider_id] = installed
        return installed

    def suspend(self, provider_id: str, *, suspended: bool = True) -> None:
        """Suspend an installation, or lift that."""
        installed, now = self.installations[provider_id], self._clock.now()
        installed.facts = replace(installed.facts, suspended_at=now if suspended else None, updated_at=now)

    def register(
        self,
        person_id: str,
        *,
        login: str = "mara",
        emails: Iterable[str] | None = (),
        sees: Iterable[RepoId] = (),
        administers: Iterable[RepoId] = (),
    ) -> FakePerson:
        """Let someone have an account; who administers a repository also sees it."""
        facts = ProviderPerson(ProviderUserId(person_id), login, None, None, None)
        addresses = None if emails is None else list(emails)
        person = FakePerson(facts, addresses, {*sees, *administers}, set(administers))
        self.people[facts.id] = person
        return person

    def authorize(
        self, person_id: str, *, redirect_uri: str | None = None, code_challenge: str | None = None
    ) -> Secret:
        """Let a person authorize our app, and return the code that their browser brings back."""
        code = f"code-{next(self.numbers)}"
        expires_at = self._clock.now() + _CODE_LIFE
        self.codes[code] = WaitingCode(ProviderUserId(person_id), redirect_uri, code_challenge, expires_at)
        return Secret(code)

    def grant(self, person_id: ProviderUserId) -> UserTokens:
        """Make new tokens of a person."""
        now, number = self._clock.now(), next(self.numbers)
        grant = UserGrant(
            person_id=person_id,
            access=f"ghu_fake_{number}",
            refresh=f"ghr_fake_{number}",
            expires_at=now + _USER_TOKEN_LIFE,
            refresh_expires_at=now + _REFRESH_TOKEN_LIFE,
        )
        self.grants.append(grant)
        access, refresh = Secret(grant.access), Secret(grant.refresh)
        return UserTokens(access, grant.expires_at, refresh, grant.refresh_expires_at)

    def log(self, logged: LoggedDelivery, *, body: bytes | None) -> None:
        """Put a delivery into the provider's own log; the one put in last is the newest."""
        self.deliveries.insert(0, SentDelivery(logged, body))


def _s256(verifier: str) -> str:
    # https://www.rfc-editor.org/rfc/rfc7636#section-4.2
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
