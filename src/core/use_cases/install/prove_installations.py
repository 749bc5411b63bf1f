import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.connections import ProviderPerson
from core.domain.errors import DomainError
from core.domain.flows.flow import Flow
from core.domain.identifiers import OrganizationId, ProviderUserId
from core.domain.install.claims import InstallationNotProven, InstallationNotVisible, prove
from core.domain.install.installations import (
    Installation,
    RepositoryAdministration,
    VisibleInstallation,
    VisibleInstallations,
)
from core.domain.integrations.integration import Integration
from core.domain.provider_errors import (
    AppRefused,
    InstallationGone,
    InstallationSuspended,
    RateLimited,
    SingleSignOnRequired,
)
from core.domain.secret import Secret
from core.use_cases.install.gather_evidence import GatherEvidence
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class UnfinishedProof:
    """An installation with more repositories than one request can read; all read so far are administered."""

    person_id: ProviderUserId
    account: str
    administration: RepositoryAdministration


@dataclass(frozen=True, slots=True)
class ProveClaim:
    """Prove the installation that the URL names or that the user chose."""

    providers: Mapping[str, GitProvider]
    gather: GatherEvidence

    async def __call__(
        self, flow: Flow, person: ProviderPerson, token: Secret, visible: VisibleInstallations, *, until: datetime
    ) -> Installation | UnfinishedProof:
        """Return the installation, or the progress of its proof; raises what `prove` raises."""
        provider_id = flow.installation_id or ""
        listed: dict[str, VisibleInstallation] = {
            installation.provider_id: installation for installation in visible.installations
        }
        after = None
        # A count for one user proves nothing for another user in the same browser.
        if flow.progress.total is not None and flow.provider_user_id == person.id:
            after = RepositoryAdministration(flow.progress.total, flow.progress.checked, is_complete=False)
        evidence = await self.gather(flow, person, token, provider_id, listed, after=after, until=until)
        if evidence.administration is not None and evidence.is_unfinished:
            return UnfinishedProof(person.id, listed[provider_id].account_login, evidence.administration)
        if evidence.installation is not None and provider_id not in listed and visible.hides_accounts:
            raise SingleSignOnRequired(
                "Your account at the provider cannot see this installation. The organization may require "
                "SAML single sign-on. Sign in to the organization there, then try again.",
                url=self.providers[flow.provider].build_single_sign_on_url(evidence.installation.account_login),
            )
        prove(evidence)
        assert evidence.installation is not None  # `prove` raises without one
        return evidence.installation


PAGE = 32
"""How many installations one request checks. Each takes several calls to the provider."""

_MAX_CONCURRENT = 8
# A retry does not help: the user may not bind the installation, or not in its current state.
_FINAL = (InstallationGone, InstallationNotVisible, InstallationNotProven, InstallationSuspended)
# These concern all installations.
_FOR_ALL = (AppRefused, RateLimited)


@dataclass(frozen=True, slots=True)
class FailedProof:
    """An installation that could not be checked or that the user may not bind, with the reason."""

    installation: VisibleInstallation
    refusal: DomainError

    @property
    def is_final(self) -> bool:
        """Whether a retry cannot help."""
        return isinstance(self.refusal, _FINAL)


@dataclass(frozen=True, slots=True)
class ProofResult:
    """The result of checking one page of a user's installations.

    `unchecked` are the installations of other pages, and installations with too many repositories for one
    request. `counts` has the progress of the latter by installation id.
    """

    installations: Sequence[Installation]
    failed: Sequence[FailedProof] = ()
    unchecked: Sequence[VisibleInstallation] = ()
    counts: Mapping[str, RepositoryAdministration] = field(default_factory=dict)
    page: int = 0
    pages: int = 1

    @property
    def refusal(self) -> DomainError | None:
        """The refusal to show: an error that can pass, such as an outage or a suspension, comes first."""
        refusals = [failure.refusal for failure in self.failed]
        retryable = (failure.refusal for failure in self.failed if not failure.is_final)
        suspended = (refusal for refusal in refusals if isinstance(refusal, InstallationSuspended))
        return next(retryable, next(suspended, next(iter(refusals), None)))

    @property
    def has_retryable(self) -> bool:
        """Whether an installation may be proven later, or after a change at the provider."""
        return any(not failure.is_final for failure in self.failed)


@dataclass(frozen=True, slots=True)
class ProveInstallations:
    """Find the installations that a user may connect, one page at a time.

    Installations of other organizations are checked only if there are no others: a user who has proven access
    may then see why connecting is not possible. A failed check does not affect other installations.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    gather: GatherEvidence

    async def __call__(
        self,
        flow: Flow,
        organization_id: OrganizationId,
        person: ProviderPerson,
        token: Secret,
        visible: VisibleInstallations,
        *,
        until: datetime,
    ) -> ProofResult:
        """Return the installations in the provider's order. Raises errors that concern all installations."""
        listed = visible.installations
        async with self.unit_of_work() as tx:
            integrations = await tx.integrations.list_by_installations(
                flow.provider, [installation.provider_id for installation in listed]
            )
        own = {
            integration.provider_id for integration in integrations if integration.organization_id == organization_id
        }
        bound = {integration.provider_id for integration in integrations if _is_elsewhere(integration, organization_id)}
        # Earlier installations of this organization come first, because users look for them. The user's own
        # account comes next, because its proof needs no count.
        free = sorted(
            (installation for installation in listed if installation.provider_id not in bound),
            key=lambda candidate: (candidate.provider_id not in own, str(candidate.account_id) != str(person.id)),
        )
        proven = await self._check_page(free, flow, person, token, until)
        if visible.hides_accounts and not proven.installations and not proven.unchecked:
            raise SingleSignOnRequired(
                "Some of your organizations at the provider require SAML single sign-on, so they are not "
                "shown. Sign in to the organization there, then try again.",
                url=self.providers[flow.provider].build_single_sign_on_url(None),
            )
        if proven.installations or proven.has_retryable or proven.unchecked or not bound:
            return proven
        elsewhere = await self._check_page(
            [installation for installation in listed if installation.provider_id in bound], flow, person, token, until
        )
        return elsewhere if elsewhere.installations else proven

    async def _check_page(
        self,
        candidates: Sequence[VisibleInstallation],
        flow: Flow,
        person: ProviderPerson,
        token: Secret,
        until: datetime,
    ) -> ProofResult:
        pages = max(1, -(-len(candidates) // PAGE))
        page = min(flow.progress.page, pages - 1)
        checked = candidates[page * PAGE : (page + 1) * PAGE]
        others = [*candidates[: page * PAGE], *candidates[(page + 1) * PAGE :]]
        slots = asyncio.Semaphore(_MAX_CONCURRENT)
        listed = {installation.provider_id for installation in candidates}
        counts: dict[str, RepositoryAdministration] = {}

        async def check(installation: VisibleInstallation) -> Installation | FailedProof | VisibleInstallation:
            try:
                async with slots:
                    evidence = await self.gather(flow, person, token, installation.provider_id, listed, until=until)
                    if evidence.administration is not None and evidence.is_unfinished:
                        counts[installation.provider_id] = evidence.administration
                        return installation
                    prove(evidence)
            except _FOR_ALL:
                raise
            except DomainError as refusal:
                return FailedProof(installation, refusal)
            assert evidence.installation is not None  # `prove` raises without one
            return evidence.installation

        results = await asyncio.gather(*map(check, checked))
        failed = [result for result in results if isinstance(result, FailedProof)]
        large = [result for result in results if isinstance(result, VisibleInstallation)]
        proven = [result for result in results if isinstance(result, Installation)]
        return ProofResult(proven, failed, [*large, *others], counts, page, pages)


def _is_elsewhere(integration: Integration, organization_id: OrganizationId) -> bool:
    return not integration.is_revoked and integration.organization_id != organization_id
