from core.domain.actors import Actor
from core.domain.connections.connection import ConnectionStatus
from core.domain.integrations.integration import Integration
from core.use_cases.authorization import find_user
from ports.provider import GitProvider
from ports.unit_of_work import Transaction


async def find_manage_url(tx: Transaction, actor: Actor, provider: GitProvider, integration: Integration) -> str | None:
    """Return the provider's page of the installation's settings, or None if the actor cannot open it."""
    if await is_of_other_person(tx, actor, integration):
        return None
    return provider.manage_url(integration)


async def is_of_other_person(tx: Transaction, actor: Actor, integration: Integration) -> bool:
    """Return whether the app is on the account of a person, and the actor is known as another person.

    Only that person can open the settings. Who owns an organization is known only to the provider, as is the
    account of an actor without a connection, so the result is False for them.
    """
    user = find_user(actor)
    if user is None or not integration.is_on_personal_account:
        return False
    connection = await tx.connections.find(user.user_id, integration.provider)
    if connection is None or connection.status is ConnectionStatus.REVOKED:
        return False
    return str(connection.provider_user_id) != str(integration.account_id)
