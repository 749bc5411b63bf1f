from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from http import HTTPStatus

from adapters.github.api.api_calls import ApiCalls
from adapters.github.api.calls import NOT_FOUND, Response, ignore_body, make_list_reader, make_reader
from adapters.github.api.credentials import InstallationCredential, TokenCredential
from adapters.github.api.failures import Undecodable
from adapters.github.api.pages import LIST_ATTEMPTS, PER_PAGE
from adapters.github.api.repository_responses import (
    BranchResponse,
    RefResponse,
    RepositoriesResponse,
    RepositoryResponse,
)
from adapters.github.urls import can_be_branch, is_numeric_id, quote_segment
from core.domain.catalog.branches import Branch
from core.domain.catalog.repository import RepositoryPage
from core.domain.identifiers import RepoId
from core.domain.provider_errors import NotVisible
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess

# The response of the search in a repository without a commit.
_EMPTY = frozenset({HTTPStatus.CONFLICT.value})
_INVALID_TOKEN = frozenset({HTTPStatus.UNAUTHORIZED.value})

_read_repositories = make_reader(RepositoriesResponse)
_read_repository = make_reader(RepositoryResponse)
_read_branch = make_reader(BranchResponse)
_read_branches = make_list_reader(BranchResponse)
_read_refs = make_list_reader(RefResponse)


class InstallationCalls(ApiCalls):
    """Calls with an installation token.

    Repositories are identified by id, because names change: https://github.com/github/docs/issues/45674
    """

    async def list_repository_pages(self, access: InstallationAccess) -> AsyncGenerator[RepositoryPage, None]:
        """Return every repository once. The last page is not `whole` if the list kept changing."""
        credential = self._as_installation(access)
        seen: set[int] = set()
        for reading in range(LIST_ATTEMPTS):
            totals: set[int] = set()
            listed: set[int] = set()
            async with aclosing(self._pages("/installation/repositories", credential, _read_repositories)) as pages:
                async for page in pages:
                    totals.add(page.total_count)
                    new = [repository for repository in page.repositories if repository.id not in seen]
                    seen.update(repository.id for repository in new)
                    listed.update(repository.id for repository in page.repositories)
                    if new or reading == 0:
                        yield RepositoryPage(page.total_count, tuple(repository.to_domain() for repository in new))
            if totals == {len(listed)}:
                return
        yield RepositoryPage(max(totals), (), whole=False)

    async def get_repository(self, access: InstallationAccess, repo_id: RepoId) -> RepositoryFacts:
        """Return a repository by id; raises `NotVisible`."""
        response = await self._get(build_repository_path(repo_id), self._as_installation(access), _read_repository)
        if str(response.id) != repo_id:
            raise Undecodable("GitHub returned another repository")
        return response.to_domain()

    async def list_branches(
        self, access: InstallationAccess, repo_id: RepoId, *, prefix: str, limit: int
    ) -> Sequence[Branch]:
        """Return branches by name. With a prefix, GitHub does not return which branches are protected."""
        path, credential = build_repository_path(repo_id), self._as_installation(access)
        if limit < 1 or not can_be_branch(prefix):
            return []
        branches: list[Branch] = []
        if prefix:
            path, read = f"{path}/git/matching-refs/heads/{quote_segment(prefix)}", _read_matching_refs
        else:
            path, read = f"{path}/branches", _read_branch_list
        pages = self._pages(path, credential, read, accept=_EMPTY, per_page=min(limit, PER_PAGE), max_concurrent=1)
        async with aclosing(pages) as listed_pages:
            async for page in listed_pages:
                branches += page
                if len(branches) >= limit:
                    break
        return sorted(branches[:limit], key=lambda branch: branch.name)

    async def find_branch(self, access: InstallationAccess, repo_id: RepoId, name: str) -> Branch | None:
        """Return a branch, or None. A former name of a branch is not found."""
        if not name or not can_be_branch(name):
            return None
        path = f"{build_repository_path(repo_id)}/branches/{quote_segment(name)}"
        branch = await self._get(path, self._as_installation(access), _read_branch_or_none, accept=NOT_FOUND)
        if branch is None:
            # Only the message differs between a missing branch and a missing repository, so fetch the repository.
            await self.get_repository(access, repo_id)
        return branch if branch is not None and branch.name == name else None

    async def revoke_token(self, token: Secret) -> None:
        """Revoke an installation token. An invalid token is accepted."""
        credential = TokenCredential(token, self._context.ages)
        await self._send("DELETE", "/installation/token", credential, ignore_body, accept=_INVALID_TOKEN)

    def _as_installation(self, access: InstallationAccess) -> InstallationCredential:
        # Another process may have created it just now.
        self._context.ages.note(access.token)
        return InstallationCredential(access, self._context.ages)


def build_repository_path(repo_id: RepoId) -> str:
    """Return the API path of a repository; raises `NotVisible` for an id that cannot be of GitHub."""
    if not is_numeric_id(repo_id):
        raise NotVisible("GitHub does not return this object. Check that it exists and that the app has access to it.")
    return f"/repositories/{repo_id}"


def _read_branch_list(response: Response) -> list[Branch]:
    return [answer.to_domain() for answer in _read_branches(response)] if response.is_success else []


def _read_matching_refs(response: Response) -> list[Branch]:
    return [answer.to_domain() for answer in _read_refs(response)] if response.is_success else []


def _read_branch_or_none(response: Response) -> Branch | None:
    return _read_branch(response).to_domain() if response.is_success else None
