from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from core.domain.actors import Actor
from core.domain.claims import InstallationNotProven, InstallationNotVisible, prove
from core.domain.errors import DomainError
from core.domain.flows import Flow, FlowInvalid, FlowPurpose, FlowStep, next_step
from core.domain.provider import Installation, InstallationGone, InstallationRequest, ProviderPerson
from core.domain.returns import (
    ApprovalNotFound,
    AuthorizationDenied,
    ChoiceInvalid,
    CodeMissing,
    Return,
    SetupAction,
)
from core.domain.secret import Secret
from core.use_cases.install.begin import authorization_of, callback_url
from core.use_cases.install.bind import BindInstallation
from core.use_cases.install.evidence import GatherEvidence
from core.use_cases.install.outcomes import AwaitingApproval, Choose, Connected, GoOn, Outcome, Unasked
from core.use_cases.install.sealing import open_verifier
from core.use_cases.install.taking import Authorized, Cookies, TakeFlow, authorized
from core.use_cases.supported import require_supported
from ports.authorizer import Authorizer
from ports.cipher import Cipher
from ports.clock import Clock
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork

# Each takes calls to the provider while someone waits.
_MOST_PROVEN = 20
_REFUSALS = (InstallationGone, InstallationNotVisible, InstallationNotProven)


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
    gather: GatherEvidence
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

        Raises `ProviderUnknown`, `FlowInvalid`, `OrganizationNotFound`, `ActionForbidden`,
        `AuthorizationDenied`, `CodeMissing`, `ApprovalNotFound`, what `prove` and `admit` refuse, and what
        the provider answers.
        """
        require_supported(provider, self.providers)
        if returned.state is None:
            return Unasked(returned.setup_action)
        flow = await self.take(provider, returned.state, FlowPurpose.INSTALL, cookies, session)
        who = await authorized(flow, self.directory, self.authorizer, request_id=request_id)
        if returned.error is not None:
            raise AuthorizationDenied(
                "You did not authorize our app there. Nothing was changed; start again."
            )
        match flow.step:
            case FlowStep.INSTALL:
                return await self._from_installing(flow, who, returned)
            case FlowStep.REQUEST:
                return await self._requested(flow, returned.code)
            case FlowStep.AUTHORIZE:
                return await self._from_authorizing(flow, who, returned.code)
            case FlowStep.CHOOSE:
                raise FlowInvalid("choice_expected")

    async def choose(
        self,
        provider: str,
        state: str,
        installation_id: str,
        *,
        cookies: Cookies,
        session: Actor | None,
        request_id: str | None = None,
    ) -> Connected:
        """Bind the one that was chosen among those proven; raises what a call does, and `ChoiceInvalid`."""
        require_supported(provider, self.providers)
        flow = await self.take(provider, state, FlowPurpose.INSTALL, cookies, session)
        who = await authorized(flow, self.directory, self.authorizer, request_id=request_id)
        if flow.step is not FlowStep.CHOOSE or installation_id not in flow.candidates:
            raise ChoiceInvalid("Choose one of the installations on the page.")
        return await self._connect(flow, who, await self.providers[provider].installation(installation_id))

    async def _from_installing(self, flow: Flow, who: Authorized, returned: Return) -> Outcome:
        if returned.setup_action is SetupAction.REQUEST:
            if returned.code is None:
                return await self._authorize(replace(flow, step=FlowStep.REQUEST))
            return await self._requested(flow, returned.code)
        if returned.installation_id is None or returned.code is None:
            # Whoever comes back without a code has to show who they are before anything is bound.
            return await self._authorize(replace(flow, installation_id=returned.installation_id))
        async with self._person(flow, returned.code) as (person, token):
            return await self._claim(flow, who, person, token, returned.installation_id)

    async def _from_authorizing(self, flow: Flow, who: Authorized, code: Secret | None) -> Outcome:
        async with self._person(flow, code) as (person, token):
            if flow.installation_id is not None:
                return await self._claim(flow, who, person, token, flow.installation_id)
            proven = await self._free(flow, who, await self._proven(flow, person, token))
        if not proven:
            onward, state = next_step(flow, FlowStep.INSTALL)
            url = await self.providers[flow.provider].install_url(state=state)
            return await self._go_on(flow, onward, GoOn(url))
        if len(proven) == 1:
            return await self._connect(flow, who, proven[0])
        onward, state = next_step(flow, FlowStep.CHOOSE)
        onward = replace(onward, candidates=tuple(one.provider_id for one in proven))
        return await self._go_on(flow, onward, Choose(state, proven))

    async def _authorize(self, flow: Flow) -> Outcome:
        """Send the browser to authorize our app; what was learned before stays in the flow."""
        step = flow.step if flow.step is FlowStep.REQUEST else FlowStep.AUTHORIZE
        onward, state = next_step(flow, step)
        onward, url = authorization_of(
            onward, state, self.providers[flow.provider], self.cipher, self.public_url
        )
        return await self._go_on(flow, onward, GoOn(url))

    async def _go_on(self, flow: Flow, onward: Flow, outcome: Outcome) -> Outcome:
        async with self.unit_of_work() as tx:
            if not await tx.flows.step(flow, onward):
                raise FlowInvalid("used")
            await tx.commit()
        return outcome

    async def _requested(self, flow: Flow, code: Secret | None) -> Outcome:
        """Let the flow wait for an owner to approve what this person just asked for."""
        async with self._person(flow, code) as (person, _):
            request = _newest(await self.providers[flow.provider].installation_requests(), person)
        waiting = flow.awaiting(person.id, request.account_id, at=self.clock.now())
        return await self._go_on(flow, waiting, AwaitingApproval(request.account_login, flow.return_to))

    async def _claim(
        self, flow: Flow, who: Authorized, person: ProviderPerson, token: Secret, installation_id: str
    ) -> Outcome:
        listed = await self.providers[flow.provider].installations_of(token)
        evidence = await self.gather(flow, person, token, installation_id, listed)
        prove(evidence)
        assert evidence.installation is not None  # there is no proof without one
        return await self._connect(flow, who, evidence.installation)

    async def _proven(self, flow: Flow, person: ProviderPerson, token: Secret) -> Sequence[Installation]:
        """Return the installations this person sees and has proven to be theirs."""
        listed = await self.providers[flow.provider].installations_of(token)
        proven = []
        for installation_id in listed[:_MOST_PROVEN]:
            evidence = await self.gather(flow, person, token, installation_id, listed)
            with suppress(*_REFUSALS):
                prove(evidence)
                assert evidence.installation is not None  # there is no proof without one
                proven.append(evidence.installation)
        return proven

    async def _free(
        self, flow: Flow, who: Authorized, proven: Sequence[Installation]
    ) -> Sequence[Installation]:
        """Leave out those that another organization has, unless there are no others: then it is told so."""
        ids = [one.provider_id for one in proven]
        async with self.unit_of_work() as tx:
            known = await tx.integrations.of_installations(flow.provider, ids)
        taken = {
            one.provider_id
            for one in known
            if not one.is_revoked and one.organization_id != who.organization_id
        }
        return [one for one in proven if one.provider_id not in taken] or proven

    async def _connect(self, flow: Flow, who: Authorized, installation: Installation) -> Connected:
        await self.bind(who.actor, flow, who.organization_id, installation)
        return Connected(flow.return_to)

    @asynccontextmanager
    async def _person(self, flow: Flow, code: Secret | None) -> AsyncIterator[tuple[ProviderPerson, Secret]]:
        """Give who authorized, with their token for the length of the block: it is evidence, kept nowhere.

        A code that comes with an installation was asked for without PKCE.
        """
        if code is None:
            raise CodeMissing("The provider sent you back without saying who you are. Start again.")
        provider = self.providers[flow.provider]
        verifier = None
        if flow.pkce_verifier is not None:
            verifier = open_verifier(self.cipher, flow.external_id, flow.pkce_verifier)
        redirect_uri = callback_url(self.public_url, flow.provider) if verifier else None
        tokens = await provider.exchange_code(code, redirect_uri=redirect_uri, code_verifier=verifier)
        try:
            yield await provider.person(tokens.access_token), tokens.access_token
        finally:
            # It ends by itself within hours; that the provider does not answer must not undo what was done.
            with suppress(DomainError):
                await provider.revoke_user_token(tokens.access_token)


def _newest(requests: Sequence[InstallationRequest], person: ProviderPerson) -> InstallationRequest:
    own = [request for request in requests if request.requester_id == person.id]
    if not own:
        raise ApprovalNotFound("No request of yours waits for an owner's approval there. Ask again.")
    return max(own, key=lambda request: (request.created_at is not None, request.created_at))
