from collections.abc import Collection
from dataclasses import dataclass

from core.domain.actors import Actor, UserActor
from core.domain.flows.flow import FlowPurpose, FlowStep, start_flow, to_local_path
from core.domain.permissions import Action
from core.use_cases.account.who_am_i import UserRequired
from core.use_cases.connections.require_own import require_own
from core.use_cases.flows.started_flow import StartedFlow
from core.use_cases.flows.user_authorization import UserAuthorization
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class BeginConnection:
    """Start a browser flow in which a user authorizes the app to act for them."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer
    providers: Collection[str]
    authorization: UserAuthorization
    clock: Clock

    async def __call__(self, actor: Actor, *, provider: str, return_to: str | None = None) -> StartedFlow:
        """Return the flow. A `return_to` that is not a path of this service is replaced by `/`.

        Raises `UserRequired` also for a service that acts for a user, or `ProviderUnknown`.
        """
        if not isinstance(actor, UserActor):
            raise UserRequired("Only a user with a browser can connect an account. Call this with a user's token.")
        user = require_own(self.authorizer, actor, Action.CONNECT)
        require_supported(provider, self.providers)
        async with self.unit_of_work() as tx:
            flow, secrets = start_flow(
                await tx.flows.next_id(),
                FlowPurpose.CONNECT,
                provider,
                user_id=user.user_id,
                organization_id=None,
                step=FlowStep.AUTHORIZE,
                return_to=to_local_path(return_to),
                at=self.clock.now(),
            )
            flow, url = self.authorization.request(flow, secrets.state)
            await tx.flows.add(flow)
            await tx.commit()
        return StartedFlow(url, flow.external_id, secrets.cookie, flow.expires_at)
