from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

import pytest

from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.install.installations import InstallationRequest
from core.domain.provider_errors import AppRefused, CredentialRefused, InstallationGone, NotVisible, ProviderUnavailable
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess
from core.domain.tokens.user_tokens import UserTokens
from ports.provider import GitProvider


class ProviderStage(ABC):
    """A provider with the app, and what users do there. Derive from it to test your own provider."""

    provider: GitProvider
    callback: str
    """A redirect URI our app may use."""

    @abstractmethod
    def now(self) -> datetime:
        """Return the time there."""

    @abstractmethod
    def advance(self, by: timedelta) -> None:
        """Let time pass there and here."""

    @abstractmethod
    def advance_provider_clock(self, by: timedelta) -> None:
        """Let the provider's clock be ahead of this machine's clock."""

    @abstractmethod
    def reject_app(self) -> None:
        """Let our app's key no longer be accepted."""

    @abstractmethod
    def stop_provider(self) -> None:
        """Let nothing be answered but errors of the provider's own."""

    @abstractmethod
    def start_provider(self) -> None:
        """Let everything be answered again."""

    @abstractmethod
    def install(self, repositories: int = 2) -> tuple[str, AccountId]:
        """Let an organization install our app for so many private repositories; return both ids."""

    @abstractmethod
    def list_covered(self, provider_id: str) -> Sequence[RepoId]:
        """Return an installation's repositories."""

    @abstractmethod
    def add_private_repository(self) -> RepoId:
        """Make a repository that no installation covers."""

    @abstractmethod
    def set_branches(self, repo_id: RepoId, *names: str) -> None:
        """Let a repository have these branches only."""

    @abstractmethod
    def add_commit(
        self, repo_id: RepoId, files: Mapping[str, str], *, parent: str | None = None, branch: str | None = None
    ) -> str:
        """Add a commit with these files, given by path and content, and move a branch to it; return its id."""

    @abstractmethod
    def suspend(self, provider_id: str) -> None:
        """Let an installation's owner suspend it."""

    @abstractmethod
    def unsuspend(self, provider_id: str) -> None:
        """Let them lift that."""

    @abstractmethod
    def remove(self, provider_id: str) -> None:
        """Let them uninstall our app."""

    @abstractmethod
    def add_request(self) -> InstallationRequest:
        """Let someone ask an owner to approve our app."""

    @abstractmethod
    def add_person(
        self,
        *,
        emails: Collection[str] = (),
        unverified: Collection[str] = (),
        sees: Collection[RepoId] = (),
        administers: Collection[RepoId] = (),
    ) -> ProviderUserId:
        """Let someone have an account, and rights on repositories."""

    @abstractmethod
    def hide_emails(self) -> None:
        """Let our app no longer be allowed to read addresses."""

    @abstractmethod
    def authorize(self, person_id: ProviderUserId, *, code_challenge: str | None = None) -> Secret:
        """Let a person authorize our app, returning to `callback`; return the code."""

    @abstractmethod
    def log_delivery(self) -> tuple[str, bytes]:
        """Add a delivery to the log; return its delivery id and body."""

    # What the tests below have in common.

    async def get_access(self, provider_id: str) -> InstallationAccess:
        """Mint an installation's token."""
        return InstallationAccess(provider_id, (await self.provider.mint_token(provider_id)).token)

    async def sign_in(self, person_id: ProviderUserId) -> UserTokens:
        """Return tokens of a person."""
        code = self.authorize(person_id)
        return await self.provider.exchange_code(code, redirect_uri=self.callback, code_verifier=None)

    async def list_repositories(self, access: InstallationAccess) -> list[RepositoryFacts]:
        """Return everything a token opens."""
        return [item async for page in self.provider.list_repository_pages(access) for item in page.repositories]


class AppContract:
    """What a provider promises to our app."""

    async def test_our_app_is_known(self, stage: ProviderStage) -> None:
        """By its id, its page and what it was granted."""
        app = await stage.provider.get_app()

        assert app.id
        assert app.slug
        assert app.url.startswith("http")
        assert app.permissions["contents"] == "read"
        assert "push" in app.events

    async def test_the_use_of_its_key_is_noted(self, stage: ProviderStage) -> None:
        """One key, under one name, from the first call on."""
        assert stage.provider.get_key_uses() == {}
        await stage.provider.get_app()
        [(name, at)] = stage.provider.get_key_uses().items()
        assert name.startswith("SHA256:")
        assert abs(at - stage.now()) < timedelta(minutes=1)

    async def test_our_app_has_what_we_need(self, stage: ProviderStage) -> None:
        """App and needs use the same words, so that they can be compared. The app has a settings page."""
        app, needs = await stage.provider.get_app(), stage.provider.needs

        assert needs.all_permissions.items() <= app.permissions.items()
        assert needs.events <= app.events
        assert app.settings_url is None or app.settings_url.startswith("http")

    async def test_a_clock_that_differs_is_known(self, stage: ProviderStage) -> None:
        """To about a second, and also while our app is refused: the clock may be why."""
        offset = await stage.provider.measure_clock_offset()
        assert offset is not None
        assert abs(offset) <= timedelta(seconds=1)

        stage.advance_provider_clock(timedelta(minutes=-5))
        stage.reject_app()

        offset = await stage.provider.measure_clock_offset()
        assert offset is not None
        assert abs(offset + timedelta(minutes=5)) <= timedelta(seconds=1)

    async def test_every_call_reports_a_rejected_app(self, stage: ProviderStage) -> None:
        """And no installation is gone or refused because of it."""
        provider_id, _ = stage.install()
        stage.reject_app()
        calls: list[Callable[[], Awaitable[object]]] = [
            stage.provider.get_app,
            stage.provider.list_installation_requests,
            lambda: stage.provider.get_installation(provider_id),
            lambda: stage.provider.mint_token(provider_id),
            lambda: stage.provider.get_installation("99999999"),
            lambda: stage.provider.mint_token("99999999"),
            lambda: stage.provider.uninstall(provider_id),
        ]

        for call in calls:
            with pytest.raises(AppRefused):
                await call()

    async def test_an_outage_says_nothing_of_anything(self, stage: ProviderStage) -> None:
        """It is the provider's own, and ends."""
        provider_id, _ = stage.install()
        access = await stage.get_access(provider_id)
        stage.stop_provider()

        for call in (
            stage.provider.get_app,
            lambda: stage.provider.get_installation(provider_id),
            lambda: stage.provider.mint_token(provider_id),
            lambda: stage.list_repositories(access),
            lambda: stage.provider.refresh(Secret("ghr_any")),
        ):
            with pytest.raises(ProviderUnavailable):
                await call()

        stage.start_provider()
        stage.advance(timedelta(minutes=2))
        assert len(await stage.list_repositories(access)) == 2

    async def test_an_installation_is_described(self, stage: ProviderStage) -> None:
        """With the account's lasting id, whether or not it is suspended."""
        provider_id, account_id = stage.install()
        found = await stage.provider.get_installation(provider_id)
        assert (found.provider_id, found.account_id) == (provider_id, account_id)
        assert found.account_type == "Organization"
        assert found.suspended_at is None

        stage.suspend(provider_id)

        assert (await stage.provider.get_installation(provider_id)).suspended_at is not None

    @pytest.mark.parametrize("provider_id", ["99999999", "", "../app", "no-number"])
    async def test_an_unknown_installation_is_gone(self, stage: ProviderStage, provider_id: str) -> None:
        """Whatever was made of its id."""
        with pytest.raises(InstallationGone):
            await stage.provider.get_installation(provider_id)
        with pytest.raises(InstallationGone):
            await stage.provider.mint_token(provider_id)

    async def test_a_request_names_requester_and_account(self, stage: ProviderStage) -> None:
        """By lasting ids, which an approval is recognised by."""
        request = stage.add_request()

        (found,) = await stage.provider.list_installation_requests()

        assert (found.requester_id, found.account_id) == (request.requester_id, request.account_id)

    async def test_uninstalling_removes_and_may_be_repeated(self, stage: ProviderStage) -> None:
        """Its tokens end with it."""
        provider_id, _ = stage.install()
        access = await stage.get_access(provider_id)

        await stage.provider.uninstall(provider_id)
        await stage.provider.uninstall(provider_id)

        with pytest.raises(InstallationGone):
            await stage.provider.get_installation(provider_id)
        with pytest.raises(CredentialRefused):
            await stage.list_repositories(access)

    async def test_the_log_is_read_newest_first(self, stage: ProviderStage) -> None:
        """A logged delivery has its delivery id."""
        first, event = stage.log_delivery()
        second, _ = stage.log_delivery()
        async with aclosing(stage.provider.list_deliveries()) as log:
            found = [logged async for logged in log]

        assert [logged.guid for logged in found] == [second, first]
        assert found[0].event_type == event.decode()
        assert found[0].answer
        quoted = await stage.provider.get_delivery(found[0].id)
        assert (quoted.provider, quoted.delivery_id) == (stage.provider.name, second)
        assert quoted.event_type == event.decode()
        assert quoted.body.startswith(b"{")
        await stage.provider.redeliver(found[0].id)

    async def test_a_delivery_that_is_not_logged_is_not_visible(self, stage: ProviderStage) -> None:
        """The log is short."""
        with pytest.raises(NotVisible):
            await stage.provider.get_delivery(99999999)
        with pytest.raises(NotVisible):
            await stage.provider.redeliver(99999999)

    async def test_it_is_known_where_deliveries_go(self, stage: ProviderStage) -> None:
        """Operators compare it with where we listen."""
        assert (await stage.provider.get_webhook_config()).url.startswith("http")

    async def test_people_are_sent_to_the_providers_pages(self, stage: ProviderStage) -> None:
        """With our state, by which they are recognised on return."""
        install = await stage.provider.build_install_url(state="st-1", account_id="9")
        authorize = stage.provider.build_authorize_url(
            state="st-2", redirect_uri=stage.callback, code_challenge="c" * 43
        )

        assert "state=st-1" in install
        assert "9" in install
        assert "state=st-2" in authorize
        assert "c" * 43 in authorize
