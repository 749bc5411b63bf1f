"""The webhook events of two organizations over REST."""

import json

from core.domain.events.event import EventResult, EventStatus, WebhookEvent
from core.domain.integrations.integration import Integration
from core.domain.organizations import Project
from testing.builders.entities import Fact
from tests.support.scenarios.edge import WholeEdge

EVENTS = "/git-webhook-events"
BODY = {"ref": "refs/heads/main", "größe": "ß"}
UNKNOWN = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


class EventStoreEdge:
    """An organization's integration, project and events, and another's."""

    integration: Integration
    project: Project
    foreign: WebhookEvent

    def __init__(self, edge: WholeEdge) -> None:
        self.edge = edge

    async def populate(self) -> None:
        """Connect both organizations."""
        world = self.edge.world
        self.integration = await world.add_integration(self.edge.organization)
        self.project = await world.add_project(self.edge.organization)
        other = await world.add_integration(self.edge.other, provider_id="2")
        self.foreign = await self.event(EventStatus.FAILED, of=other, source_key="2")

    async def event(
        self, status: EventStatus = EventStatus.PROCESSED, *, of: Integration | None = None, **facts: Fact
    ) -> WebhookEvent:
        """Put in an event that ended so."""
        world = self.edge.world
        settled = {name: facts.pop(name) for name in ("reason", "verdicts", "project_ids", "summary") if name in facts}
        facts = {"body": json.dumps(BODY, ensure_ascii=False).encode(), **facts}
        event = await world.add_event(**{"received_at": self.edge.clock.now(), **facts})
        owner = of or self.integration
        await world.record_results(EventResult(event.id, status, integration_id=owner.id, **settled))
        return await world.get_event(event)
