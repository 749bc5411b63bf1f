from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.domain.actors import Actor, UserActor
from core.domain.flows.flow import FlowPurpose, FlowStep, create_verifier, start_flow, to_local_path
from core.domain.permissions import Action
from core.use_cases.account.who_am_i import UserRequired
from core.use_cases.connections.require_own import require_own
from core.use_cases.flows.verifier_encryption import seal_verifier
from core.use_cases.install.begin_install import StartedFlow
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.cipher import Cipher
from ports.clock import Clock
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class BeginConnection:
    """Send a person to the provider to let our app act for them (OAuth with PKCE)."""

    unit_of_work: UnitOfWork
    authorizer: Authorizer
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock
    public_url: str

    async def __call__(self, actor: Actor, *, provider: str, return_to: str | None = None) -> StartedFlow:
        """Return where to go; what is no path of ours is not returned to.

        Raises `UserRequired`, also for a service that acts for one, or `ProviderUnknown`.
        """
        if not isinstance(actor, UserActor):
            raise UserRequired(
                "Only a user with a browser can connect an account. Call this with a user's token."
            )
        person = require_own(self.authorizer, actor, Action.CONNECT)
        require_supported(provider, self.providers)
        verifier = create_verifier()
        async with self.unit_of_work() as tx:
            flow, handed = start_flow(
                await tx.flows.next_id(),
                FlowPurpose.CONNECT,
                provider,
                user_id=person.user_id,
                organization_id=None,
                step=FlowStep.AUTHORIZE,
                return_to=to_local_path(return_to),
                at=self.clock.now(),
            )
            sealed = seal_verifier(self.cipher, flow.external_id, verifier.secret)
            await tx.flows.add(replace(flow, pkce_verifier=sealed))
            await tx.commit()
        url = self.providers[provider].authorize_url(
            state=handed.state,
            redirect_uri=callback_url(self.public_url, provider),
            code_challenge=verifier.challenge,
        )
        return StartedFlow(url, flow.external_id, handed.cookie, flow.expires_at)


def callback_url(public_url: str, provider: str) -> str:
    """Return where the provider sends browsers back to, as our app is registered with it."""
    return f"{public_url}/api/v1/user/git-connections/{provider}/callback"
