"""What `crewkit-git events show` and `events retry` do with one delivery."""

from core.application import Application
from core.use_cases.events.scope import ALL_ORGANIZATIONS
from core.use_cases.events.show_event import EventDetails
from entrypoints.cli.application import OPERATOR, call_application
from entrypoints.cli.delivery_ids import resolve_delivery_id


def show_delivery(provider: str, prefix: str) -> EventDetails:
    """Return the delivery whose id is or begins with this text, or end the command."""

    async def show(application: Application) -> EventDetails:
        delivery_id = await resolve_delivery_id(application, provider, prefix)
        return await application.events.show(
            OPERATOR, ALL_ORGANIZATIONS, delivery_id, provider=provider, with_results=True
        )

    return call_application("events", show)


def retry_delivery(provider: str, prefix: str) -> str:
    """Make the delivery whose id is or begins with this text due, and return its whole id."""

    async def retry(application: Application) -> str:
        delivery_id = await resolve_delivery_id(application, provider, prefix)
        await application.events.retry(OPERATOR, ALL_ORGANIZATIONS, delivery_id, provider=provider)
        return delivery_id

    return call_application("events", retry)
