from collections.abc import Collection, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.connections import ProviderPerson
from core.domain.errors import DomainError, ErrorKind
from core.domain.events.event import EnvelopeUnreadable
from core.domain.flows.flow import Flow
from core.domain.install.claims import Announcement, Evidence, InstallationNotProven, prove
from core.domain.install.installations import RepositoryAdministration
from core.domain.provider_errors import AddressNotAllowed, InstallationGone, SingleSignOnRequired
from core.domain.provider_events import InstallationChanged, InstallationStep
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol

_MAX_ANNOUNCEMENTS = 5
_FIXABLE_AT_PROVIDER = (SingleSignOnRequired, AddressNotAllowed)


@dataclass(frozen=True, slots=True)
class GatherEvidence:
    """Collect evidence that a user may bind an installation. The most expensive requests come last.

    No claim of the browser counts: the app's credentials read the installation, the user's token reads what
    the user sees, and announcements come from deliveries with a verified signature.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    protocols: Mapping[str, WebhookProtocol]

    async def __call__(
        self,
        flow: Flow,
        person: ProviderPerson,
        token: Secret,
        provider_id: str,
        listed: Collection[str],
        *,
        after: RepositoryAdministration | None = None,
        until: datetime | None = None,
    ) -> Evidence:
        """Return the evidence; counting repositories continues `after` an earlier count and ends at `until`.

        Raises `ProviderUnavailable`, `RateLimited`, `AppRefused`, and `SingleSignOnRequired` or
        `AddressNotAllowed` if the user or an owner must act at the provider first.
        """
        provider = self.providers[flow.provider]
        installation = None
        with suppress(InstallationGone):
            installation = await provider.get_installation(provider_id)
        evidence = Evidence(
            began_at=flow.created_at,
            person_id=person.id,
            installation=installation,
            is_listed=provider_id in listed,
            announcements=await self._list_announcements(flow.provider, provider_id) if installation else (),
        )
        try:
            prove(evidence)
        except InstallationNotProven:
            return await self._count(evidence, provider, token, provider_id, after=after, until=until)
        except DomainError:
            return evidence  # the caller calls `prove` again
        return evidence

    async def _list_announcements(self, provider: str, provider_id: str) -> tuple[Announcement, ...]:
        async with self.unit_of_work() as tx:
            queued_events = await tx.event_queue.list_unrouted(
                provider, provider_id, event_type="installation", action="created", limit=_MAX_ANNOUNCEMENTS
            )
        announcements = []
        for queued_event in queued_events:
            if queued_event.body is None:
                continue
            with suppress(EnvelopeUnreadable):
                provider_event = self.protocols[provider].decode(queued_event.event.event_type, queued_event.body)
                if isinstance(provider_event, InstallationChanged) and provider_event.step is InstallationStep.CREATED:
                    announcements.append(
                        Announcement(
                            queued_event.event.created_at,
                            provider_event.installation.account_id,
                            provider_event.sender_id,
                            provider_event.requester_id,
                        )
                    )
        return tuple(announcements)

    async def _count(
        self,
        evidence: Evidence,
        provider: GitProvider,
        token: Secret,
        provider_id: str,
        *,
        after: RepositoryAdministration | None,
        until: datetime | None,
    ) -> Evidence:
        """Add the counts of repositories. If the provider refuses them, the evidence stays unchanged."""
        try:
            administration = await provider.count_administered(token, provider_id, after=after, until=until)
            if not administration.is_complete or administration.total != administration.administered:
                return replace(evidence, administration=administration)
            covered = await _count_covered(provider, provider_id)
        except DomainError as error:
            if error.kind is ErrorKind.UNAVAILABLE or isinstance(error, _FIXABLE_AT_PROVIDER):
                raise
            return evidence
        return replace(evidence, administration=administration, covered=covered)


async def _count_covered(provider: GitProvider, provider_id: str) -> int:
    """Return the number of the installation's repositories, with a token that is revoked at once."""
    token = (await provider.mint_token(provider_id)).token
    try:
        access = InstallationAccess(provider_id, token)
        async with aclosing(provider.list_repository_pages(access)) as pages:
            async for page in pages:
                return page.total
        return 0
    finally:
        with suppress(DomainError):
            await provider.revoke_token(token)
