import pytest

from core.domain.catalog.commits import Directories
from core.domain.changed_files import ChangedFiles
from core.domain.identifiers import RepoId
from core.domain.provider_errors import NotVisible
from core.domain.tokens.installation_tokens import InstallationAccess
from testing.contracts.provider.app import ProviderStage

SHA = "a" * 40


async def start(stage: ProviderStage) -> tuple[InstallationAccess, RepoId]:
    """Return a token of an installation, and its repository."""
    provider_id, _ = stage.install(1)
    return await stage.get_access(provider_id), stage.list_covered(provider_id)[0]


async def compare(
    stage: ProviderStage, opened: tuple[InstallationAccess, RepoId], base: str, head: str, *, from_merge_base: bool
) -> ChangedFiles:
    """Compare two commits."""
    return await stage.provider.compare_commits(*opened, base=base, head=head, from_merge_base=from_merge_base)


class ContentContract:
    """What a provider promises about commits and their files."""

    async def test_finds_a_commit_by_branch_and_by_id(self, stage: ProviderStage) -> None:
        """Any other name is not found."""
        opened = await start(stage)
        sha = stage.add_commit(opened[1], {"a": "1"}, branch="docs/größe-#1")

        assert await stage.provider.find_commit(*opened, "docs/größe-#1") == sha
        assert await stage.provider.find_commit(*opened, sha) == sha
        for name in ("docs", SHA, "", "../branches/main", "owner:main", "a..b"):
            assert await stage.provider.find_commit(*opened, name) is None

    @pytest.mark.parametrize("from_merge_base", [True, False])
    async def test_lists_changed_files(self, stage: ProviderStage, *, from_merge_base: bool) -> None:
        """Added, modified and deleted files of all commits in between, in any directory."""
        opened = await start(stage)
        base = stage.add_commit(opened[1], {"a": "1", "lib/b": "1", "lib/größe/c": "1", "d": "1"}, branch="main")
        second = stage.add_commit(opened[1], {"a": "2", "lib/größe/c": "1", "d": "1"}, parent=base)
        head = stage.add_commit(opened[1], {"a": "2", "lib/größe/c": "2", "d": "1", "lib/e": "1"}, parent=second)

        files = await compare(stage, opened, base, head, from_merge_base=from_merge_base)
        assert files == ChangedFiles(("a", "lib/b", "lib/e", "lib/größe/c"), 4, complete=True)
        same = await compare(stage, opened, head, head, from_merge_base=from_merge_base)
        assert same == ChangedFiles(complete=True)

    async def test_compares_with_the_base_or_with_the_merge_base(self, stage: ProviderStage) -> None:
        """After a forced push, only the comparison with the base has the files of removed commits."""
        opened = await start(stage)
        root = stage.add_commit(opened[1], {"a": "1", "b": "1"}, branch="main")
        base = stage.add_commit(opened[1], {"a": "2", "b": "1"}, parent=root)
        head = stage.add_commit(opened[1], {"a": "1", "b": "2"}, parent=root)

        assert (await compare(stage, opened, base, head, from_merge_base=True)).paths == ("b",)
        assert (await compare(stage, opened, base, head, from_merge_base=False)).paths == ("a", "b")
        assert (await compare(stage, opened, head, root, from_merge_base=False)).paths == ("b",)

    async def test_compares_commits_without_a_common_ancestor(self, stage: ProviderStage) -> None:
        """Their files are compared."""
        opened = await start(stage)
        base = stage.add_commit(opened[1], {"a": "1", "b": "1"}, branch="main")
        head = stage.add_commit(opened[1], {"a": "1", "c": "1"})

        for from_merge_base in (True, False):
            files = await compare(stage, opened, base, head, from_merge_base=from_merge_base)
            assert files == ChangedFiles(("b", "c"), 2, complete=True)

    @pytest.mark.parametrize("count", [299, 300, 301, 500])
    async def test_lists_any_number_of_changed_files(self, stage: ProviderStage, count: int) -> None:
        """GitHub's comparison has at most 300 files."""
        opened = await start(stage)
        base = stage.add_commit(opened[1], {"kept": "1"}, branch="main")
        files = {f"apps/{number % 7}/{number}": "1" for number in range(count)}
        head = stage.add_commit(opened[1], {"kept": "1", **files}, parent=base)

        changed = await compare(stage, opened, base, head, from_merge_base=False)
        assert changed == ChangedFiles(tuple(sorted(files)), count, complete=True)

    async def test_lists_directories(self, stage: ProviderStage) -> None:
        """At any depth, without the root directory."""
        opened = await start(stage)
        sha = stage.add_commit(opened[1], {"a": "1", "lib/größe/c": "1", "lib/b": "1", "app/x": "1"}, branch="main")

        directories = await stage.provider.list_directories(*opened, sha)
        assert directories == Directories(["app", "lib", "lib/größe"], is_complete=True)

    async def test_contents_of_other_repositories_are_not_visible(self, stage: ProviderStage) -> None:
        """Of another installation, or that do not exist."""
        (access, _), hidden = await start(stage), stage.add_private_repository()
        for repo_id in (hidden, RepoId("99999999"), RepoId("../user")):
            with pytest.raises(NotVisible):
                await stage.provider.find_commit(access, repo_id, "main")
            with pytest.raises(NotVisible):
                await stage.provider.compare_commits(access, repo_id, base=SHA, head="b" * 40, from_merge_base=False)
            with pytest.raises(NotVisible):
                await stage.provider.list_directories(access, repo_id, SHA)
