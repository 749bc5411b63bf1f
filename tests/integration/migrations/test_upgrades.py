"""The new code on the schema of the release before: for the length of a rolling restart, both are there."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx

from adapters.postgres.migrate import current, downgrade, migrate, newest
from core.domain.identifiers import EventId, IntegrationId
from core.domain.integrations.installation_checks import ReportedDeletion
from entrypoints.development.tokens import TokenSigner
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.builders.deliveries import post_all, pushes
from tests.support.builders.tokens import AUDIENCE, ISSUER, private_pem, rsa_key
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import open_events
from tests.support.servers.service import run_service

# The schema of release 0.1.0, the last one before this.
RELEASED = "0016"


async def test_reported_deletion_waits_for_the_migration(database_url: str) -> None:
    """The schema of 0.1.0 cannot store it, but the event must not fail; the daily check handles it."""
    downgrade(database_url, RELEASED)
    world = PostgresStoreStage(database_url)
    deletion = ReportedDeletion(IntegrationId(1), EventId(1), "delivery", datetime.now(UTC))
    try:
        async with world.unit_of_work() as tx:
            await tx.installation_checks.request([deletion])
            await tx.commit()
        await asyncio.to_thread(migrate, database_url)
        async with world.unit_of_work() as tx:
            later = datetime.now(UTC) + timedelta(hours=1)
            due = await tx.installation_checks.claim_requested("github", now=later, until=later, limit=1)
        assert due == []
    finally:
        await world.database.close()


def test_new_code_waits_for_the_migration(database_url: str, redis_url: str) -> None:
    """It rejects deliveries until the schema is there, so none is lost, and then works at once."""
    downgrade(database_url, RELEASED)
    before = current(database_url)
    assert before != newest()
    processes = ("api", "worker", "scheduler")
    with open_events(database_url) as event_store, run_service(database_url, redis_url, *processes) as service:
        event_store.connect_installation()
        organization, user = event_store.person("owner")
        signer = TokenSigner(private_pem(rsa_key()), issuer=ISSUER, audience=AUDIENCE)
        headers = {"authorization": f"Bearer {signer.for_user(user)}"}

        def works(count: int) -> None:
            answers = asyncio.run(post_all(service.address, pushes(20)))
            assert set(answers.values()) == {202}
            wait_until(lambda: event_store.statuses() == {"processed": count}, seconds=20)
            with httpx.Client(base_url=f"{service.url}/api/v1/{organization}", headers=headers) as client:
                for path in ("git-webhook-events", "git-integrations", "projects", "git-attributions"):
                    listed = client.get(f"/{path}")
                    assert listed.status_code == 200, listed.text
                    assert listed.json()["data"], path

        refused = asyncio.run(post_all(service.address, pushes(5)))
        assert set(refused.values()) == {503}
        assert current(database_url) == before
        migrate(database_url)
        works(20)
        assert current(database_url) == newest()
        assert not service.log_lines("api", "unexpected_error")
