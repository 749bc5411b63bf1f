from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from core.domain.actors import Actor
from core.domain.catalog.repository import Repository, RepositoryNotFound
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration, IntegrationStatus
from core.domain.links.creation import require_active
from core.domain.links.link import Link, ProjectNotLinked
from core.domain.organizations import Organization, ProjectNotFound
from core.domain.permissions import Action
from core.domain.tokens.installation_tokens import PERMISSIONS, InstallationToken, OrphanedToken, ReadToken, TokenLease
from core.use_cases.authorization import AccessControl
from core.use_cases.tokens.encryption import encrypt_read_token, open_read_token
from ports.encryption import Cipher
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class IssueReadToken:
    """Give a service a token that reads the linked repositories of some projects, and nothing else.

    The provider makes it so narrow; the installation's own token never leaves the service. Nobody gets one
    that is not written down: who, why, which repositories, until when.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, project_ids: Sequence[UUID], reason: str
    ) -> ReadToken:
        """Return the token, good for an hour at most.

        Raises `ProjectNotFound`, `ProjectNotLinked`, `RepositoryNotFound`, `IntegrationNotActive`,
        `IntegrationNotFound`, `ProviderUnknown`, `OrganizationNotFound`, `ActionForbidden`, or what the
        provider says of the installation.
        """
        organization = await self.access_control.require(actor, Action.ISSUE_TOKEN, organization_id, provider)
        async with self.unit_of_work() as tx:
            integration = require_active(await tx.integrations.find(organization.id, provider))
            opened = await _linked(tx, organization, integration, project_ids)
        repo_ids = tuple(dict.fromkeys(repository.repo_id for _, repository in opened))
        minted = await self._mint(integration, repo_ids)
        lease = self._lease(actor, integration, repo_ids, reason, minted)
        async with self.unit_of_work() as tx:
            known = await tx.integrations.get_for_update(organization.id, provider)
            # It may have been disconnected while the provider was asked: then nobody gets this token.
            kept = known is not None and known.provider_id == integration.provider_id and _is_active(known)
            if kept:
                await tx.installation_tokens.add_token_lease(lease)
                await tx.commit()
        if not kept:
            await self.providers[provider].revoke_token(minted.token)
            require_active(known)
            raise RepositoryNotFound("The organization was connected again in the meantime. Request the token again.")
        return ReadToken(minted.token, lease.external_id, minted.expires_at, opened)

    async def _mint(self, integration: Integration, repo_ids: Sequence[RepoId]) -> InstallationToken:
        provider = self.providers[integration.provider]
        return await provider.mint_token(integration.provider_id, repo_ids=repo_ids, permissions=PERMISSIONS)

    def _lease(
        self,
        actor: Actor,
        integration: Integration,
        repo_ids: tuple[RepoId, ...],
        reason: str,
        minted: InstallationToken,
    ) -> TokenLease:
        external_id = uuid4()
        return TokenLease(
            external_id=external_id,
            organization_id=integration.organization_id,
            integration_id=integration.id,
            actor=actor.name,
            request_id=actor.request_id,
            reason=reason,
            repo_ids=repo_ids,
            created_at=self.clock.now(),
            expires_at=minted.expires_at,
            sealed=encrypt_read_token(self.cipher, external_id, minted.token),
            permissions=minted.permissions,
        )


def _is_active(integration: Integration) -> bool:
    return integration.status is IntegrationStatus.ACTIVE


async def _linked(
    tx: Transaction, organization: Organization, integration: Integration, project_ids: Sequence[UUID]
) -> list[tuple[Link, Repository]]:
    """Return the repositories these projects are linked to through this integration; all or none."""
    wanted = dict.fromkeys(project_ids)
    projects = {one.external_id: one for one in await tx.projects.find_many(organization.id, wanted)}
    for project_id in wanted:
        if project_id not in projects:
            raise ProjectNotFound(f"This organization has no project with the id {project_id}. Check the project id.")
    links = {
        link.project_id: link
        for link in await tx.links.list_by_projects([project.id for project in projects.values()])
        if link.integration_id == integration.id
    }
    keys = [(integration.id, link.repo_id) for link in links.values()]
    rows = {row.repo_id: row for row in await tx.catalog.find_repositories(keys) if row.removed_at is None}
    opened = []
    for project_id in wanted:
        link = links.get(projects[project_id].id)
        if link is None:
            raise ProjectNotLinked(f"Project {project_id} is not linked to a repository. Link one first.")
        if link.repo_id not in rows:
            raise RepositoryNotFound(
                f"The integration no longer has access to the repository of project {project_id}. Give "
                "the app access to it again."
            )
        opened.append((link, rows[link.repo_id]))
    return opened


_BATCH_SIZE = 50
_EXPIRED_BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class RevokeOrphanedTokens:
    """End tokens of services that would get none now, or one for less; forget those that are over.

    That is when the integration ended or was suspended, or a repository was unlinked.

    What is to be done follows from the rows, so an outage of the provider's only puts it off; a token that
    cannot be revoked before it is over by itself is over then.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock

    async def __call__(self) -> int:
        """Try each once and return how many are revoked; raises `StorageUnavailable`."""
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            await tx.installation_tokens.wipe_expired_tokens(now=now, limit=_EXPIRED_BATCH_SIZE)
            strays = await tx.installation_tokens.list_orphaned_tokens(now=now, limit=_BATCH_SIZE)
            await tx.commit()
        return sum([await self._revoke(stray) for stray in strays])

    async def _revoke(self, stray: OrphanedToken) -> bool:
        try:
            token = open_read_token(self.cipher, stray.external_id, stray.sealed)
            await self.providers[stray.provider].revoke_token(token)
        except StorageUnavailable:
            raise
        except DomainError:
            return False
        async with self.unit_of_work() as tx:
            await tx.installation_tokens.end_token_lease(stray.external_id, at=self.clock.now())
            await tx.commit()
        return True
