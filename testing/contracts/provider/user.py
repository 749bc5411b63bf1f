from datetime import timedelta

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from core.domain.install.installations import RepositoryAdministration
from core.domain.provider_errors import AppRefused, CredentialRefused, NotVisible, PermissionMissing
from core.domain.secret import Secret
from core.domain.tokens.user_tokens import UserTokens
from testing.contracts.provider.app import ProviderStage

VERIFIER = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")


class PersonContract:
    """What a provider promises to the holder of a person's token."""

    async def test_a_code_works_once(self, stage: ProviderStage) -> None:
        """For the person who authorized."""
        person_id = stage.add_person()
        code = stage.authorize(person_id)
        tokens = await stage.provider.exchange_code(code, redirect_uri=stage.callback, code_verifier=None)

        assert (await stage.provider.get_person(tokens.access_token)).id == person_id
        assert tokens.expires_at is not None
        assert tokens.expires_at > stage.now()
        with pytest.raises(CredentialRefused):
            await stage.provider.exchange_code(code, redirect_uri=stage.callback, code_verifier=None)

    async def test_a_code_needs_its_pkce_verifier(self, stage: ProviderStage) -> None:
        """Who caught it in a browser has none."""
        challenge = create_s256_code_challenge(VERIFIER.reveal())
        person_id = stage.add_person()

        async def trade(verifier: Secret | None) -> UserTokens:
            code = stage.authorize(person_id, code_challenge=challenge)
            return await stage.provider.exchange_code(code, redirect_uri=stage.callback, code_verifier=verifier)

        for wrong in (None, Secret("w" * 43)):
            with pytest.raises(CredentialRefused):
                await trade(wrong)
        await trade(VERIFIER)

    async def test_a_code_ends(self, stage: ProviderStage) -> None:
        """After ten minutes."""
        code = stage.authorize(stage.add_person())
        stage.advance(timedelta(minutes=11))

        with pytest.raises(CredentialRefused):
            await stage.provider.exchange_code(code, redirect_uri=stage.callback, code_verifier=None)

    async def test_refreshing_replaces_both_tokens(self, stage: ProviderStage) -> None:
        """The old ones die at once, and the refresh token has worked once for all."""
        person_id = stage.add_person()
        old = await stage.sign_in(person_id)
        assert old.refresh_token is not None

        new = await stage.provider.refresh(old.refresh_token)

        assert (await stage.provider.get_person(new.access_token)).id == person_id
        with pytest.raises(CredentialRefused):
            await stage.provider.get_person(old.access_token)
        with pytest.raises(CredentialRefused) as refused:
            await stage.provider.refresh(old.refresh_token)
        assert not isinstance(refused.value, AppRefused)

    async def test_a_persons_token_ends(self, stage: ProviderStage) -> None:
        """And can be renewed long after."""
        tokens = await stage.sign_in(stage.add_person())
        assert tokens.expires_at is not None
        assert tokens.refresh_token is not None
        stage.advance(tokens.expires_at - stage.now() + timedelta(seconds=1))

        with pytest.raises(CredentialRefused):
            await stage.provider.get_person(tokens.access_token)
        await stage.provider.refresh(tokens.refresh_token)

    async def test_lists_only_verified_addresses(self, stage: ProviderStage) -> None:
        """What is not verified may be anyone's."""
        person_id = stage.add_person(emails=["mara@acme.example", "m@home.example"], unverified=["boss@acme.example"])
        tokens = await stage.sign_in(person_id)

        assert await stage.provider.list_verified_emails(tokens.access_token) == ["mara@acme.example", "m@home.example"]

    async def test_addresses_need_a_permission(self, stage: ProviderStage) -> None:
        """A missing permission differs from an empty list."""
        tokens = await stage.sign_in(stage.add_person(emails=["mara@acme.example"]))
        stage.hide_emails()

        with pytest.raises(PermissionMissing):
            await stage.provider.list_verified_emails(tokens.access_token)

    async def test_seeing_an_installation_takes_seeing_one_repository(self, stage: ProviderStage) -> None:
        """Which is far from owning it."""
        seen, _ = stage.install()
        stage.install()
        tokens = await stage.sign_in(stage.add_person(sees=[stage.list_covered(seen)[0]]))

        visible = await stage.provider.list_visible_installations(tokens.access_token)
        assert [item.provider_id for item in visible.installations] == [seen]
        assert not visible.hides_accounts

    async def test_administration_is_counted_over_all_pages(self, stage: ProviderStage) -> None:
        """Of what the person sees of this installation alone."""
        provider_id, _ = stage.install(120)
        other, _ = stage.install(1)
        repo_ids = stage.list_covered(provider_id)
        person_id = stage.add_person(sees=repo_ids[:115], administers=[*repo_ids[:110], *stage.list_covered(other)])
        tokens = await stage.sign_in(person_id)

        counted = await stage.provider.count_administered(tokens.access_token, provider_id)

        assert counted == RepositoryAdministration(total=115, administered=110)

    @pytest.mark.parametrize("provider_id", [None, "99999999", "../../user"])
    async def test_invisible_installation_is_an_error(self, stage: ProviderStage, provider_id: str | None) -> None:
        """And not counted as nothing."""
        unseen, _ = stage.install()
        tokens = await stage.sign_in(stage.add_person())

        with pytest.raises(NotVisible):
            await stage.provider.count_administered(tokens.access_token, provider_id or unseen)

    async def test_ending_a_token_leaves_the_others(self, stage: ProviderStage) -> None:
        """And may be repeated."""
        person_id = stage.add_person()
        ended, kept = await stage.sign_in(person_id), await stage.sign_in(person_id)

        await stage.provider.revoke_user_token(ended.access_token)
        await stage.provider.revoke_user_token(ended.access_token)

        with pytest.raises(CredentialRefused):
            await stage.provider.get_person(ended.access_token)
        assert (await stage.provider.get_person(kept.access_token)).id == person_id

    async def test_withdrawing_an_authorization_ends_every_token(self, stage: ProviderStage) -> None:
        """Ends the tokens of this user only. A token that is no longer valid identifies no user."""
        person_id = stage.add_person()
        item, two = await stage.sign_in(person_id), await stage.sign_in(person_id)
        other = await stage.sign_in(stage.add_person())

        await stage.provider.revoke_grant(item.access_token)

        for tokens in (item, two):
            with pytest.raises(CredentialRefused):
                await stage.provider.get_person(tokens.access_token)
        with pytest.raises(CredentialRefused):
            await stage.provider.revoke_grant(two.access_token)
        await stage.provider.get_person(other.access_token)
