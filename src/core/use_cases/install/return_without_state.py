from collections.abc import Collection
from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.actors import Actor, UserActor
from core.domain.flows.callback import Callback, SetupAction
from core.domain.flows.flow import Flow, FlowPurpose, FlowStep
from core.domain.organizations import Organization
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.flows.steps import FlowSteps
from core.use_cases.flows.take_flow import Cookies, authorize_flow, is_of_session
from core.use_cases.install.results import InstallResult, NoFlow
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

# One user does not have more flows in one browser.
_MAX_FLOWS = 32


@dataclass(frozen=True, slots=True)
class ReturnWithoutState:
    """Continue a flow of this browser after a redirect without a state.

    GitHub sends none after "Save" on the page of an installed App, and its page for installing leads there.
    Anyone can create such a link, so nothing in it counts as proof: its code is not used, and its
    installation is a hint. The browser authorizes the app first, with PKCE and a new state.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock
    steps: FlowSteps

    async def __call__(
        self,
        provider: str,
        callback: Callback,
        *,
        cookies: Cookies,
        flow_ids: Collection[UUID],
        session: Actor | None,
        request_id: str | None,
    ) -> InstallResult:
        """Return where the browser goes, or `NoFlow` with the organizations that the user can connect."""
        if callback.setup_action in (SetupAction.INSTALL, SetupAction.UPDATE) and not await self._is_bound(
            provider, callback.installation_id
        ):
            flows = await self._list_live_flows(provider, cookies, flow_ids, session)
            # With flows for several organizations, only the user knows which one is meant.
            if len({flow.organization_id for flow in flows}) == 1:
                flow = flows[0]
                await authorize_flow(flow, self.access_control, request_id=request_id)
                onward = replace(flow, step=FlowStep.SAVED, installation_id=callback.installation_id)
                return await self.steps.authorize(flow, onward)
        organizations = await self._list_connectable(provider, session) if session else ()
        return NoFlow(callback.setup_action, organizations)

    async def _is_bound(self, provider: str, installation_id: str | None) -> bool:
        """Return whether the saved installation already belongs to an integration."""
        if installation_id is None:
            return False
        async with self.unit_of_work() as tx:
            holders = await tx.integrations.list_by_installations(provider, [installation_id])
        return any(not holder.is_revoked for holder in holders)

    async def _list_live_flows(
        self, provider: str, cookies: Cookies, flow_ids: Collection[UUID], session: Actor | None
    ) -> list[Flow]:
        async with self.unit_of_work() as tx:
            flows = await tx.flows.list_by_ids(provider, list(flow_ids)[:_MAX_FLOWS])
        now = self.clock.now()
        return [
            flow
            for flow in flows
            if flow.purpose is FlowPurpose.INSTALL
            and flow.step is FlowStep.INSTALL
            and flow.is_live(now)
            and flow.is_of_browser(cookies(flow.external_id))
            and is_of_session(flow, session)
        ]

    async def _list_connectable(self, provider: str, session: Actor) -> list[Organization]:
        """Return the organizations that this user may connect and that are not connected."""
        if not isinstance(session, UserActor):
            return []
        allowed = [
            membership.organization
            for membership in await self.access_control.directory.list_memberships(session.user_id)
            if Action.INSTALL in self.access_control.find_permissions(session, membership.role)
        ]
        connectable = []
        async with self.unit_of_work() as tx:
            for organization in allowed:
                current = await tx.integrations.find(organization.id, provider)
                if current is None or current.is_replaceable:
                    connectable.append(organization)
        return connectable
