"""One process of several that want the same token: `python -m tests.support.clients.token_process`.

It makes the given number of concurrent requests, reports them, and then prints a digest of each token.
"""

import asyncio
import hashlib
import json
import os

from adapters.postgres.connection.database import Database
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.system import SystemClock
from core.domain.identifiers import OrganizationId, UserId
from core.domain.secret import Secret
from entrypoints.bootstrap.features import TokenSources, wire_token_sources
from testing.builders.entities import PROVIDER
from tests.support.fakes.counting_provider import ReachedProvider
from tests.support.scenarios.ports import build_ports


async def main() -> None:
    """Do what the environment says."""
    database = Database(os.environ["DATABASE_URL"], max_connections=4)
    unit_of_work, clock = PostgresUnitOfWork(database), SystemClock()
    provider = ReachedProvider(clock, os.environ["PROVIDER_URL"])
    # One service per call: they share only the database, like separate processes.
    ports = build_ports(unit_of_work=unit_of_work, providers={PROVIDER: provider}, clock=clock)
    services = [wire_token_sources(ports) for _ in range(int(os.environ["CALLS"]))]
    calls = [asyncio.create_task(_token(unit_of_work, service)) for service in services]
    print("calling", flush=True)  # noqa: T201 - what the test waits for
    tokens = [await call for call in calls]
    digests = [hashlib.sha256(token.reveal().encode()).hexdigest() for token in tokens]
    print(json.dumps(digests), flush=True)  # noqa: T201 - what the test reads
    await database.close()


async def _token(unit_of_work: PostgresUnitOfWork, service: TokenSources) -> Secret:
    if organization_id := os.environ.get("ORGANIZATION_ID"):
        async with unit_of_work() as tx:
            integration = await tx.integrations.find(OrganizationId(int(organization_id)), PROVIDER)
        assert integration is not None
        return await service.installation(integration)
    async with unit_of_work() as tx:
        connection = await tx.connections.find(UserId(int(os.environ["USER_ID"])), PROVIDER)
    assert connection is not None
    return await service.user(connection)


if __name__ == "__main__":
    asyncio.run(main())
