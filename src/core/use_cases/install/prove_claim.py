from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.domain.flows.flow import Flow
from core.domain.identifiers import ProviderUserId
from core.domain.install.claims import prove
from core.domain.provider import (
    Installation,
    ProviderPerson,
    RepositoryAdministration,
    SingleSignOnRequired,
    VisibleInstallation,
    VisibleInstallations,
)
from core.domain.secret import Secret
from core.use_cases.install.gather_evidence import GatherEvidence
from ports.provider import GitProvider


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
                url=self.providers[flow.provider].single_sign_on_url(evidence.installation.account_login),
            )
        prove(evidence)
        assert evidence.installation is not None  # `prove` raises without one
        return evidence.installation
