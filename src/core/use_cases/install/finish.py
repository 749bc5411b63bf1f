from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.domain.actors import Actor
from core.domain.claims import InstallationNotProven, InstallationNotVisible, prove
from core.domain.errors import DomainError, StorageConflict, StorageTooSlow
from core.domain.flows import Flow, FlowInvalid, FlowPurpose, FlowStatus, FlowStep, FlowUsed, next_step
from core.domain.provider import (
    CredentialRefused,
    Installation,
    InstallationGone,
    InstallationRequest,
    InstallationSuspended,
    ProviderPerson,
    ProviderUnavailable,
    RateLimited,
)
from core.domain.returns import (
    ApprovalNotFound,
    AuthorizationDenied,
    ChoiceInvalid,
    CodeMissing,
    Return,
    SetupAction,
)
from core.domain.secret import Secret
from core.use_cases.install.begin import authorization_of
from core.use_cases.install.bind import BindInstallation
from core.use_cases.install.evidence import GatherEvidence
from core.use_cases.install.outcomes import Again, AwaitingApproval, Choose, Connected, GoOn, Outcome, Unasked
from core.use_cases.install.person import AsPerson
from core.use_cases.install.proving import ProveInstallations
from core.use_cases.install.taking import Authorized, Cookies, TakeFlow, authorized
from core.use_cases.supported import require_supported
from ports.authorizer import Authorizer
from ports.cipher import Cipher, CiphertextRefused
from ports.clock import Clock
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork

# What may be different a moment later, or with another account at the provider.
_MENDABLE = (
    AuthorizationDenied,
    CodeMissing,
    ApprovalNotFound,
    InstallationGone,
    InstallationNotVisible,
    InstallationNotProven,
    InstallationSuspended,
    CredentialRefused,
    CiphertextRefused,
    ProviderUnavailable,
    RateLimited,
    StorageConflict,
    StorageTooSlow,
)


@dataclass(frozen=True, slots=True)
class FinishInstall:
    """Go on with installing where a browser comes back from the provider, in whatever way it does.

    The provider's pages come back with a state or without, with a code or without, with the wrong
    installation, or having only asked an owner: see `docs/installing.md`.
    """

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock
    public_url: str
    take: TakeFlow
    as_person: AsPerson
    gather: GatherEvidence
    proven: ProveInstallations
    bind: BindInstallation

    async def __call__(
        self,
        provider: str,
        returned: Return,
        *,
        cookies: Cookies,
        session: Actor | None,
        request_id: str | None = None,
    ) -> Outcome:
        """Return how it goes on; nothing is bound by what a URL says alone.

        Raises `ProviderUnknown`, `FlowInvalid` or a kind of it, `OrganizationNotFound`, `ActionForbidden`, or
        what `admit` refuses. What may be mended is `Again`.
        """
        require_supported(provider, self.providers)
        if returned.state is None:
            return Unasked(returned.setup_action)
        flow = await self.take(provider, returned.state, FlowPurpose.INSTALL, cookies, session)
        if flow.status is not FlowStatus.TAKEN:
            return _already(flow)
        who = await authorized(flow, self.directory, self.authorizer, request_id=request_id)
        if flow.step is FlowStep.CHOOSE:
            raise FlowInvalid("choice_expected")
        flow = _noted(flow, returned)
        try:
            return await self._return(flow, who, returned)
        except _MENDABLE as refusal:
            return await self._again(flow, refusal)

    async def choose(
        self,
        provider: str,
        state: str,
        installation_id: str,
        *,
        cookies: Cookies,
        session: Actor | None,
        request_id: str | None = None,
    ) -> Outcome:
        """Bind the one that was chosen among those proven; raises what a call does, and `ChoiceInvalid`."""
        require_supported(provider, self.providers)
        flow = await self.take(provider, state, FlowPurpose.INSTALL, cookies, session)
        if flow.status is not FlowStatus.TAKEN:
            return _already(flow)
        who = await authorized(flow, self.directory, self.authorizer, request_id=request_id)
        if flow.step is not FlowStep.CHOOSE or installation_id not in flow.candidates:
            raise ChoiceInvalid("Choose one of the installations on the page.")
        try:
            chosen = await self.providers[provider].installation(installation_id)
            return await self._connect(flow, who, chosen)
        except _MENDABLE as refusal:
            return await self._again(flow, refusal)

    async def _return(self, flow: Flow, who: Authorized, returned: Return) -> Outcome:
        if returned.error is not None:
            raise AuthorizationDenied("You did not authorize our app there, and nothing was changed.")
        if returned.code is None:
            if flow.pkce_verifier is not None:
                raise CodeMissing("The provider sent you back without saying who you are.")
            # Whoever comes back without a code has to show who they are before anything is bound.
            return await self._authorize(flow)
        if flow.step is FlowStep.REQUEST:
            return await self._requested(flow, returned.code)
        async with self.as_person(flow, returned.code) as (person, token):
            if flow.installation_id is not None:
                claimed = await self._claimed(flow, person, token, flow.installation_id)
                proven, refusal = [claimed], None
            else:
                found = await self.proven(flow, who.organization.id, person, token)
                proven, refusal = list(found.installations), found.refusal
        if not proven:
            return await self._install(flow, refusal)
        if len(proven) == 1:
            return await self._connect(flow, who, proven[0])
        onward, state = next_step(flow, FlowStep.CHOOSE)
        onward = replace(onward, candidates=tuple(one.provider_id for one in proven))
        choice = Choose(state, proven, who.organization.external_id, flow.return_to)
        return await self._go_on(flow, onward, choice)

    async def _claimed(
        self, flow: Flow, person: ProviderPerson, token: Secret, installation_id: str
    ) -> Installation:
        listed = await self.providers[flow.provider].installations_of(token)
        evidence = await self.gather(flow, person, token, installation_id, listed)
        prove(evidence)
        assert evidence.installation is not None  # there is no proof without one
        return evidence.installation

    async def _requested(self, flow: Flow, code: Secret) -> Outcome:
        """Let the flow wait for an owner to approve what this person just asked for."""
        async with self.as_person(flow, code) as (person, _):
            request = _newest(await self.providers[flow.provider].installation_requests(), person)
        waiting = flow.awaiting(person.id, request.account_id, at=self.clock.now())
        return await self._go_on(flow, waiting, AwaitingApproval(request.account_login, flow.return_to))

    async def _connect(self, flow: Flow, who: Authorized, installation: Installation) -> Connected:
        await self.bind(who.actor, flow, who.organization.id, installation)
        return Connected(flow.return_to)

    async def _install(self, flow: Flow, unproven: DomainError | None = None) -> Outcome:
        """Send the browser to install our app on another account."""
        onward, state = next_step(replace(flow, installation_id=None), FlowStep.INSTALL)
        url = await self.providers[flow.provider].install_url(state=state)
        return await self._go_on(flow, onward, GoOn(url, unproven))

    async def _authorize(self, flow: Flow) -> Outcome:
        """Send the browser to authorize our app; what was learned before stays in the flow."""
        onward, url = self._authorization(flow)
        return await self._go_on(flow, onward, GoOn(url))

    async def _again(self, flow: Flow, refusal: DomainError) -> Outcome:
        """Let the person try once more: the code is used, the flow is not."""
        if isinstance(refusal, InstallationGone):
            flow = replace(flow, installation_id=None)
        onward, url = self._authorization(flow)
        try:
            return await self._go_on(flow, onward, Again(refusal, url))
        except DomainError:
            raise refusal from None

    def _authorization(self, flow: Flow) -> tuple[Flow, str]:
        step = flow.step if flow.step is FlowStep.REQUEST else FlowStep.AUTHORIZE
        onward, state = next_step(flow, step)
        return authorization_of(onward, state, self.providers[flow.provider], self.cipher, self.public_url)

    async def _go_on(self, flow: Flow, onward: Flow, outcome: Outcome) -> Outcome:
        async with self.unit_of_work() as tx:
            if not await tx.flows.step(flow, onward):
                raise FlowUsed("used")
            await tx.commit()
        return outcome


def _already(flow: Flow) -> Outcome:
    """Return what an earlier click came to."""
    if flow.status is FlowStatus.AWAITING_APPROVAL:
        return AwaitingApproval(None, flow.return_to)
    return Connected(flow.return_to)


def _noted(flow: Flow, returned: Return) -> Flow:
    """Return the flow with what the browser says was done on the page for installing: claims, as yet."""
    if flow.step is not FlowStep.INSTALL:
        return flow
    if returned.setup_action is SetupAction.REQUEST:
        return replace(flow, step=FlowStep.REQUEST)
    return replace(flow, installation_id=returned.installation_id)


def _newest(requests: Sequence[InstallationRequest], person: ProviderPerson) -> InstallationRequest:
    own = [request for request in requests if request.requester_id == person.id]
    if not own:
        raise ApprovalNotFound("No request of yours waits for an owner's approval there. Ask again.")
    return max(own, key=lambda request: (request.created_at is not None, request.created_at))
