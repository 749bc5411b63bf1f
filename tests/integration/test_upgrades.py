"""The new code on the schema of the release before: for the length of a rolling restart, both are there."""

import asyncio

import httpx

from adapters.postgres.migrate import current, downgrade, migrate, newest
from entrypoints.development.tokens import TokenSigner
from tests.support.conditions import wait_until
from tests.support.deliveries import post_all, pushes
from tests.support.ledger import opened
from tests.support.service import running_service
from tests.support.tokens import AUDIENCE, ISSUER, private_pem, rsa_key

# The schema of release 0.1.0, the last one before this.
RELEASED = "0016"


def test_new_code_works_on_the_schema_before(database_url: str, redis_url: str) -> None:
    """It receives, processes and lists before the migration as after it, which happens meanwhile."""
    downgrade(database_url, RELEASED)
    before = current(database_url)
    assert before != newest()
    processes = ("api", "worker", "scheduler")
    with opened(database_url) as ledger, running_service(database_url, redis_url, *processes) as service:
        ledger.connect_installation()
        organization, user = ledger.person("owner")
        signer = TokenSigner(private_pem(rsa_key()), issuer=ISSUER, audience=AUDIENCE)
        headers = {"authorization": f"Bearer {signer.for_user(user)}"}

        def works(count: int) -> None:
            answers = asyncio.run(post_all(service.address, pushes(20)))
            assert set(answers.values()) == {202}
            wait_until(lambda: ledger.statuses() == {"processed": count}, seconds=20)
            with httpx.Client(base_url=f"{service.url}/api/v1/{organization}", headers=headers) as client:
                for path in ("git-webhook-events", "git-integrations", "projects", "git-attributions"):
                    listed = client.get(f"/{path}")
                    assert listed.status_code == 200, listed.text
                    assert listed.json()["data"], path

        works(20)
        assert current(database_url) == before
        migrate(database_url)
        works(40)
        assert current(database_url) == newest()
        assert not service.logged("api", "unexpected_error")
