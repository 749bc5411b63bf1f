from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from core.domain.catalog.commits import CommitNotFound
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.provider_errors import CredentialRefused
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess
from ports.provider import GitProvider

T = TypeVar("T")


class InstallationTokens(Protocol):
    """Returns tokens for an integration's repositories: see `GetInstallationToken`."""

    async def __call__(self, integration: Integration, *, instead_of: Secret | None = None) -> Secret:
        """Return a token that is not the rejected token `instead_of`."""


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """Calls an integration's provider with its token."""

    providers: Mapping[str, GitProvider]
    tokens: InstallationTokens

    async def __call__(
        self, integration: Integration, request: Callable[[GitProvider, InstallationAccess], Awaitable[T]]
    ) -> T:
        """Return the result of the request. A token that the provider rejects is replaced once.

        Raises what `request` and the tokens raise.
        """
        provider = self.providers[integration.provider]
        access = InstallationAccess(integration.provider_id, await self.tokens(integration))
        try:
            return await request(provider, access)
        except CredentialRefused:
            new_token = await self.tokens(integration, instead_of=access.token)
            return await request(provider, replace(access, token=new_token))


async def get_commit(access: ProviderAccess, integration: Integration, repo_id: RepoId, ref: str) -> str:
    """Return the full id of the commit of a branch, a tag or a commit id; raises `CommitNotFound`."""
    sha = await access(integration, lambda provider, token: provider.find_commit(token, repo_id, ref))
    if sha is None:
        raise CommitNotFound(
            "The repository has no branch, tag or commit with this name. Check the name. For the commit before a new "
            "branch, pass the default branch."
        )
    return sha
