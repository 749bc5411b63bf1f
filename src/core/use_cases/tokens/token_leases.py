from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.audit import AuditEntry, parse_actor_name
from core.domain.catalog.repository import Repository
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.links.link import Link
from core.domain.organizations import Organization, User
from core.domain.permissions import Action
from core.domain.tokens.installation_tokens import (
    OrphanedToken,
    ReadTokenNotFound,
    TokenLease,
    TokenLeaseId,
    TokenLeaseState,
)
from core.use_cases.authorization import AccessControl
from core.use_cases.tokens.read_tokens import RevokeOrphanedTokens
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class LeasedRepository:
    """A repository that a read token can read, with the projects linked to it now.

    `full_name` is None if the catalog no longer has the repository.
    """

    repo_id: RepoId
    full_name: str | None
    project_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class LeaseView:
    """A token lease for its organization, without the token."""

    lease: TokenLease
    provider: str
    state: TokenLeaseState
    repositories: Sequence[LeasedRepository]


@dataclass(frozen=True, slots=True)
class LeasePage:
    """One page of token leases, newest first, and the current members among the users that services act for."""

    leases: Sequence[LeaseView]
    members: Mapping[UUID, User]
    next: TokenLeaseId | None


@dataclass(frozen=True, slots=True)
class ListTokenLeases:
    """List the token leases of an organization: which service can read which repositories, why and until when."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        only_valid: bool = False,
        limit: int = 50,
        before: TokenLeaseId | None = None,
    ) -> LeasePage:
        """Return at most `limit` leases below `before`.

        An actor who may not revoke tokens gets only the leases that services hold for this user, or those of the
        calling service. Raises `OrganizationNotFound` or `ActionForbidden`.
        """
        organization, can_revoke = await self.access_control.require_and_check(
            actor, Action.READ, organization_id, optional=Action.REVOKE_TOKEN
        )
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            leases = await tx.token_leases.list_token_leases(
                organization.id,
                held_by=None if can_revoke else actor.name,
                valid_at=now if only_valid else None,
                limit=limit + 1,
                before=before,
            )
            page = leases[:limit]
            views = await _create_views(tx, organization, page, [lease.find_state(now) for lease in page])
        members = await find_holders(self.access_control, organization, page)
        return LeasePage(views, members, page[-1].id if len(leases) > limit else None)


@dataclass(frozen=True, slots=True)
class RevokeReadToken:
    """Revoke a read token of a service before it expires."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    revoke_orphaned: RevokeOrphanedTokens
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID, lease_id: UUID) -> LeasePage:
        """Return the lease: `revoked`, or `revoking` until the provider responds again.

        The request is stored before the provider is called, so that an outage only delays the revocation. A token
        that is revoked or expired stays as it is. Raises `ReadTokenNotFound`, `OrganizationNotFound` or
        `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.REVOKE_TOKEN, organization_id)
        async with self.unit_of_work() as tx:
            lease = await _get_lease(tx, organization, lease_id)
            [view] = await _create_views(tx, organization, [lease], [lease.find_state(self.clock.now())])
            if view.state is TokenLeaseState.ACTIVE:
                await tx.token_leases.request_token_revocation(lease_id, at=self.clock.now())
                item_id = str(lease_id)
                entry = AuditEntry("read_token", item_id, "revoked", actor, organization.id, view.provider)
                await tx.versions.record(entry)
                await tx.commit()
        if lease.sealed is not None and view.state in (TokenLeaseState.ACTIVE, TokenLeaseState.REVOKING):
            await self.revoke_orphaned.revoke(OrphanedToken(lease_id, view.provider, lease.sealed))
        async with self.unit_of_work() as tx:
            lease = await _get_lease(tx, organization, lease_id)
            views = await _create_views(tx, organization, [lease], [lease.find_state(self.clock.now())])
        return LeasePage(views, await find_holders(self.access_control, organization, [lease]), None)


async def find_holders(
    access_control: AccessControl, organization: Organization, leases: Sequence[TokenLease]
) -> Mapping[UUID, User]:
    """Return the current members among the users that the holders of these leases act for."""
    user_ids = {user_id for lease in leases if (user_id := parse_actor_name(lease.actor).user_id)}
    return await access_control.directory.find_members(organization.id, user_ids) if user_ids else {}


async def _get_lease(tx: Transaction, organization: Organization, lease_id: UUID) -> TokenLease:
    lease = await tx.token_leases.find_token_lease(lease_id)
    if lease is None or lease.organization_id != organization.id:
        raise ReadTokenNotFound("This organization has no read token with this id. Check the id of the token lease.")
    return lease


async def _create_views(
    tx: Transaction, organization: Organization, leases: Sequence[TokenLease], states: Sequence[TokenLeaseState]
) -> list[LeaseView]:
    keys = {(lease.integration_id, repo_id) for lease in leases for repo_id in lease.repo_ids}
    integrations = await tx.integrations.list_by_organization(organization.id)
    providers = {integration.id: integration.provider for integration in integrations}
    repositories = {(row.integration_id, row.repo_id): row for row in await tx.catalog.find_repositories(keys)}
    links = await tx.links.list_by_repositories(keys)
    return [
        LeaseView(
            lease,
            providers[lease.integration_id],
            state,
            [_create_repository(lease.integration_id, repo_id, repositories, links) for repo_id in lease.repo_ids],
        )
        for lease, state in zip(leases, states, strict=True)
    ]


def _create_repository(
    integration_id: IntegrationId,
    repo_id: RepoId,
    repositories: Mapping[tuple[IntegrationId, RepoId], Repository],
    links: Sequence[Link],
) -> LeasedRepository:
    key = (integration_id, repo_id)
    return LeasedRepository(
        repo_id,
        repositories[key].full_name if key in repositories else None,
        tuple(link.project_external_id for link in links if (link.integration_id, link.repo_id) == key),
    )
