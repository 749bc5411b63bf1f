from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from core.domain.actors import Actor
from core.domain.audit import AuditEntry
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
from core.use_cases.tokens.encryption import decrypt_read_token, encrypt_read_token
from ports.encryption import Cipher
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class IssueReadToken:
    """Issue a token for a service that can only read the linked repositories of some projects.

    The provider enforces the restriction. The installation's token never leaves this service. Each token has a
    stored lease: the service, the reason, the repositories, and the expiry.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, project_ids: Sequence[UUID], reason: str
    ) -> ReadToken:
        """Return the token, which is valid for an hour at most.

        Raises `ProjectNotFound`, `ProjectNotLinked`, `RepositoryNotFound`, `IntegrationNotActive`,
        `IntegrationNotFound`, `ProviderUnknown`, `OrganizationNotFound`, `ActionForbidden`, or an error of
        the provider for the installation.
        """
        organization = await self.access_control.require(actor, Action.ISSUE_TOKEN, organization_id, provider)
        async with self.unit_of_work() as tx:
            integration = require_active(await tx.integrations.find(organization.id, provider))
            readable = await _find_linked(tx, organization, integration, project_ids)
        repo_ids = tuple(dict.fromkeys(repository.repo_id for _, repository in readable))
        minted = await self._mint(integration, repo_ids)
        lease = self._lease(actor, integration, repo_ids, reason, minted)
        async with self.unit_of_work() as tx:
            current = await tx.integrations.get_for_update(organization.id, provider)
            # If the organization disconnected during the request, nobody gets this token.
            is_valid = (
                current is not None
                and current.provider_id == integration.provider_id
                and current.status is IntegrationStatus.ACTIVE
            )
            if is_valid:
                await tx.token_leases.add_token_lease(lease)
                await tx.versions.record(_build_issue_entry(actor, lease, provider))
                await tx.commit()
        if not is_valid:
            await self.providers[provider].revoke_token(minted.token)
            require_active(current)
            raise RepositoryNotFound("The organization was connected again in the meantime. Request the token again.")
        return ReadToken(minted.token, lease.external_id, minted.expires_at, readable)

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


def _build_issue_entry(actor: Actor, lease: TokenLease, provider: str) -> AuditEntry:
    facts = {"reason": lease.reason, "repo_ids": list(lease.repo_ids), "expires_at": lease.expires_at.isoformat()}
    changes = {name: [None, value] for name, value in facts.items()}
    item_id = str(lease.external_id)
    return AuditEntry("read_token", item_id, "issued", actor, lease.organization_id, provider, changes)


async def _find_linked(
    tx: Transaction, organization: Organization, integration: Integration, project_ids: Sequence[UUID]
) -> list[tuple[Link, Repository]]:
    """Return the linked repositories of all these projects, or raise for the first project without one."""
    unique_ids = dict.fromkeys(project_ids)
    projects = {project.external_id: project for project in await tx.projects.find_many(organization.id, unique_ids)}
    for project_id in unique_ids:
        if project_id not in projects:
            raise ProjectNotFound(f"This organization has no project with the id {project_id}. Check the project id.")
    links = {
        link.project_id: link
        for link in await tx.links.list_by_projects([project.id for project in projects.values()])
        if link.integration_id == integration.id
    }
    keys = [(integration.id, link.repo_id) for link in links.values()]
    rows = {row.repo_id: row for row in await tx.catalog.find_repositories(keys) if row.removed_at is None}
    repositories = []
    for project_id in unique_ids:
        link = links.get(projects[project_id].id)
        if link is None:
            raise ProjectNotLinked(f"Project {project_id} is not linked to a repository. Link one first.")
        if link.repo_id not in rows:
            raise RepositoryNotFound(
                f"The integration no longer has access to the repository of project {project_id}. Give "
                "the app access to it again."
            )
        repositories.append((link, rows[link.repo_id]))
    return repositories


_BATCH_SIZE = 50
_EXPIRED_BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class RevokeOrphanedTokens:
    """Revoke read tokens that would not be issued now, and wipe expired ones.

    A token is orphaned when its integration ends or is suspended, or when a repository is unlinked. The rows
    show which tokens are orphaned, so an outage of the provider only delays revoking.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock

    async def __call__(self) -> int:
        """Try each once and return the number of revoked tokens; raises `StorageUnavailable`."""
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            await tx.token_leases.wipe_expired_tokens(now=now, limit=_EXPIRED_BATCH_SIZE)
            orphaned = await tx.token_leases.list_orphaned_tokens(now=now, limit=_BATCH_SIZE)
            await tx.commit()
        return sum([await self.revoke(token) for token in orphaned])

    async def revoke(self, orphaned: OrphanedToken) -> bool:
        """Revoke one token, and return whether the provider confirmed it."""
        try:
            token = decrypt_read_token(self.cipher, orphaned.external_id, orphaned.sealed)
            await self.providers[orphaned.provider].revoke_token(token)
        except StorageUnavailable:
            raise
        except DomainError:
            return False
        async with self.unit_of_work() as tx:
            await tx.token_leases.end_token_lease(orphaned.external_id, at=self.clock.now())
            await tx.commit()
        return True
