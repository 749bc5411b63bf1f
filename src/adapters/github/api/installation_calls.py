from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from http import HTTPStatus

from adapters.github.addresses import can_be_branch, is_numeric_id, quote_segment
from adapters.github.api.caller import ApiCalls
from adapters.github.api.calls import NOT_FOUND, Call, Response
from adapters.github.api.credentials import InstallationCredential, TokenCredential
from adapters.github.api.link_headers import LIST_ATTEMPTS, PER_PAGE
from adapters.github.api.unavailable import Undecodable
from adapters.github.decoding.readers import ignore_body, make_list_reader, make_reader
from adapters.github.decoding.repository_answers import (
    BranchResponse,
    RefResponse,
    RepositoriesResponse,
    RepositoryResponse,
)
from core.domain.catalog.branches import Branch
from core.domain.catalog.repository import RepositoryPage
from core.domain.identifiers import RepoId
from core.domain.provider_errors import NotVisible
from core.domain.provider_events import RepositoryFacts
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess

# What the search says of a repository without a commit.
_EMPTY = frozenset({HTTPStatus.CONFLICT.value})
_DEAD = frozenset({HTTPStatus.UNAUTHORIZED.value})

_read_repositories = make_reader(RepositoriesResponse)
_read_repository = make_reader(RepositoryResponse)
_read_branch = make_reader(BranchResponse)
_read_branches = make_list_reader(BranchResponse)
_read_refs = make_list_reader(RefResponse)


class InstallationCalls(ApiCalls):
    """What is asked with an installation's token.

    Repositories are always named by number, since names move: https://github.com/github/docs/issues/45674
    """

    async def list_repository_pages(self, access: InstallationAccess) -> AsyncGenerator[RepositoryPage, None]:
        """Return every page, each repository once; the last is not `whole` where too much moved meanwhile."""
        credential = self._as_installation(access)
        seen: set[int] = set()
        for reading in range(LIST_ATTEMPTS):
            totals: set[int] = set()
            here: set[int] = set()
            async with aclosing(self._pages("/installation/repositories", credential, _read_repositories)) as found:
                async for page in found:
                    totals.add(page.total_count)
                    new = [repository for repository in page.repositories if repository.id not in seen]
                    seen.update(repository.id for repository in new)
                    here.update(repository.id for repository in page.repositories)
                    if new or reading == 0:
                        yield RepositoryPage(page.total_count, tuple(repository.to_domain() for repository in new))
            if totals == {len(here)}:
                return
        yield RepositoryPage(max(totals), (), whole=False)

    async def get_repository(self, access: InstallationAccess, repo_id: RepoId) -> RepositoryFacts:
        """Return one repository, surely the one asked for whatever its name is now; raises `NotVisible`."""
        found = await self._get(_repository_path(repo_id), self._as_installation(access), _read_repository)
        if str(found.id) != repo_id:
            raise Undecodable("GitHub returned another repository")
        return found.to_domain()

    async def list_branches(
        self, access: InstallationAccess, repo_id: RepoId, *, prefix: str, limit: int
    ) -> Sequence[Branch]:
        """Return branches by name; searching by prefix, GitHub does not say which are protected."""
        path, credential = _repository_path(repo_id), self._as_installation(access)
        if limit < 1 or not can_be_branch(prefix):
            return []
        found: list[Branch] = []
        if prefix:
            path, read = f"{path}/git/matching-refs/heads/{quote_segment(prefix)}", _read_matching_refs
        else:
            path, read = f"{path}/branches", _read_branch_list
        in_order = self._pages(path, credential, read, accept=_EMPTY, per_page=min(limit, PER_PAGE), at_once=1)
        async with aclosing(in_order) as listed:
            async for page in listed:
                found += page
                if len(found) >= limit:
                    break
        return sorted(found[:limit], key=lambda branch: branch.name)

    async def find_branch(self, access: InstallationAccess, repo_id: RepoId, name: str) -> Branch | None:
        """Return one branch; one that was renamed is another."""
        if not name or not can_be_branch(name):
            return None
        path = f"{_repository_path(repo_id)}/branches/{quote_segment(name)}"
        found = await self._get(path, self._as_installation(access), _found_branch, accept=NOT_FOUND)
        if found is None:
            # Only words tell a missing branch from a repository that is not visible; asking is surer.
            await self.get_repository(access, repo_id)
        return found if found is not None and found.name == name else None

    async def revoke_token(self, token: Secret) -> None:
        """End an installation's token at once; one that is dead already is fine."""
        url = self._context.addresses.api_url("/installation/token")
        await self._context.transport.ask(
            Call("DELETE", url, TokenCredential(token, self._context.ages), ignore_body, _DEAD)
        )

    def _as_installation(self, access: InstallationAccess) -> InstallationCredential:
        # Another process may have made it a moment ago.
        self._context.ages.note(access.token)
        return InstallationCredential(access, self._context.ages)


def _repository_path(repo_id: RepoId) -> str:
    if not is_numeric_id(repo_id):
        raise NotVisible("GitHub does not return this object. Check that it exists and that the app has access to it.")
    return f"/repositories/{repo_id}"


def _read_branch_list(response: Response) -> list[Branch]:
    return [answer.to_domain() for answer in _read_branches(response)] if response.succeeded else []


def _read_matching_refs(response: Response) -> list[Branch]:
    return [answer.to_domain() for answer in _read_refs(response)] if response.succeeded else []


def _found_branch(response: Response) -> Branch | None:
    return _read_branch(response).to_domain() if response.succeeded else None
