from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.actors import Actor
from core.domain.claims import InstallationNotProven, InstallationNotVisible, prove
from core.domain.errors import DomainError, StorageConflict, StorageTooSlow
from core.domain.flows import (
    Flow,
    FlowInterrupted,
    FlowInvalid,
    FlowPurpose,
    FlowStatus,
    FlowStep,
    next_step,
)
from core.domain.identifiers import AccountId, ProviderUserId
from core.domain.integrations import InstallationBoundElsewhere
from core.domain.provider import (
    CredentialRefused,
    Installation,
    InstallationGone,
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
from core.use_cases.install.bind import BindInstallation
from core.use_cases.install.evidence import GatherEvidence
from core.use_cases.install.outcomes import (
    AwaitingApproval,
    Choose,
    ChooseRequest,
    Connected,
    Outcome,
)
from core.use_cases.install.person import AsPerson
from core.use_cases.install.proving import ProveInstallations
from core.use_cases.install.steps import FlowSteps
from core.use_cases.install.taking import Authorized, Cookies, TakeFlow, authorized
from core.use_cases.install.without_state import ReturnWithoutState
from core.use_cases.supported import require_supported
from ports.authorizer import Authorizer
from ports.cipher import CiphertextRefused
from ports.clock import Clock
from ports.directory import Directory
from ports.provider import GitProvider

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
    FlowInterrupted,
)


@dataclass(frozen=True, slots=True)
class FinishInstall:
    """Go on with installing where a browser comes back from the provider, in whatever way it does.

    The provider's pages come back with a state or without, with a code or without, with the wrong
    installation, or having only asked an owner: see `docs/installing.md`. A refusal of a flow that is the
    caller's own has its `way_back`.
    """

    directory: Directory
    authorizer: Authorizer
    providers: Mapping[str, GitProvider]
    clock: Clock
    take: TakeFlow
    as_person: AsPerson
    gather: GatherEvidence
    proven: ProveInstallations
    bind: BindInstallation
    steps: FlowSteps
    without_state: ReturnWithoutState

    async def __call__(
        self,
        provider: str,
        returned: Return,
        *,
        cookies: Cookies,
        session: Actor | None,
        flow_ids: Collection[UUID] = (),
        request_id: str | None = None,
    ) -> Outcome:
        """Return how it goes on; nothing is bound by what a URL says alone.

        `flow_ids` are the flows that the browser has a cookie for. Raises `ProviderUnknown`, `FlowInvalid` or
        a kind of it, `OrganizationNotFound`, `ActionForbidden`, or what `admit` refuses. What may be mended
        is `Again`.
        """
        require_supported(provider, self.providers)
        if returned.state is None:
            return await self.without_state(
                provider, returned, cookies=cookies, flow_ids=flow_ids, session=session, request_id=request_id
            )
        visit = _Visit(provider, returned.state, cookies, session, request_id)
        return await self._visit(
            visit, lambda flow: _noted(flow, returned), lambda flow, who: self._return(flow, who, returned)
        )

    async def choose(
        self,
        provider: str,
        state: str,
        choice: str,
        *,
        cookies: Cookies,
        session: Actor | None,
        request_id: str | None = None,
    ) -> Outcome:
        """Continue with what was chosen on our page: an installation to bind, or a request to wait for.

        Raises what a call does, and `ChoiceInvalid`.
        """
        require_supported(provider, self.providers)
        visit = _Visit(provider, state, cookies, session, request_id)
        return await self._visit(visit, lambda flow: flow, lambda flow, who: self._chosen(flow, who, choice))

    async def _visit(
        self,
        visit: "_Visit",
        note: Callable[[Flow], Flow],
        proceed: Callable[[Flow, Authorized], Awaitable[Outcome]],
    ) -> Outcome:
        """Take the flow, note what came with the browser, and proceed.

        Whatever is refused says where the flow's person continues; what a next attempt may mend is `Again`.
        """
        flow: Flow | None = None
        try:
            flow = await self.take(
                visit.provider, visit.state, FlowPurpose.INSTALL, visit.cookies, visit.session
            )
            if flow.status is not FlowStatus.TAKEN:
                return _already(flow)
            who = await authorized(flow, self.directory, self.authorizer, request_id=visit.request_id)
            flow = note(flow)
            return await proceed(flow, who)
        except DomainError as refusal:
            own = flow or (refusal.flow if isinstance(refusal, FlowInvalid) else None)
            if own is not None:
                refusal.way_back = refusal.way_back or await self.steps.way_back(own)
                if isinstance(refusal, _MENDABLE):
                    return await self.steps.again(own, refusal)
            raise

    async def _return(self, flow: Flow, who: Authorized, returned: Return) -> Outcome:
        if flow.step in (FlowStep.CHOOSE, FlowStep.CHOOSE_REQUEST):
            raise FlowInvalid("choice_expected", flow)
        if returned.error is not None:
            raise AuthorizationDenied("You did not authorize our app there, and nothing was changed.")
        if returned.code is None:
            if flow.pkce_verifier is not None:
                raise CodeMissing("The provider sent you back without saying who you are.")
            # Whoever comes back without a code has to show who they are before anything is bound.
            return await self.steps.authorize(flow)
        if flow.step is FlowStep.REQUEST:
            return await self._requested(flow, returned.code)
        async with self.as_person(flow, returned.code) as (person, token):
            if flow.installation_id is not None and flow.step is not FlowStep.SAVED:
                claimed = await self._claimed(flow, person, token, flow.installation_id)
                proven, refusal = [claimed], None
            else:
                found = await self.proven(flow, who.organization.id, person, token)
                proven, refusal = list(found.installations), found.refusal
        if not proven:
            return await self.steps.install(flow, refusal)
        hint = flow.installation_id
        if len(proven) == 1 and hint in (None, proven[0].provider_id):
            return await self._connect(flow, who, proven[0])
        onward, state = next_step(flow, FlowStep.CHOOSE)
        onward = replace(onward, candidates=tuple(one.provider_id for one in proven))
        proven.sort(key=lambda one: one.provider_id != hint)
        choice = Choose(state, proven, who.organization.external_id, flow.return_to)
        return await self.steps.save(flow, onward, choice)

    async def _chosen(self, flow: Flow, who: Authorized, choice: str) -> Outcome:
        if choice not in flow.candidates:
            raise ChoiceInvalid("Choose one of those on the page.")
        if flow.step is FlowStep.CHOOSE_REQUEST:
            assert flow.provider_user_id is not None  # the requests are theirs
            return await self._await_approval(flow, flow.provider_user_id, AccountId(choice), None)
        if flow.step is not FlowStep.CHOOSE:
            raise ChoiceInvalid("Choose one of those on the page.")
        chosen = await self.providers[flow.provider].installation(choice)
        return await self._connect(flow, who, chosen)

    async def _claimed(
        self, flow: Flow, person: ProviderPerson, token: Secret, installation_id: str
    ) -> Installation:
        listed = await self.providers[flow.provider].installations_of(token)
        evidence = await self.gather(flow, person, token, installation_id, listed)
        prove(evidence)
        assert evidence.installation is not None  # there is no proof without one
        return evidence.installation

    async def _requested(self, flow: Flow, code: Secret) -> Outcome:
        """Let the flow wait for an owner to approve what this person just asked for.

        The provider does not say which request was made just now, so with several the person says.
        """
        async with self.as_person(flow, code) as (person, _):
            requests = await self.providers[flow.provider].installation_requests()
        own = {one.account_id: one for one in requests if one.requester_id == person.id}
        if not own:
            raise ApprovalNotFound("No request of yours waits for an owner's approval there. Ask again.")
        if len(own) == 1:
            [request] = own.values()
            return await self._await_approval(flow, person.id, request.account_id, request.account_login)
        onward, state = next_step(flow, FlowStep.CHOOSE_REQUEST)
        onward = replace(onward, provider_user_id=person.id, candidates=tuple(own))
        return await self.steps.save(flow, onward, ChooseRequest(state, list(own.values()), flow.return_to))

    async def _await_approval(
        self, flow: Flow, requester_id: ProviderUserId, account_id: AccountId, account_login: str | None
    ) -> Outcome:
        waiting = flow.awaiting(requester_id, account_id, at=self.clock.now())
        return await self.steps.save(flow, waiting, AwaitingApproval(account_login, flow.return_to))

    async def _connect(self, flow: Flow, who: Authorized, installation: Installation) -> Connected:
        try:
            await self.bind(who.actor, flow, who.organization.id, installation)
        except InstallationBoundElsewhere as refusal:
            # The person has proven that it is theirs, so its name is nothing new to them.
            refusal.way_back = await self.steps.way_back(flow, installation.account_login)
            raise
        return Connected(flow.return_to)


@dataclass(frozen=True, slots=True)
class _Visit:
    """A browser that brings a state."""

    provider: str
    state: str
    cookies: Cookies
    session: Actor | None
    request_id: str | None


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
