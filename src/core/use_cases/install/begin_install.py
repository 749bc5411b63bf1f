from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from core.domain.actors import Actor, UserActor
from core.domain.flows.flow import Flow, FlowPurpose, FlowStep, create_verifier, start_flow, to_local_path
from core.domain.integrations.integration import Integration, OrganizationAlreadyConnected
from core.domain.permissions import Action
from core.use_cases.account.who_am_i import UserRequired
from core.use_cases.authorization import require_in
from core.use_cases.flows.verifier_encryption import seal_verifier
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.cipher import Cipher
from ports.clock import Clock
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


class Mode(Enum):
    """How to connect: install the app, or use an existing installation."""

    NEW = "new"
    EXISTING = "existing"


@dataclass(frozen=True, slots=True)
class StartedFlow:
    """Where the browser goes, and the cookie it comes back with: named by the flow, until it expires."""

    url: str
    flow_id: UUID
    cookie: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BeginInstall:
    """Send someone to the provider to install our app for an organization, or to show one of theirs."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock
    public_url: str

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        provider: str,
        return_to: str | None = None,
        mode: Mode | None = None,
    ) -> StartedFlow:
        """Begin a flow; without a mode a revoked integration's installation is looked for first.

        Raises `UserRequired`, `OrganizationNotFound`, `ActionForbidden`, `ProviderUnknown`,
        `OrganizationAlreadyConnected`, or `ProviderUnavailable` where our app's page is not known yet.
        """
        if not isinstance(actor, UserActor):
            raise UserRequired(
                "Only a user with a browser can install the app. Call this with a user's token."
            )
        organization = await require_in(
            self.directory, self.authorizer, actor, Action.INSTALL, organization_id
        )
        require_supported(provider, self.providers)
        async with self.unit_of_work() as tx:
            current = await tx.integrations.find(organization.id, provider)
            flow_id = await tx.flows.next_id()
        if current is not None and not current.is_replaceable:
            raise OrganizationAlreadyConnected(
                "This organization is already connected. Manage the installation at the provider, or "
                "disconnect it first."
            )
        is_new = (mode or (Mode.EXISTING if current else Mode.NEW)) is Mode.NEW
        flow, handed = start_flow(
            flow_id,
            FlowPurpose.INSTALL,
            provider,
            user_id=actor.user_id,
            organization_id=organization.id,
            step=FlowStep.INSTALL if is_new else FlowStep.AUTHORIZE,
            return_to=to_local_path(return_to),
            at=self.clock.now(),
        )
        if is_new:
            url = await self.providers[provider].install_url(
                state=handed.state, account_id=_account_of(current)
            )
        else:
            flow, url = authorization_of(
                flow, handed.state, self.providers[provider], self.cipher, self.public_url
            )
        async with self.unit_of_work() as tx:
            await tx.flows.add(flow)
            await tx.commit()
        return StartedFlow(url, flow.external_id, handed.cookie, flow.expires_at)


def authorization_of(
    flow: Flow, state: str, provider: GitProvider, cipher: Cipher, public_url: str
) -> tuple[Flow, str]:
    """Return a flow with a PKCE verifier of its own, and where its person authorizes our app."""
    verifier = create_verifier()
    sealed = replace(flow, pkce_verifier=seal_verifier(cipher, flow.external_id, verifier.secret))
    url = provider.authorize_url(
        state=state,
        redirect_uri=callback_url(public_url, flow.provider),
        code_challenge=verifier.challenge,
    )
    return sealed, url


def callback_url(public_url: str, provider: str) -> str:
    """Return where the provider sends browsers back to, as our app is registered with it."""
    return f"{public_url}/api/v1/git/{provider}/callback"


def _account_of(current: Integration | None) -> str | None:
    return str(current.account_id) if current and current.account_id else None
