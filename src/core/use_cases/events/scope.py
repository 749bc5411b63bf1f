"""Which webhook events a use case works on: the events of one organization, or all events for an operator."""

from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from core.domain.actors import Actor
from core.domain.events.event import EventNotFound, WebhookEvent
from core.domain.organizations import Organization
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl, require_supported
from ports.events import EventFilter
from ports.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class OneOrganization:
    """The events of the organization with this external id. All other events count as missing."""

    organization_id: UUID


@dataclass(frozen=True, slots=True)
class AllOrganizations:
    """All events, including events without an organization. The policy allows this to operators only."""


ALL_ORGANIZATIONS = AllOrganizations()

EventScope = OneOrganization | AllOrganizations


async def require_in_scope(
    access_control: AccessControl, actor: Actor, action: Action, scope: EventScope, provider: str | None = None
) -> Organization | None:
    """Return the organization of the scope, or None for all organizations.

    Raises `OrganizationNotFound` or `ActionForbidden`.
    """
    match scope:
        case OneOrganization(organization_id):
            return await access_control.require(actor, action, organization_id, provider)
        case AllOrganizations():
            access_control.require_everywhere(actor, action)
            if provider is not None:
                require_supported(provider, access_control.providers)
            return None
        case _:
            assert_never(scope)


async def require_read_in_scope(
    access_control: AccessControl, actor: Actor, scope: EventScope, provider: str | None = None
) -> tuple[Organization | None, bool]:
    """Return what `require_in_scope` returns for reading, and whether the actor may also read payloads.

    Operators must be allowed to read payloads. Raises `OrganizationNotFound`, `ActionForbidden` or
    `ProviderUnknown`.
    """
    match scope:
        case OneOrganization(organization_id):
            found: tuple[Organization | None, bool] = await access_control.require_and_check(
                actor, Action.READ, organization_id, optional=Action.READ_PAYLOAD
            )
        case AllOrganizations():
            access_control.require_everywhere(actor, Action.READ_PAYLOAD)
            found = None, True
        case _:
            assert_never(scope)
    if provider is not None:
        require_supported(provider, access_control.providers)
    return found


async def get_event(
    tx: Transaction, organization: Organization | None, delivery_id: str, provider: str | None
) -> WebhookEvent:
    """Return the event with this delivery id, or raise `EventNotFound`.

    Without an organization, the provider is required. In an organization, None means any provider.
    """
    if organization is not None:
        where = EventFilter(organization_id=organization.id, provider=provider, delivery_id=delivery_id)
        for event in await tx.events.list(where, limit=1):
            return event
        raise EventNotFound("This organization has no webhook event with this id. Check the event id.")
    found = await tx.events.find(provider, delivery_id) if provider is not None else None
    if found is None:
        raise EventNotFound("No webhook event has this id. Check the event id.")
    return found
