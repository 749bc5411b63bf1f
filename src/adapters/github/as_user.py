from collections.abc import Sequence
from contextlib import aclosing
from http import HTTPStatus

from adapters.github import oauth
from adapters.github.addresses import is_number
from adapters.github.caller import Caller
from adapters.github.calls import Call
from adapters.github.credentials import NoCredential, TokenCredential
from adapters.github.pagination import READINGS
from adapters.github.person_answers import (
    EmailAnswer,
    InstallationsAnswer,
    PersonAnswer,
)
from adapters.github.reading import list_reader, nothing, reader
from adapters.github.repository_answers import VisibleRepositories
from core.domain.provider import (
    AppRefused,
    CredentialRefused,
    NotVisible,
    PermissionMissing,
    ProviderPerson,
    RepositoryAdministration,
    UserTokens,
)
from core.domain.secret import Secret

# What is answered of a token that GitHub does not know, or knows no longer.
_UNKNOWN_TOKEN = frozenset({HTTPStatus.NOT_FOUND.value, HTTPStatus.UNPROCESSABLE_ENTITY.value})

# GitHub refuses codes and tokens with success as the status, OAuth's standard with this one.
_TOKEN_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST.value})

_read_tokens = reader(oauth.TokensAnswer)
_read_person = reader(PersonAnswer)
_read_emails = list_reader(EmailAnswer)
_read_installations = reader(InstallationsAnswer)
_read_visible = reader(VisibleRepositories)


class UserCalls(Caller):
    """What is asked as a person, and about a person's tokens."""

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:
        """Return where a person authorizes our app (PKCE, S256)."""
        return oauth.authorize_url(
            self._parts.addresses.of_page("/login/oauth/authorize"),
            client_id=self._parts.client_id,
            state=state,
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
        )

    async def exchange_code(
        self, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None
    ) -> UserTokens:
        """Trade a code for tokens; raises `CredentialRefused`, or `AppRefused` where it is our own fault."""
        form = oauth.code_form(
            self._parts.client_id,
            self._parts.client_secret,
            code,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
        )
        return await self._trade(form)

    async def refresh(self, refresh_token: Secret) -> UserTokens:
        """Trade a refresh token for new tokens; after `ProviderUnavailable` it is open which live."""
        return await self._trade(
            oauth.refresh_form(self._parts.client_id, self._parts.client_secret, refresh_token)
        )

    async def person(self, token: Secret) -> ProviderPerson:
        """Return whom a user token speaks for."""
        return (await self._get("/user", self._as_user(token), _read_person)).told()

    async def verified_emails(self, token: Secret) -> Sequence[str]:
        """Return the person's verified addresses, the primary one first; raises `PermissionMissing`."""
        found: list[EmailAnswer] = []
        try:
            async with aclosing(self._pages("/user/emails", self._as_user(token), _read_emails)) as listed:
                async for page in listed:
                    found += page
        except NotVisible:
            # https://docs.github.com/rest/users/emails: 404 where the app may not read addresses
            raise PermissionMissing("The app may not read this person's addresses on GitHub.") from None
        verified = [address for address in found if address.verified]
        return [address.email for address in sorted(verified, key=lambda address: not address.primary)]

    async def installations_of(self, token: Secret) -> Sequence[str]:
        """Return the ids of our installations the person can see; every member of an account sees its own."""
        async with aclosing(
            self._pages("/user/installations", self._as_user(token), _read_installations)
        ) as found:
            return [str(installation.id) async for page in found for installation in page.installations]

    async def administration(self, token: Secret, provider_id: str) -> RepositoryAdministration:
        """Count, over all pages, the installation's repositories the person sees and administers."""
        if not is_number(provider_id):
            raise NotVisible("GitHub shows no such object.")
        path, credential = f"/user/installations/{provider_id}/repositories", self._as_user(token)
        for _ in range(READINGS):
            totals: set[int] = set()
            admin: dict[int, bool] = {}
            async with aclosing(self._pages(path, credential, _read_visible)) as found:
                async for page in found:
                    totals.add(page.total_count)
                    admin |= {repository.id: repository.permissions.admin for repository in page.repositories}
            if totals == {len(admin)}:
                break
        return RepositoryAdministration(total=len(admin), administered=sum(admin.values()))

    async def revoke_grant(self, token: Secret) -> None:
        """Withdraw the whole authorization; raises `CredentialRefused` if a dead token cannot show whose."""
        try:
            await self._forget("grant", token, frozenset())
        except NotVisible:
            raise CredentialRefused("GitHub no longer knows this token.") from None

    async def revoke_user_token(self, token: Secret) -> None:
        """End one user token; one that is dead already is fine."""
        await self._forget("token", token, _UNKNOWN_TOKEN)

    def _as_user(self, token: Secret) -> TokenCredential:
        return TokenCredential(token, self._parts.ages)

    async def _trade(self, form: str) -> UserTokens:
        url = self._parts.addresses.of_page("/login/oauth/access_token")
        asked_at = self._parts.clock.now()
        call = Call("POST", url, NoCredential(), _read_tokens, _TOKEN_REFUSALS, form=form)
        try:
            answer = await self._parts.transport.ask(call)
        except NotVisible:
            raise AppRefused("GitHub knows no app of this service's client id.") from None
        told = answer.told(asked_at)
        self._parts.ages.note(told.access_token)
        return told

    async def _forget(self, what: str, token: Secret, accept: frozenset[int]) -> None:
        url = self._parts.addresses.of_api(f"/applications/{self._parts.client_id}/{what}")
        call = Call(
            "DELETE",
            url,
            self._parts.client,
            nothing,
            accept,
            json={"access_token": token.reveal()},
        )
        await self._parts.transport.ask(call)
