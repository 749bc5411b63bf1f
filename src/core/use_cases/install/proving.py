import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.domain.claims import InstallationNotProven, InstallationNotVisible, prove
from core.domain.errors import DomainError
from core.domain.flows import Flow
from core.domain.identifiers import OrganizationId
from core.domain.integrations import Integration
from core.domain.provider import Installation, InstallationGone, InstallationSuspended, ProviderPerson
from core.domain.secret import Secret
from core.use_cases.install.evidence import GatherEvidence
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork

# Each takes several calls to the provider while someone waits.
_MOST = 32
_AT_ONCE = 8
_REFUSALS = (InstallationGone, InstallationNotVisible, InstallationNotProven, InstallationSuspended)


@dataclass(frozen=True, slots=True)
class Proven:
    """The installations that are a person's to bind, and why those are not that they see besides."""

    installations: Sequence[Installation]
    refusal: DomainError | None = None


@dataclass(frozen=True, slots=True)
class ProveInstallations:
    """Find out which installations a person sees are theirs to bind.

    Those that another organization has are offered only where there are no others: then it can be told so,
    to someone who has proven that it concerns them.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    gather: GatherEvidence

    async def __call__(
        self, flow: Flow, organization_id: OrganizationId, person: ProviderPerson, token: Secret
    ) -> Proven:
        """Return them, in the order the provider lists them; raises what the provider answers."""
        listed = await self.providers[flow.provider].installations_of(token)
        async with self.unit_of_work() as tx:
            known = await tx.integrations.of_installations(flow.provider, listed)
        own = {one.provider_id for one in known if one.organization_id == organization_id}
        taken = {one.provider_id for one in known if _is_elsewhere(one, organization_id)}
        # What was here before is what people come back for; it must not be lost among many.
        free = sorted((one for one in listed if one not in taken), key=lambda one: one not in own)
        proven = await self._among(free[:_MOST], flow, person, token, listed)
        if proven.installations or not taken:
            return proven
        held = await self._among([one for one in listed if one in taken][:_MOST], flow, person, token, listed)
        return held if held.installations else proven

    async def _among(
        self, wanted: Sequence[str], flow: Flow, person: ProviderPerson, token: Secret, listed: Sequence[str]
    ) -> Proven:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def judged(provider_id: str) -> Installation | DomainError:
            try:
                async with turns:
                    evidence = await self.gather(flow, person, token, provider_id, listed)
                    prove(evidence)
            except DomainError as refusal:
                return refusal
            assert evidence.installation is not None  # there is no proof without one
            return evidence.installation

        found = await asyncio.gather(*map(judged, wanted))
        for one in found:
            if isinstance(one, DomainError) and not isinstance(one, _REFUSALS):
                raise one
        return Proven([one for one in found if isinstance(one, Installation)], _most_telling(found))


def _is_elsewhere(integration: Integration, organization_id: OrganizationId) -> bool:
    return not integration.is_revoked and integration.organization_id != organization_id


def _most_telling(found: Iterable[Installation | DomainError]) -> DomainError | None:
    """Return the refusal that someone can do most about: a suspension can be lifted."""
    refusals = [one for one in found if isinstance(one, DomainError)]
    suspended = (one for one in refusals if isinstance(one, InstallationSuspended))
    return next(suspended, next(iter(refusals), None))
