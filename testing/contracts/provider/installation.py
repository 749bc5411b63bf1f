from datetime import timedelta

import pytest

from core.domain.identifiers import RepoId
from core.domain.provider_errors import (
    AppRefused,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    NotVisible,
    PermissionMissing,
)
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess
from testing.contracts.provider.app import ProviderStage


class InstallationContract:
    """What a provider promises to the holder of an installation's token."""

    async def test_a_token_opens_its_installation(self, stage: ProviderStage) -> None:
        """And ends within an hour or so."""
        provider_id, _ = stage.install(3)
        stage.install(2)
        minted = await stage.provider.mint_token(provider_id)
        access = InstallationAccess(provider_id, minted.token)

        assert stage.now() < minted.expires_at <= stage.now() + timedelta(hours=1, minutes=1)
        assert minted.permissions["contents"] == "read"
        assert {item.repo_id for item in await stage.list_repositories(access)} == set(stage.list_covered(provider_id))

    async def test_a_token_is_narrowed(self, stage: ProviderStage) -> None:
        """To some repositories and some permissions."""
        provider_id, _ = stage.install(3)
        wanted, hidden, _ = stage.list_covered(provider_id)
        minted = await stage.provider.mint_token(
            provider_id, repo_ids=[wanted], permissions={"contents": "read", "metadata": "read"}
        )
        access = InstallationAccess(provider_id, minted.token)

        assert [item.repo_id for item in await stage.list_repositories(access)] == [wanted]
        assert set(minted.permissions) == {"contents", "metadata"}
        with pytest.raises(NotVisible):
            await stage.provider.get_repository(access, hidden)

    async def test_a_token_for_nothing_is_not_one_for_everything(self, stage: ProviderStage) -> None:
        """An empty choice is a mistake of the caller's."""
        provider_id, _ = stage.install()

        with pytest.raises(ValueError, match="limited to"):
            await stage.provider.mint_token(provider_id, repo_ids=[])

    async def test_a_token_cannot_exceed_its_installation(self, stage: ProviderStage) -> None:
        """Neither in repositories nor in permissions."""
        provider_id, _ = stage.install()
        other, _ = stage.install()

        with pytest.raises(NotVisible):
            await stage.provider.mint_token(provider_id, repo_ids=[stage.list_covered(other)[0]])
        with pytest.raises(PermissionMissing):
            await stage.provider.mint_token(provider_id, permissions={"contents": "write"})

    async def test_reports_a_suspended_installation(self, stage: ProviderStage) -> None:
        """Its tokens work again when that is lifted."""
        provider_id, _ = stage.install()
        access = await stage.get_access(provider_id)
        stage.suspend(provider_id)

        with pytest.raises(InstallationSuspended):
            await stage.provider.mint_token(provider_id)
        with pytest.raises(InstallationSuspended):
            await stage.list_repositories(access)

        stage.unsuspend(provider_id)
        assert len(await stage.list_repositories(access)) == 2
        await stage.provider.mint_token(provider_id)

    async def test_a_removed_installation_is_gone(self, stage: ProviderStage) -> None:
        """For good: installing again makes another."""
        provider_id, _ = stage.install()
        stage.remove(provider_id)

        with pytest.raises(InstallationGone):
            await stage.provider.mint_token(provider_id)

    async def test_a_dead_token_is_refused(self, stage: ProviderStage) -> None:
        """Ended by time, by us, or never alive."""
        provider_id, _ = stage.install()
        revoked, ended = await stage.get_access(provider_id), await stage.get_access(provider_id)
        await stage.provider.revoke_token(revoked.token)
        await stage.provider.revoke_token(revoked.token)
        stage.advance(timedelta(hours=1, minutes=1))

        for access in (revoked, ended, InstallationAccess(provider_id, Secret("ghs_never"))):
            with pytest.raises(CredentialRefused) as refused:
                await stage.list_repositories(access)
            assert not isinstance(refused.value, AppRefused)

    @pytest.mark.parametrize("count", [0, 1, 250])
    async def test_every_repository_comes_once(self, stage: ProviderStage, count: int) -> None:
        """Over however many pages, of which there is at least one."""
        provider_id, _ = stage.install(count)
        access = await stage.get_access(provider_id)
        pages = [page async for page in stage.provider.list_repository_pages(access)]

        found = [item.repo_id for page in pages for item in page.repositories]
        assert sorted(found) == sorted(stage.list_covered(provider_id))
        assert {page.total for page in pages} == {count}
        assert all(page.whole for page in pages)
        assert all(item.whole and item.private for page in pages for item in page.repositories)

    async def test_a_repository_is_found_by_its_lasting_id(self, stage: ProviderStage) -> None:
        """The facts are complete."""
        provider_id, account_id = stage.install()
        access, repo_id = await stage.get_access(provider_id), stage.list_covered(provider_id)[0]
        found = await stage.provider.get_repository(access, repo_id)

        assert (found.repo_id, found.owner_id) == (repo_id, account_id)
        assert (found.full_name or "").count("/") == 1
        assert found.whole

    async def test_what_is_not_the_tokens_to_see_is_not_visible(self, stage: ProviderStage) -> None:
        """Whether it is another's, does not exist, or never could."""
        provider_id, _ = stage.install()
        access = await stage.get_access(provider_id)
        for repo_id in (stage.add_private_repository(), RepoId("99999999"), RepoId("../user"), RepoId("")):
            with pytest.raises(NotVisible):
                await stage.provider.get_repository(access, repo_id)
            with pytest.raises(NotVisible):
                await stage.provider.list_branches(access, repo_id, prefix="", limit=10)
            with pytest.raises(NotVisible):
                await stage.provider.find_branch(access, repo_id, "main")

    async def test_lists_branches_by_name(self, stage: ProviderStage) -> None:
        """Those that begin with a prefix, no more than wanted."""
        provider_id, _ = stage.install()
        access, repo_id = await stage.get_access(provider_id), stage.list_covered(provider_id)[0]
        names = ["main", "feature/b", "feature/a#1", "feature/ä", "featured", "release"]
        stage.set_branches(repo_id, *names)

        async def list_names(prefix: str, limit: int = 10) -> list[str]:
            found = await stage.provider.list_branches(access, repo_id, prefix=prefix, limit=limit)
            assert all(len(branch.sha) == 40 for branch in found)
            return [branch.name for branch in found]

        assert await list_names("") == sorted(names)
        assert await list_names("", limit=2) == sorted(names)[:2]
        assert await list_names("feature/") == ["feature/a#1", "feature/b", "feature/ä"]
        assert await list_names("feature/a#") == ["feature/a#1"]
        assert await list_names("nothing") == []
        assert await list_names("../") == []

    async def test_a_repository_without_branches_has_none(self, stage: ProviderStage) -> None:
        """It is new."""
        provider_id, _ = stage.install()
        access, repo_id = await stage.get_access(provider_id), stage.list_covered(provider_id)[0]
        stage.set_branches(repo_id)

        assert await stage.provider.list_branches(access, repo_id, prefix="", limit=10) == []
        assert await stage.provider.list_branches(access, repo_id, prefix="m", limit=10) == []
        assert await stage.provider.find_branch(access, repo_id, "main") is None

    async def test_a_branch_is_found_by_its_whole_name(self, stage: ProviderStage) -> None:
        """Not by its beginning, and whatever letters it has."""
        provider_id, _ = stage.install()
        access, repo_id = await stage.get_access(provider_id), stage.list_covered(provider_id)[0]
        stage.set_branches(repo_id, "main", "docs/größe-#1")

        found = await stage.provider.find_branch(access, repo_id, "docs/größe-#1")

        assert found is not None
        assert found.name == "docs/größe-#1"
        assert await stage.provider.find_branch(access, repo_id, "docs") is None
        assert await stage.provider.find_branch(access, repo_id, "../branches/main") is None
