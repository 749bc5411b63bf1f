from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.domain.errors import DomainError, WayBack
from core.domain.flows.flow import Flow, FlowStep, FlowUsed, ProofProgress, advance
from core.domain.provider_errors import InstallationGone
from core.use_cases.flows.user_authorization import UserAuthorization
from core.use_cases.install.results import InstallResult, RedirectTo, RetryLater
from ports.identity import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork

# Steps whose code answers another question than which installation to connect.
_KEPT_STEPS = frozenset({FlowStep.REQUEST, FlowStep.SAVED})


@dataclass(frozen=True, slots=True)
class FlowSteps:
    """Redirect the browser of a taken flow to its next page. Each step has a new state."""

    unit_of_work: UnitOfWork
    directory: Directory
    providers: Mapping[str, GitProvider]
    user_authorization: UserAuthorization

    async def install(self, flow: Flow, unproven: DomainError | None = None) -> InstallResult:
        """Redirect the browser to install the app on another account."""
        fresh = replace(flow, installation_id=None, progress=ProofProgress())
        onward, state = advance(fresh, FlowStep.INSTALL)
        url = await self.providers[flow.provider].build_install_url(state=state)
        return await self.save(flow, onward, RedirectTo(url, unproven))

    async def authorize(self, flow: Flow, onward: Flow | None = None) -> InstallResult:
        """Redirect the browser to authorize the app. The flow keeps its facts."""
        after, url = self.authorization(onward or flow)
        return await self.save(flow, after, RedirectTo(url))

    async def retry(self, flow: Flow, refusal: DomainError) -> InstallResult:
        """Return the refusal with a next attempt: the code is used, but the flow can continue."""
        before = flow
        if isinstance(refusal, InstallationGone):
            flow = replace(flow, installation_id=None, progress=ProofProgress())
        onward, url = self.authorization(flow)
        try:
            return await self.save(before, onward, RetryLater(refusal, url))
        except DomainError:
            raise refusal from None

    def authorization(self, flow: Flow) -> tuple[Flow, str]:
        """Return the flow at the step of authorizing the app, and the URL of that page."""
        step = flow.step if flow.step in _KEPT_STEPS else FlowStep.AUTHORIZE
        onward, state = advance(flow, step)
        return self.user_authorization.request(onward, state)

    async def save(self, flow: Flow, onward: Flow, outcome: InstallResult) -> InstallResult:
        """Write the next step and return the outcome; raises `FlowUsed` if another request was first."""
        async with self.unit_of_work() as tx:
            if not await tx.flows.replace_unchanged(flow, onward):
                raise FlowUsed("used", flow)
            await tx.commit()
        return outcome

    async def way_back(self, flow: Flow, account: str | None = None) -> WayBack:
        """Return where the flow's user continues after a refusal."""
        member = None
        if flow.organization_id is not None:
            member = await self.directory.find_member(flow.organization_id, flow.user_id)
        return WayBack(flow.return_to, member.organization.external_id if member else None, account)
