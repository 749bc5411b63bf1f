import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from adapters.github.api import oauth
from adapters.github.api.api_calls import MAX_CONCURRENT_PAGES, ApiCalls
from adapters.github.api.calls import Call, Response, ignore_body, make_list_reader, make_reader
from adapters.github.api.credentials import NoCredential, TokenCredential
from adapters.github.api.pages import LIST_ATTEMPTS, PER_PAGE
from adapters.github.api.repository_responses import VisibleRepositoriesResponse
from adapters.github.api.user_responses import EmailResponse, InstallationsResponse, UserResponse
from adapters.github.urls import is_numeric_id
from core.domain.connections import ProviderPerson
from core.domain.install.installations import RepositoryAdministration, VisibleInstallation, VisibleInstallations
from core.domain.provider_errors import AppRefused, CredentialRefused, NotVisible, PermissionMissing
from core.domain.secret import Secret
from core.domain.tokens.user_tokens import UserTokens

# The statuses for an unknown or revoked token.
_UNKNOWN_TOKEN = frozenset({HTTPStatus.NOT_FOUND.value, HTTPStatus.UNPROCESSABLE_ENTITY.value})

# GitHub rejects codes and tokens with status 200. The OAuth standard uses this status.
_TOKEN_REFUSALS = frozenset({HTTPStatus.BAD_REQUEST.value})

_read_tokens = make_reader(oauth.TokensResponse)
_read_person = make_reader(UserResponse)
_read_emails = make_list_reader(EmailResponse)
_decode_installations = make_reader(InstallationsResponse)


def _read_installations(response: Response) -> tuple[list[VisibleInstallation], bool]:
    """Return one page, and whether GitHub omitted accounts that require single sign-on.

    https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
    """
    is_partial = response.headers.get("x-github-sso", "").startswith("partial-results")
    return [installation.to_domain() for installation in _decode_installations(response).installations], is_partial


_read_visible = make_reader(VisibleRepositoriesResponse)


class _RepositoryCount:
    """Counts repositories of an installation page by page; an earlier call counted `before`."""

    def __init__(self, before: int, totals: set[int]) -> None:
        self.before = before
        self.totals = totals
        self.is_over = False
        self._admin: dict[int, bool] = {}

    def add(self, page: VisibleRepositoriesResponse) -> None:
        """Count a page. The last page, or a repository without admin rights, completes the count."""
        self.totals.add(page.total_count)
        for position, row in enumerate(page.repositories):
            if row is None or row.id is None:
                # A row that cannot be decoded counts as not administered.
                self._admin[-position - 1] = False
            else:
                self._admin[row.id] = row.permissions.admin
        self.is_over = len(page.repositories) < PER_PAGE or not all(self._admin.values())

    @property
    def is_settled(self) -> bool:
        """Whether the list did not change meanwhile."""
        total = self.before + len(self._admin)
        if not all(self._admin.values()):
            return True  # the result cannot change any more
        return len(self.totals) == 1 and (not self.is_over or self.totals == {total})

    @property
    def result(self) -> RepositoryAdministration:
        """The count so far; GitHub's own total may differ."""
        administered = self.before + sum(self._admin.values())
        if self.is_over:
            return RepositoryAdministration(self.before + len(self._admin), administered)
        return RepositoryAdministration(max(self.totals), administered, is_complete=False)


class UserCalls(ApiCalls):
    """Calls with a user token, and about user tokens."""

    def build_single_sign_on_url(self, account_login: str | None) -> str | None:
        """Return the sign-in URL of an organization, or the URL of the person's organizations."""
        path = f"/orgs/{quote(account_login, safe='')}/sso" if account_login else "/settings/organizations"
        return self._context.urls.page_url(path)

    def build_authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:
        """Return the URL where a person authorizes the app (PKCE, S256)."""
        return oauth.build_authorize_url(
            self._context.urls.page_url("/login/oauth/authorize"),
            client_id=self._context.client_id,
            state=state,
            redirect_uri=redirect_uri,
            code_challenge=code_challenge,
        )

    async def exchange_code(
        self, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None
    ) -> UserTokens:
        """Exchange a code for tokens; raises `CredentialRefused`, or `AppRefused` if the app is misconfigured."""
        form = oauth.build_code_form(
            self._context.client_id,
            self._context.client_secret,
            code,
            redirect_uri=redirect_uri,
            code_verifier=code_verifier,
        )
        return await self._request_tokens(form)

    async def refresh(self, refresh_token: Secret) -> UserTokens:
        """Exchange a refresh token for new tokens. After `ProviderUnavailable`, the old one may be used up."""
        return await self._request_tokens(
            oauth.build_refresh_form(self._context.client_id, self._context.client_secret, refresh_token)
        )

    async def get_person(self, token: Secret) -> ProviderPerson:
        """Return the person of a user token."""
        return (await self._get("/user", self._as_user(token), _read_person)).to_domain()

    async def list_verified_emails(self, token: Secret) -> Sequence[str]:
        """Return the verified email addresses, the primary address first; raises `PermissionMissing`."""
        emails: list[EmailResponse] = []
        try:
            async with aclosing(self._pages("/user/emails", self._as_user(token), _read_emails)) as pages:
                async for page in pages:
                    emails += page
        except NotVisible:
            # https://docs.github.com/rest/users/emails: 404 without the permission
            raise PermissionMissing(
                "The app is not permitted to read this user's email addresses on GitHub. Grant it that permission."
            ) from None
        verified = [address for address in emails if address.verified]
        return [address.email for address in sorted(verified, key=lambda address: not address.primary)]

    async def list_visible_installations(self, token: Secret) -> VisibleInstallations:
        """Return the installations that the person can see, also as a mere member."""
        visible: list[VisibleInstallation] = []
        hides_accounts = False
        async with aclosing(self._pages("/user/installations", self._as_user(token), _read_installations)) as pages:
            async for installations, is_partial in pages:
                visible += installations
                hides_accounts = hides_accounts or is_partial
        return VisibleInstallations(tuple(visible), hides_accounts)

    async def count_administered(
        self,
        token: Secret,
        provider_id: str,
        *,
        after: RepositoryAdministration | None = None,
        until: datetime | None = None,
    ) -> RepositoryAdministration:
        """Count the repositories that the person sees and administers, page by page."""
        if not is_numeric_id(provider_id):
            raise NotVisible(
                "GitHub does not return this object. Check that it exists and that the app has access to it."
            )
        path = f"/user/installations/{provider_id}/repositories"
        # All pages but the last are full, so the earlier count ended at the end of a page.
        before = after.administered if after and after.administered % PER_PAGE == 0 else 0
        for _ in range(LIST_ATTEMPTS):
            count = _RepositoryCount(before, {after.total} if after and before else set())
            await self._continue_count(count, path, self._as_user(token), until)
            if count.is_settled:
                break
            before = 0
        return count.result

    async def _continue_count(
        self, count: "_RepositoryCount", path: str, credential: TokenCredential, until: datetime | None
    ) -> None:
        number, width = count.before // PER_PAGE + 1, 1
        while True:
            urls = [f"{path}?per_page={PER_PAGE}&page={page_number}" for page_number in range(number, number + width)]
            for page in await asyncio.gather(*(self._get(url, credential, _read_visible) for url in urls)):
                count.add(page)
                if count.is_over:
                    return
            number += width
            if until is not None and self._context.clock.now() >= until:
                return
            # The first page has the total, so the further pages are requested concurrently.
            width = min(MAX_CONCURRENT_PAGES, max(1, -(-max(count.totals) // PER_PAGE) - number + 1))

    async def revoke_grant(self, token: Secret) -> None:
        """Revoke the authorization of the token's person; raises `CredentialRefused` for an invalid token."""
        try:
            await self._revoke("grant", token, frozenset())
        except NotVisible:
            raise CredentialRefused("The token is no longer valid on GitHub. Connect again.") from None

    async def revoke_user_token(self, token: Secret) -> None:
        """Revoke a user token. An invalid token is accepted."""
        await self._revoke("token", token, _UNKNOWN_TOKEN)

    def _as_user(self, token: Secret) -> TokenCredential:
        return TokenCredential(token, self._context.ages)

    async def _request_tokens(self, form: str) -> UserTokens:
        url = self._context.urls.page_url("/login/oauth/access_token")
        requested_at = self._context.clock.now()
        call = Call("POST", url, NoCredential(), _read_tokens, _TOKEN_REFUSALS, form=form)
        try:
            response = await self._context.transport.execute(call)
        except NotVisible:
            raise AppRefused(
                "GitHub does not know an app with the configured client id. An operator must correct it."
            ) from None
        tokens = response.to_domain(requested_at)
        self._context.ages.note(tokens.access_token)
        return tokens

    async def _revoke(self, kind: str, token: Secret, accept: frozenset[int]) -> None:
        path, body = f"/applications/{self._context.client_id}/{kind}", {"access_token": token.reveal()}
        await self._send("DELETE", path, self._context.client, ignore_body, accept=accept, json=body)
