from functools import partial
from http import HTTPStatus

from adapters.github.api.calls import Response, make_reader
from adapters.github.api.content_responses import CommitResponse, ComparisonResponse, TreeResponse
from adapters.github.api.credentials import InstallationCredential
from adapters.github.api.installation_calls import InstallationCalls, build_repository_path
from adapters.github.api.tree_comparison import TreeComparison
from adapters.github.urls import can_be_branch, quote_segment
from core.domain.catalog.commits import Directories
from core.domain.changed_files import ChangedFiles
from core.domain.identifiers import RepoId
from core.domain.tokens.installation_tokens import InstallationAccess

# A comparison has at most this many files, whatever the page: https://docs.github.com/rest/commits/commits#compare-two-commits
_MAX_COMPARED_FILES = 300
# Unlike other lists, a comparison contains the patch of each file.
_MAX_COMPARISON_BYTES = 32 * 1024 * 1024

# The responses for an unknown ref, an invalid one, and a repository without a commit.
_NO_COMMIT = frozenset({HTTPStatus.NOT_FOUND.value, HTTPStatus.UNPROCESSABLE_ENTITY.value, HTTPStatus.CONFLICT.value})
# The response for commits without a common ancestor.
_UNRELATED = frozenset({HTTPStatus.NOT_FOUND.value})

_read_commit = make_reader(CommitResponse)
_read_comparison = make_reader(ComparisonResponse)
_read_tree = make_reader(TreeResponse)


class ContentCalls(InstallationCalls):
    """Calls about the commits and files of a repository."""

    async def find_commit(self, access: InstallationAccess, repo_id: RepoId, ref: str) -> str | None:
        """Return the id of the commit of a branch, a tag or a commit, or None."""
        if not ref or not can_be_branch(ref):
            return None
        path = f"{build_repository_path(repo_id)}/commits/{quote_segment(ref)}"
        commit = await self._get(path, self._as_installation(access), _read_commit_or_none, accept=_NO_COMMIT)
        if commit is None:
            # Only the message differs between a missing commit and a missing repository, so fetch the repository.
            await self.get_repository(access, repo_id)
        return commit.sha if commit else None

    async def compare_commits(
        self, access: InstallationAccess, repo_id: RepoId, *, base: str, head: str, from_merge_base: bool
    ) -> ChangedFiles:
        """Return the changed files: from GitHub's comparison if it has all of them, else by comparing the trees.

        GitHub compares the head with the merge base, which is the base itself unless the base has other commits.
        """
        path, credential = build_repository_path(repo_id), self._as_installation(access)
        comparison = await self._send(
            "GET",
            # The files are on the first page, whatever the number of commits.
            f"{path}/compare/{base}...{head}?per_page=1",
            credential,
            _read_comparison_or_none,
            accept=_UNRELATED,
            max_bytes=_MAX_COMPARISON_BYTES,
        )
        start = base
        if comparison is not None and (from_merge_base or comparison.merge_base_commit.sha == base):
            if len(comparison.files) < _MAX_COMPARED_FILES:
                return ChangedFiles.of(comparison.list_paths(), complete=True)
            start = comparison.merge_base_commit.sha
        trees = TreeComparison(partial(self._read_tree, path, credential))
        await trees.compare(start, head)
        return ChangedFiles.of(trees.paths, complete=trees.complete)

    async def list_directories(self, access: InstallationAccess, repo_id: RepoId, sha: str) -> Directories:
        """Return the directories of a commit. GitHub lists at most 100,000 files and directories."""
        path, credential = build_repository_path(repo_id), self._as_installation(access)
        tree = await self._read_tree(path, credential, sha, is_recursive=True)
        return Directories(sorted(entry.path for entry in tree.tree if entry.is_directory), not tree.truncated)

    async def _read_tree(
        self, path: str, credential: InstallationCredential, sha: str, is_recursive: bool
    ) -> TreeResponse:
        # The API treats any value of `recursive` as true, also `false`.
        query = "?recursive=1" if is_recursive else ""
        return await self._get(f"{path}/git/trees/{sha}{query}", credential, _read_tree)


def _read_commit_or_none(response: Response) -> CommitResponse | None:
    return _read_commit(response) if response.is_success else None


def _read_comparison_or_none(response: Response) -> ComparisonResponse | None:
    return _read_comparison(response) if response.is_success else None
