from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from core.domain.actors import Actor
from core.domain.connections import ProviderPerson
from core.domain.errors import DomainError
from core.domain.flows.callback import ApprovalNotFound, Callback, ChoiceInvalid, CodeMissing, SetupAction
from core.domain.flows.flow import (
    LIFETIME,
    LONGEST_PROOF,
    Flow,
    FlowExpired,
    FlowInvalid,
    FlowPurpose,
    FlowStatus,
    FlowStep,
    ProofProgress,
    advance,
)
from core.domain.identifiers import AccountId, ProviderUserId
from core.domain.install.installations import Installation, RepositoryAdministration
from core.domain.integrations.integration import InstallationBoundElsewhere
from core.domain.secret import Secret
from core.use_cases.authorization import AccessControl, require_supported
from core.use_cases.flows.steps import FlowSteps
from core.use_cases.flows.take_flow import Cookies, FlowActor, TakeFlow, authorize_flow, find_own_flow
from core.use_cases.flows.user_authorization import OpenUserSession
from core.use_cases.install.bind_installation import BindInstallation
from core.use_cases.install.prove_installations import ProofResult, ProveClaim, ProveInstallations, UnfinishedProof
from core.use_cases.install.results import (
    RETRYABLE_ERRORS,
    AwaitingApproval,
    Checking,
    Choose,
    ChooseRequest,
    Connected,
    InstallResult,
    to_result,
)
from core.use_cases.install.return_without_state import ReturnWithoutState
from ports.provider import GitProvider
from ports.system import Clock

_MAX_UNCHECKED = 1000

PROOF_TIME_PER_REQUEST = timedelta(seconds=10)
"""How long one request reads repositories for a proof. Proxies end a request after 30 seconds."""


@dataclass(frozen=True, slots=True)
class FinishInstall:
    """Continue an install flow when the browser returns from the provider.

    The provider redirects with or without a state, with or without a code, with the wrong installation, or
    after the user only asked an owner: see `docs/installing.md`. A refusal of the caller's own flow has a
    `way_back`.
    """

    access_control: AccessControl
    providers: Mapping[str, GitProvider]
    clock: Clock
    take: TakeFlow
    open_session: OpenUserSession
    claimed: ProveClaim
    proven: ProveInstallations
    bind: BindInstallation
    steps: FlowSteps
    without_state: ReturnWithoutState

    async def __call__(
        self,
        provider: str,
        callback: Callback,
        *,
        cookies: Cookies,
        session: Actor | None,
        flow_ids: Collection[UUID] = (),
        request_id: str | None = None,
    ) -> InstallResult:
        """Return the next step. The parameters of the URL alone never bind an installation.

        `flow_ids` are the flows that the browser has a cookie for. Raises `ProviderUnknown`, `FlowInvalid` or
        a kind of it, `OrganizationNotFound`, `ActionForbidden`, or what `should_bind` raises. If a
        retry can succeed, the result is `RetryLater`.
        """
        require_supported(provider, self.providers)
        if callback.state is None:
            return await self.without_state(
                provider, callback, cookies=cookies, flow_ids=flow_ids, session=session, request_id=request_id
            )
        visit = _Visit(provider, callback.state, cookies, session, request_id)
        return await self._visit(
            visit, lambda flow: _note_callback(flow, callback), lambda flow, who: self._return(flow, who, callback)
        )

    async def choose(
        self,
        provider: str,
        state: str,
        choice: str,
        *,
        page: int | None = None,
        cookies: Cookies,
        session: Actor | None,
        request_id: str | None = None,
    ) -> InstallResult:
        """Continue with the choice on the selection page: an installation, a request, or another page.

        Raises what `__call__` raises, and `ChoiceInvalid`.
        """
        require_supported(provider, self.providers)
        visit = _Visit(provider, state, cookies, session, request_id)
        return await self._visit(
            visit, lambda flow: flow, lambda flow, who: self._process_choice(flow, who, choice, page)
        )

    async def _visit(
        self,
        visit: "_Visit",
        note: Callable[[Flow], Flow],
        proceed: Callable[[Flow, FlowActor], Awaitable[InstallResult]],
    ) -> InstallResult:
        """Take the flow, add the parameters of the URL to it, and proceed.

        A refusal has the page where the user continues. If a retry can succeed, the result is `RetryLater`.
        """
        flow: Flow | None = None
        try:
            flow = await self.take(visit.provider, visit.state, FlowPurpose.INSTALL, visit.cookies, visit.session)
            if flow.status is not FlowStatus.TAKEN:
                return to_result(flow)
            who = await authorize_flow(flow, self.access_control, request_id=visit.request_id)
            flow = note(flow)
            return await proceed(flow, who)
        except DomainError as refusal:
            own_flow = flow or find_own_flow(refusal)
            if own_flow is not None:
                refusal.way_back = refusal.way_back or await self.steps.way_back(own_flow)
                if isinstance(refusal, RETRYABLE_ERRORS):
                    return await self.steps.retry(own_flow, refusal)
            raise

    async def _return(self, flow: Flow, who: FlowActor, callback: Callback) -> InstallResult:
        if flow.step in (FlowStep.CHOOSE, FlowStep.CHOOSE_REQUEST):
            raise FlowInvalid("choice_expected", flow)
        callback.require_no_error()
        if callback.code is None:
            if flow.pkce_verifier is not None:
                raise CodeMissing("The provider sent you back without an authorization code. Start again.")
            # Without a code, the user must authorize the app before an installation is bound.
            return await self.steps.authorize(flow)
        if flow.step is FlowStep.REQUEST:
            return await self._request_approval(flow, callback.code)
        until = self.clock.now() + PROOF_TIME_PER_REQUEST
        async with self.open_session(flow, callback.code) as (person, token):
            visible = await self.providers[flow.provider].list_visible_installations(token)
            is_claimed = flow.installation_id is not None and flow.step is not FlowStep.SAVED
            proof: Installation | UnfinishedProof | ProofResult
            if is_claimed:
                proof = await self.claimed(flow, person, token, visible, until=until)
            else:
                proof = await self.proven(flow, who.organization.id, person, token, visible, until=until)
        match proof:
            case Installation():
                return await self._connect(flow, who, proof)
            case UnfinishedProof():
                return await self._continue_count(flow, proof)
            case ProofResult():
                return await self._decide(flow, who, person, proof)

    async def _continue_count(self, flow: Flow, unfinished: UnfinishedProof) -> InstallResult:
        """Continue counting with the next request of the browser, which any process can answer."""
        now = self.clock.now()
        if now >= flow.created_at + LONGEST_PROOF:
            raise FlowExpired("proof_too_long", flow)
        so_far = unfinished.administration
        counted = replace(
            flow,
            provider_user_id=unfinished.person_id,
            progress=ProofProgress(checked=so_far.administered, total=so_far.total),
        )
        onward, url = self.steps.authorization(counted)
        onward = replace(onward, expires_at=max(flow.expires_at, now + LIFETIME))
        checking = Checking(url, unfinished.account, so_far.administered, so_far.total, flow.return_to)
        return await self.steps.save(flow, onward, checking)

    async def _decide(self, flow: Flow, who: FlowActor, person: ProviderPerson, proven: ProofResult) -> InstallResult:
        """Connect the only possible installation, or let the user choose from several or unchecked ones."""
        hint, candidates = flow.installation_id, list(proven.installations)
        if len(candidates) + len(proven.unchecked) == 1 and not proven.has_retryable:
            for installation in candidates:
                if hint in (None, installation.provider_id):
                    return await self._connect(flow, who, installation)
            for large in proven.unchecked:
                if hint in (None, large.provider_id):
                    claimed = replace(flow, step=FlowStep.AUTHORIZE, installation_id=large.provider_id)
                    none_read = RepositoryAdministration(0, 0, is_complete=False)
                    so_far = proven.counts.get(large.provider_id, none_read)
                    return await self._continue_count(claimed, UnfinishedProof(person.id, large.account_login, so_far))
        if not candidates and not proven.unchecked:
            if proven.has_retryable and proven.refusal is not None and len(proven.failed) == 1:
                raise proven.refusal
            if not proven.has_retryable:
                return await self.steps.install(flow, proven.refusal)
        onward, state = advance(flow, FlowStep.CHOOSE)
        unchecked = tuple(installation.provider_id for installation in proven.unchecked)[:_MAX_UNCHECKED]
        onward = replace(
            onward,
            candidates=tuple(installation.provider_id for installation in candidates),
            progress=ProofProgress(page=proven.page, unchecked=unchecked),
        )
        candidates.sort(key=lambda candidate: candidate.provider_id != hint)
        choice = Choose(
            state,
            candidates,
            who.organization.external_id,
            flow.return_to,
            proven.failed,
            proven.unchecked[:_MAX_UNCHECKED],
            proven.page,
            proven.pages,
        )
        return await self.steps.save(flow, onward, choice)

    async def _process_choice(self, flow: Flow, who: FlowActor, choice: str, page: int | None) -> InstallResult:
        if flow.step is FlowStep.CHOOSE and page is not None:
            onward = replace(flow, installation_id=None, progress=ProofProgress(page=max(page, 0)))
            return await self.steps.authorize(flow, onward)
        if flow.step is FlowStep.CHOOSE and choice in flow.progress.unchecked:
            onward = replace(flow, installation_id=choice, progress=ProofProgress())
            return await self.steps.authorize(flow, onward)
        if flow.step not in (FlowStep.CHOOSE, FlowStep.CHOOSE_REQUEST) or choice not in flow.candidates:
            raise ChoiceInvalid("This choice is not one of the options. Go back and choose one of the listed options.")
        if flow.step is FlowStep.CHOOSE_REQUEST:
            assert flow.provider_user_id is not None  # set together with the candidates
            return await self._await_approval(flow, flow.provider_user_id, AccountId(choice), None)
        chosen = await self.providers[flow.provider].get_installation(choice)
        return await self._connect(flow, who, chosen)

    async def _request_approval(self, flow: Flow, code: Secret) -> InstallResult:
        """Make the flow wait until an owner approves the user's request.

        The provider does not show which request is the newest, so with several requests the user chooses.
        """
        async with self.open_session(flow, code) as (person, _):
            requests = await self.providers[flow.provider].list_installation_requests()
        own_requests = {request.account_id: request for request in requests if request.requester_id == person.id}
        if not own_requests:
            raise ApprovalNotFound("You have no open approval request at the provider. Request the installation again.")
        if len(own_requests) == 1:
            [request] = own_requests.values()
            return await self._await_approval(flow, person.id, request.account_id, request.account_login)
        onward, state = advance(flow, FlowStep.CHOOSE_REQUEST)
        onward = replace(onward, provider_user_id=person.id, candidates=tuple(own_requests))
        return await self.steps.save(flow, onward, ChooseRequest(state, list(own_requests.values()), flow.return_to))

    async def _await_approval(
        self, flow: Flow, requester_id: ProviderUserId, account_id: AccountId, account_login: str | None
    ) -> InstallResult:
        waiting = flow.mark_awaiting(requester_id, account_id, at=self.clock.now())
        return await self.steps.save(flow, waiting, AwaitingApproval(account_login, flow.return_to))

    async def _connect(self, flow: Flow, who: FlowActor, installation: Installation) -> Connected:
        try:
            await self.bind(who.actor, flow, who.organization.id, installation)
        except InstallationBoundElsewhere as refusal:
            # The user has proven access to the account, so the page may show its name.
            refusal.way_back = await self.steps.way_back(flow, installation.account_login)
            raise
        return Connected(flow.return_to)


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request of a browser with a state."""

    provider: str
    state: str
    cookies: Cookies
    session: Actor | None
    request_id: str | None


def _note_callback(flow: Flow, callback: Callback) -> Flow:
    """Return the flow with the claims of the URL about what the user did on the page for installing."""
    if flow.step is not FlowStep.INSTALL:
        return flow
    if callback.setup_action is SetupAction.REQUEST:
        return replace(flow, step=FlowStep.REQUEST)
    return replace(flow, installation_id=callback.installation_id)
