from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.actors import Actor, UserActor
from core.domain.flows.flow import (
    Flow,
    FlowExpired,
    FlowInProgress,
    FlowInterrupted,
    FlowInvalid,
    FlowPurpose,
    FlowStatus,
    FlowUsed,
    generate_token,
    hash_token,
)
from core.domain.organizations import Organization, OrganizationNotFound
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.tokens.token_leases import Pause
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.unit_of_work import Transaction, UnitOfWork

Cookies = Callable[[UUID], str | None]
"""Gives the cookie that the browser carries for a flow."""

# A second click meets the first one on its way; what that asks the provider takes seconds at most.
_LOOKS = 20
_BETWEEN_LOOKS = 0.5

_OVER = frozenset({FlowStatus.COMPLETED, FlowStatus.AWAITING_APPROVAL})


async def get_own_flow(
    tx: Transaction,
    provider: str,
    state: str | None,
    purpose: FlowPurpose,
    *,
    cookies: Cookies,
    session: Actor | None,
) -> Flow:
    """Return the flow a state belongs to, for the browser and the person it was begun in and by.

    Raises `FlowInvalid`: to anyone else it is as if there were none.
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


def require_live(flow: Flow, clock: Clock) -> None:
    """Raise `FlowExpired` for a flow that was begun too long ago."""
    if not flow.is_live(clock.now()):
        raise FlowExpired("expired", flow)


@dataclass(frozen=True, slots=True)
class TakeFlow:
    """Take the flow a state belongs to, for the one who brought it: the state opens nothing afterwards.

    Only in the browser that was given its cookie, and for nobody else's session. Another browser's attempt
    leaves the flow alone, so that nobody can spoil it by guessing.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    pause: Pause

    async def __call__(
        self, provider: str, state: str, purpose: FlowPurpose, cookies: Cookies, session: Actor | None
    ) -> Flow:
        """Return the flow as it is now: taken, or where it came to with an earlier click of the same person.

        Waits for an earlier click that is still being processed. Raises `FlowInvalid` or a kind of it:
        `FlowInterrupted` has the flow, taken over from a process that must have ended.
        """
        flow: Flow | None = None
        for _ in range(_LOOKS):
            async with self.unit_of_work() as tx:
                flow = await get_own_flow(tx, provider, state, purpose, cookies=cookies, session=session)
                if flow.status in _OVER:
                    return flow
                if flow.status is FlowStatus.ENDED:
                    raise FlowUsed("ended", flow)
                if flow.is_abandoned(self.clock.now()):
                    # A new state: of two who find it abandoned, one takes it over.
                    onward = replace(flow, state_hash=hash_token(generate_token()))
                    if await tx.flows.step(flow, onward):
                        await tx.commit()
                        raise FlowInterrupted("abandoned", onward)
                if flow.status is FlowStatus.OPEN:
                    require_live(flow, self.clock)
                    taken = flow.mark_taken()
                    if await tx.flows.step(flow, taken):
                        await tx.commit()
                        return taken
            await self.pause(_BETWEEN_LOOKS)
        raise FlowInProgress("in_progress", flow)


@dataclass(frozen=True, slots=True)
class FlowActor:
    """Whose flow it is, and for which organization: allowed to install just now."""

    actor: UserActor
    organization: Organization


async def authorize_flow(
    flow: Flow, directory: Directory, authorizer: Authorizer, *, request_id: str | None
) -> FlowActor:
    """Return who acts, after looking at their role again: it may have changed since they began.

    Raises `OrganizationNotFound` or `ActionForbidden`.
    """
    member = None
    if flow.organization_id is not None:
        member = await directory.find_member(flow.organization_id, flow.user_id)
    if member is None:
        raise OrganizationNotFound(
            "The organization does not exist, or you are not a member of it. Check the organization id."
        )
    actor = UserActor(member.user.id, member.user.external_id, request_id)
    organization = await require_in(
        directory, authorizer, actor, Action.INSTALL, member.organization.external_id
    )
    return FlowActor(actor, organization)
