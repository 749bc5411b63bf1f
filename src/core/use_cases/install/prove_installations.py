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
        listed: dict[str, VisibleInstallation] = {one.provider_id: one for one in visible.installations}
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
        """The refusal to show: one that can pass, such as an outage or a suspension, comes first."""
        refusals = [one.refusal for one in self.failed]
        retryable = (one.refusal for one in self.failed if not one.is_final)
        suspended = (one for one in refusals if isinstance(one, InstallationSuspended))
        return next(retryable, next(suspended, next(iter(refusals), None)))

    @property
    def has_retryable(self) -> bool:
        """Whether an installation may be proven later, or after a change at the provider."""
        return any(not one.is_final for one in self.failed)


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
            known = await tx.integrations.list_by_installations(flow.provider, [one.provider_id for one in listed])
        own = {one.provider_id for one in known if one.organization_id == organization_id}
        taken = {one.provider_id for one in known if _is_elsewhere(one, organization_id)}
        # Earlier installations of this organization come first, because users look for them. The user's own
        # account comes next, because its proof needs no count.
        free = sorted(
            (one for one in listed if one.provider_id not in taken),
            key=lambda one: (one.provider_id not in own, str(one.account_id) != str(person.id)),
        )
        proven = await self._page(free, flow, person, token, until)
        if visible.hides_accounts and not proven.installations and not proven.unchecked:
            raise SingleSignOnRequired(
                "Some of your organizations at the provider require SAML single sign-on, so they are not "
                "shown. Sign in to the organization there, then try again.",
                url=self.providers[flow.provider].build_single_sign_on_url(None),
            )
        if proven.installations or proven.has_retryable or proven.unchecked or not taken:
            return proven
        held = await self._page([one for one in listed if one.provider_id in taken], flow, person, token, until)
        return held if held.installations else proven

    async def _page(
        self, wanted: Sequence[VisibleInstallation], flow: Flow, person: ProviderPerson, token: Secret, until: datetime
    ) -> ProofResult:
        pages = max(1, -(-len(wanted) // PAGE))
        page = min(flow.progress.page, pages - 1)
        checked = wanted[page * PAGE : (page + 1) * PAGE]
        others = [*wanted[: page * PAGE], *wanted[(page + 1) * PAGE :]]
        turns = asyncio.Semaphore(_MAX_CONCURRENT)
        listed = {one.provider_id for one in wanted}
        counts: dict[str, RepositoryAdministration] = {}

        async def check(one: VisibleInstallation) -> Installation | FailedProof | VisibleInstallation:
            try:
                async with turns:
                    evidence = await self.gather(flow, person, token, one.provider_id, listed, until=until)
                    if evidence.administration is not None and evidence.is_unfinished:
                        counts[one.provider_id] = evidence.administration
                        return one
                    prove(evidence)
            except _FOR_ALL:
                raise
            except DomainError as refusal:
                return FailedProof(one, refusal)
            assert evidence.installation is not None  # `prove` raises without one
            return evidence.installation

        results = await asyncio.gather(*map(check, checked))
        failed = [one for one in results if isinstance(one, FailedProof)]
        large = [one for one in results if isinstance(one, VisibleInstallation)]
        proven = [one for one in results if isinstance(one, Installation)]
        return ProofResult(proven, failed, [*large, *others], counts, page, pages)


def _is_elsewhere(integration: Integration, organization_id: OrganizationId) -> bool:
    return not integration.is_revoked and integration.organization_id != organization_id
