from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlencode

from core.domain.connections import ProviderPerson
from core.domain.identifiers import ProviderUserId
from core.domain.install.installations import RepositoryAdministration, VisibleInstallation, VisibleInstallations
from core.domain.provider import Capabilities
from core.domain.provider_errors import AppRefused, CredentialRefused, NotVisible, PermissionMissing
from core.domain.secret import Secret
from core.domain.tokens.user_tokens import UserTokens
from ports.system import Clock
from testing.memory.failing import Failing
from testing.memory.provider_state import FakeInstallation, FakePerson, FakeProviderState, UserGrant

_EVERYTHING = Capabilities(
    installation_requests=True,
    delivery_log=True,
    user_emails=True,
    display_name="GitHub",
    web_url="https://provider.example",
)


class FakeUserCalls(Failing):
    """The calls of a fake provider as a user. Codes and refresh tokens work once."""

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

    async def build_install_url(self, *, state: str, account_id: str | None = None) -> str:
        """Return the page where a user installs the app."""
        query = {"state": state}
        if account_id is not None:
            query["target_id"] = account_id
        return f"{self.state.app.url}/installations/new?{urlencode(query)}"

    def build_single_sign_on_url(self, account_login: str | None) -> str | None:
        """Return the single sign-on page of an account."""
        return f"https://provider.example/orgs/{account_login}/sso" if account_login else None

    def build_authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:
        """Return the page where a user authorizes the app."""
        query = {"state": state, "redirect_uri": redirect_uri, "code_challenge": code_challenge}
        return f"https://provider.example/authorize?{urlencode(query)}"

    async def exchange_code(
        self, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None
    ) -> UserTokens:
        """Exchange a code for tokens; raises `CredentialRefused`. The code does not work again."""
        await self._as_app("exchange_code")
        waiting = self.state.codes.pop(code.reveal(), None)
        verifier = code_verifier.reveal() if code_verifier else None
        if waiting is None or waiting.expires_at <= self._clock.now():
            raise CredentialRefused("The code is wrong, already used or expired. Start again.")
        if not waiting.is_answered_by(redirect_uri, verifier):
            raise CredentialRefused("The code was issued for another client. Start again.")
        return self.state.grant(waiting.person_id)

    async def refresh(self, refresh_token: Secret) -> UserTokens:
        """Exchange a refresh token for new tokens. The refresh token and its access token end at once."""
        await self._as_app("refresh")
        grant = next((item for item in self.state.grants if item.refresh == refresh_token.reveal()), None)
        if grant is None or grant.refresh_expires_at <= self._clock.now():
            raise CredentialRefused("The refresh token is wrong, already used or expired. Connect again.")
        self.state.grants.remove(grant)
        return self.state.grant(grant.person_id)

    async def get_person(self, token: Secret) -> ProviderPerson:
        """Return the account that a user token belongs to."""
        await self._meet("get_person")
        return self._person(token).facts

    async def list_verified_emails(self, token: Secret) -> Sequence[str]:
        """Return the user's addresses; raises `PermissionMissing`."""
        await self._meet("list_verified_emails")
        emails = self._person(token).emails
        if emails is None:
            raise PermissionMissing("The app is not permitted to read email addresses. Grant it that permission.")
        return list(emails)

    async def list_visible_installations(self, token: Secret) -> VisibleInstallations:
        """Return the installations of which the user sees a repository or owns the account."""
        await self._meet("list_visible_installations")
        person = self._person(token)
        found = [
            VisibleInstallation(provider_id, item.facts.account_id, item.facts.account_login)
            for provider_id, item in self.state.installations.items()
            if _sees_some_of(person, item)
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
        """Count the repositories that the user sees and administers; raises `NotVisible`."""
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
        """End every token of the user; raises `CredentialRefused` for a token that is no longer valid."""
        await self._as_app("revoke_grant")
        grant = self._find_grant(token)
        if grant is None:
            raise CredentialRefused("The user token is wrong or expired. Connect again.")
        self._keep_grants(lambda item: item.person_id != grant.person_id)

    async def revoke_user_token(self, token: Secret) -> None:
        """End one user token."""
        await self._as_app("revoke_user_token")
        self._keep_grants(lambda item: item.access != token.reveal())

    async def _as_app(self, call: str) -> None:
        self._key_used_at = self._clock.now()
        await self._meet(call)
        if not self.accepts_app:
            raise AppRefused("The provider rejected the app's key. An operator must correct it.")

    def _find_grant(self, token: Secret) -> UserGrant | None:
        return next((item for item in self.state.grants if item.access == token.reveal()), None)

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
