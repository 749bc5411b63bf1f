from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.actors import Actor
from core.domain.events.event import EnvelopeUnreadable, WebhookEvent
from core.domain.links.link import Link, LinkChoices, apply_choices, require_valid
from core.domain.permissions import Action
from core.domain.provider_events import PullRequest, Push
from core.domain.rules.decision import RuleDecision, evaluate_rules
from core.domain.rules.rules import RULES, PlainRules, check_rules
from core.use_cases.authorization import AccessControl
from core.use_cases.links.queries import get_link, get_project
from ports.events import EventFilter
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol

# Bounds the memory and the time of one preview. Fifty pushes have less than 1 MB.
_MAX_BYTES = 8 * 1024 * 1024
_MAX_TITLE = 200
_EVENT_TYPES = ("push", "pull_request")


@dataclass(frozen=True, slots=True)
class EventPreview:
    """A stored webhook event with the decision of the previewed rules.

    `ref` is the full ref of a push, or the base branch of a pull request. `title` is the first line of the last commit
    message, or the title of the pull request. Both and the decision are None if the payload is deleted, unreadable or
    too large.
    """

    event: WebhookEvent
    decision: RuleDecision | None = None
    ref: str | None = None
    title: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class PreviewRules:
    """Show which of a project's stored webhook events would reach it with other rules. Changes nothing."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    protocols: Mapping[str, WebhookProtocol]

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, project_id: UUID, provider: str, rules: PlainRules, last: int = 50
    ) -> Sequence[EventPreview]:
        """Return the pushes and pull requests among the last events of the project, newest first.

        `rules` has only the rules to change, as in `ChangeLink`. Raises `LinkInvalid` and what `ShowLink` raises.
        """
        organization = await self.access_control.require(actor, Action.LINK, organization_id, provider)
        require_valid(check_rules(rules, RULES))
        async with self.unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            link = apply_choices(await get_link(tx, project, provider), LinkChoices(rules=rules))
            where = EventFilter(organization_id=organization.id, provider=provider, project_id=project_id)
            found = [
                event
                for event_type in _EVENT_TYPES
                for event in await tx.events.list(replace(where, event_type=event_type), limit=last)
            ]
            events = sorted(found, key=lambda event: event.id, reverse=True)[:last]
            payloads = await tx.events.find_payloads([event.id for event in events], max_bytes=_MAX_BYTES)
        return [_preview(event, self._decode(event, payloads.get(event.id)), link) for event in events]

    def _decode(self, event: WebhookEvent, payload: bytes | None) -> Push | PullRequest | None:
        if payload is None:
            return None
        try:
            provider_event = self.protocols[event.provider].decode(event.event_type, payload)
        except EnvelopeUnreadable:
            return None
        return provider_event if isinstance(provider_event, Push | PullRequest) else None


def _preview(event: WebhookEvent, provider_event: Push | PullRequest | None, link: Link) -> EventPreview:
    if provider_event is None:
        return EventPreview(event)
    decision = evaluate_rules(link.rules, provider_event, root_directory=link.root_directory)
    if isinstance(provider_event, PullRequest):
        title = provider_event.title[:_MAX_TITLE]
        return EventPreview(event, decision, provider_event.base.ref, title, provider_event.number)
    message = provider_event.head_commit.message if provider_event.head_commit else ""
    return EventPreview(event, decision, provider_event.ref, message.partition("\n")[0][:_MAX_TITLE] or None)
