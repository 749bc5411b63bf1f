from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from core.domain.actors import Actor, UserActor
from core.domain.flows.flow import FlowPurpose, FlowStep, start_flow, to_local_path
from core.domain.integrations.integration import Integration, OrganizationAlreadyConnected
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl, UserRequired
from core.use_cases.flows.user_authorization import StartedFlow, UserAuthorization
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import UnitOfWork


class InstallMode(Enum):
    """How to connect: install the app (`new`), or use an existing installation (`existing`)."""

    NEW = "new"
    EXISTING = "existing"


@dataclass(frozen=True, slots=True)
class BeginInstall:
    """Start a browser flow in which a user installs the app, or chooses an existing installation."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]
    authorization: UserAuthorization
    clock: Clock

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        provider: str,
        return_to: str | None = None,
        mode: InstallMode | None = None,
    ) -> StartedFlow:
        """Return the flow. Without a mode, an organization that was connected before uses what is installed.

        Raises `UserRequired`, `OrganizationNotFound`, `ActionForbidden`, `ProviderUnknown`,
        `OrganizationAlreadyConnected`, or `ProviderUnavailable` if the app's page is not known yet.
        """
        if not isinstance(actor, UserActor):
            raise UserRequired("Only a user with a browser can install the app. Call this with a user's token.")
        organization = await self.access_control.require(actor, Action.INSTALL, organization_id, provider)
        async with self.unit_of_work() as tx:
            current = await tx.integrations.find(organization.id, provider)
            flow_id = await tx.flows.next_id()
        if current is not None and not current.is_replaceable:
            raise OrganizationAlreadyConnected(
                "This organization is already connected. Manage the installation at the provider, or "
                "disconnect it first."
            )
        is_new = (mode or (InstallMode.EXISTING if current else InstallMode.NEW)) is InstallMode.NEW
        flow, secrets = start_flow(
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
            url = await self.providers[provider].build_install_url(state=secrets.state, account_id=_account_of(current))
        else:
            flow, url = self.authorization.request(flow, secrets.state)
        async with self.unit_of_work() as tx:
            await tx.flows.add(flow)
            await tx.commit()
        return StartedFlow(url, flow.external_id, secrets.cookie, flow.expires_at)


def _account_of(current: Integration | None) -> str | None:
    return str(current.account_id) if current and current.account_id else None
