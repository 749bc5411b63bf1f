from dataclasses import dataclass

from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.deliveries.source_key import choose_lane
from core.domain.flows.flow import Flow, FlowStatus, FlowUsed
from core.domain.identifiers import OrganizationId
from core.domain.install.binding import BindingTarget, bind, create_unreachable_events, repositories_to_remove, to_facts
from core.domain.install.claims import should_bind
from core.domain.install.installations import Installation
from core.domain.integrations.integration import Integration, build_status_event
from core.domain.streams.domain_event import DomainEvent
from ports.event_queue import WorkerNotifier
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class BindInstallation:
    """Bind a proven installation to the flow's organization, in one transaction that also ends the flow.

    It locks the installation's lane: events are processed before it and wait, or after it and are routed.
    """

    unit_of_work: UnitOfWork
    worker_notifier: WorkerNotifier
    clock: Clock

    async def __call__(
        self, actor: Actor, flow: Flow, organization_id: OrganizationId, installation: Installation
    ) -> Integration:
        """Return the integration, which can be an existing one of this organization.

        Raises `InstallationBoundElsewhere`, `OrganizationAlreadyConnected` or `FlowUsed`.
        """
        lane = choose_lane(installation.provider_id)
        async with self.unit_of_work() as tx:
            await tx.event_queue.lock(lane)
            integration = await self._bind(tx, actor, flow.provider, organization_id, installation)
            if not await tx.flows.replace_unchanged(flow, flow.mark_ended(FlowStatus.COMPLETED)):
                raise FlowUsed("used", flow)
            await tx.commit()
        self.worker_notifier.notify(lane)
        return integration

    async def _bind(
        self, tx: Transaction, actor: Actor, provider: str, organization_id: OrganizationId, installation: Installation
    ) -> Integration:
        now, provider_id = self.clock.now(), installation.provider_id
        current = await tx.integrations.get_for_update(organization_id, provider)
        holders = await tx.integrations.list_by_installations(provider, [provider_id])
        holder = next((other.organization_id for other in holders if not other.is_revoked), None)
        if not should_bind(provider_id, organization_id, holder=holder, current=current):
            assert current is not None  # it has this installation
            return current
        target = BindingTarget(
            organization_id, provider, current, current.id if current else await tx.integrations.next_id()
        )
        after = bind(target, provider_id, to_facts(installation), suspended_at=installation.suspended_at, at=now)
        await tx.integrations.apply([Change(current, after, actor)])
        unavailable: tuple[DomainEvent, ...] = ()
        if current is not None:
            removed = repositories_to_remove(target, after, await tx.catalog.load_repositories(current.id), at=now)
            if removed:
                await tx.catalog.save_repositories(removed)
                unavailable = create_unreachable_events(await tx.links.list_by_integration(current.id), removed, at=now)
        # A later approval must not bind a second installation when this one is disconnected.
        while pending := await tx.flows.find_pending_request(organization_id, provider):
            await tx.flows.end([pending])
        await tx.event_queue.reopen_unrouted(now=now)
        await tx.domain_events.append([build_status_event(after, at=now), *unavailable])
        return after
