from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.actors import Actor, UserActor
from core.domain.errors import DomainError
from core.domain.flows.flow import (
    Flow,
    FlowExpired,
    FlowInProgress,
    FlowInterrupted,
    FlowInvalid,
    FlowPurpose,
    FlowStatus,
    FlowUsed,
)
from core.domain.flows.flow_secrets import generate_token, hash_token
from core.domain.organizations import Organization, OrganizationNotFound
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.tokens.token_refresher import Pause
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork

Cookies = Callable[[UUID], str | None]
"""Returns the cookie that the browser has for the flow with this id."""

# A second click waits for the first one, whose calls to the provider take seconds at most.
_MAX_POLLS = 20
_POLL_SECONDS = 0.5

_FINISHED = frozenset({FlowStatus.COMPLETED, FlowStatus.AWAITING_APPROVAL})


async def get_own_flow(
    tx: Transaction, provider: str, state: str | None, purpose: FlowPurpose, *, cookies: Cookies, session: Actor | None
) -> Flow:
    """Return the flow of a state, if this browser and user started the flow.

    Raises `FlowInvalid`. For other browsers and users, the flow counts as missing.
    """
    flow = await tx.flows.find(provider, hash_token(state)) if state else None
    if flow is None or flow.purpose is not purpose:
        raise FlowInvalid("state_unknown")
    if not flow.is_of_browser(cookies(flow.external_id)):
        raise FlowInvalid("other_browser")
    if not is_of_session(flow, session):
        raise FlowInvalid("other_person")
    return flow


def is_of_session(flow: Flow, session: Actor | None) -> bool:
    """Return whether a session, if there is one, is of the person who started the flow."""
    return session is None or (isinstance(session, UserActor) and session.user_id == flow.user_id)


def find_own_flow(refusal: DomainError) -> Flow | None:
    """Return the flow of a refusal, if the caller has proven that they started the flow."""
    return refusal.flow if isinstance(refusal, FlowInvalid) else None


@dataclass(frozen=True, slots=True)
class TakeFlow:
    """Take the flow of a state, so that the state works once.

    Only the browser with the flow's cookie can take it, and no session of another user. An attempt of another
    browser does not change the flow, so guesses cannot end it.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    pause: Pause

    async def __call__(
        self, provider: str, state: str, purpose: FlowPurpose, cookies: Cookies, session: Actor | None
    ) -> Flow:
        """Return the flow in the status `taken`, or the status in which an earlier request left the flow.

        Waits for an earlier request that is still being processed. Raises `FlowInvalid` or a subclass:
        `FlowInterrupted` has a flow whose earlier process must have stopped.
        """
        flow: Flow | None = None
        for _ in range(_MAX_POLLS):
            async with self.unit_of_work() as tx:
                flow = await get_own_flow(tx, provider, state, purpose, cookies=cookies, session=session)
                if flow.status in _FINISHED:
                    return flow
                if flow.status is FlowStatus.ENDED:
                    raise FlowUsed("ended", flow)
                if flow.is_abandoned(self.clock.now()):
                    # With a new state, only one of two requests can take over an abandoned flow.
                    onward = replace(flow, state_hash=hash_token(generate_token()))
                    if await tx.flows.replace_unchanged(flow, onward):
                        await tx.commit()
                        raise FlowInterrupted("abandoned", onward)
                if flow.status is FlowStatus.OPEN:
                    self._require_live(flow)
                    taken = flow.mark_taken()
                    if await tx.flows.replace_unchanged(flow, taken):
                        await tx.commit()
                        return taken
            await self.pause(_POLL_SECONDS)
        raise FlowInProgress("in_progress", flow)

    async def take_and_end(
        self, provider: str, state: str | None, purpose: FlowPurpose, cookies: Cookies, session: Actor | None
    ) -> Flow:
        """End an open flow and return it as it was before, for a flow with a single step.

        Raises `FlowInvalid` or a subclass.
        """
        async with self.unit_of_work() as tx:
            flow = await get_own_flow(tx, provider, state, purpose, cookies=cookies, session=session)
            if flow.status is not FlowStatus.OPEN:
                raise FlowUsed("used", flow)
            self._require_live(flow)
            if not await tx.flows.replace_unchanged(flow, flow.mark_ended()):
                raise FlowUsed("used_meanwhile", flow)
            await tx.commit()
        return flow

    def _require_live(self, flow: Flow) -> None:
        if not flow.is_live(self.clock.now()):
            raise FlowExpired("expired", flow)


@dataclass(frozen=True, slots=True)
class FlowActor:
    """The user of a flow and the organization, in which the user may install the app at this moment."""

    actor: UserActor
    organization: Organization


async def authorize_flow(flow: Flow, access_control: AccessControl, *, request_id: str | None) -> FlowActor:
    """Return the user and the organization, after a new permission check: the role may have changed.

    Raises `OrganizationNotFound` or `ActionForbidden`.
    """
    member = None
    if flow.organization_id is not None:
        member = await access_control.directory.find_member(flow.organization_id, flow.user_id)
    if member is None:
        raise OrganizationNotFound(
            "The organization does not exist, or you are not a member of it. Check the organization id."
        )
    actor = UserActor(member.user.id, member.user.external_id, request_id)
    organization = await access_control.require(actor, Action.INSTALL, member.organization.external_id)
    return FlowActor(actor, organization)
